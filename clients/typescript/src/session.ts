import type { AuthTokens } from './gen/types.gen.js';
import { AdiuvaError, isApiError } from './errors.js';

type Awaitable<T> = T | Promise<T>;

/** Keeps the tokens of one account: in Electron's main process a file behind safeStorage, for example. */
export interface TokenStore {
  get(): Awaitable<AuthTokens | null>;
  set(tokens: AuthTokens | null): Awaitable<void>;
}

/** Forgets with the process. */
export function memoryTokenStore(tokens: AuthTokens | null = null): TokenStore {
  return { get: () => tokens, set: (next) => { tokens = next; } };
}

export type AuthState = 'signed-in' | 'refreshed' | 'signed-out';
export type AuthListener = (state: AuthState) => void;

/** Runs a function while no other window does; the default is the browser's own lock where there is one. */
export type Lock = <T>(work: () => Promise<T>) => Promise<T>;

interface Locks { request<T>(name: string, work: () => Promise<T>): Promise<T> }

export const defaultLock: Lock = (work) => {
  const locks = (globalThis as { navigator?: { locks?: Locks } }).navigator?.locks;
  return locks ? locks.request('adiuva-refresh', work) : work();
};

const early = 30_000; // before a token expires, in milliseconds

/** The tokens, refreshed by one call however many ask. */
export class Session {
  readonly #listeners = new Set<AuthListener>();
  #refreshing: Promise<AuthTokens> | undefined;

  constructor(readonly store: TokenStore, private readonly lock: Lock, private readonly exchange: (refreshToken: string, key: string) => Promise<AuthTokens>) {}

  onChange(listener: AuthListener): () => void {
    this.#listeners.add(listener);
    return () => { this.#listeners.delete(listener); };
  }

  async set(tokens: AuthTokens | null, state: AuthState): Promise<void> {
    await this.store.set(tokens);
    for (const tell of this.#listeners) tell(state);
  }

  /** A good access token, or undefined when signed out. `refused` is one that the server did not take. */
  async token(refused?: string): Promise<string | undefined> {
    const tokens = await this.store.get();
    if (!tokens) return undefined;
    const good = refused === undefined ? tokens.expires_at - Date.now() > early : tokens.access_token !== refused;
    return good ? tokens.access_token : (await this.refresh(tokens.refresh_token)).access_token;
  }

  /** Rotates the tokens. Whoever did it since `stale` was current, in this window or another, did it for us. */
  refresh(stale: string): Promise<AuthTokens> {
    this.#refreshing ??= this.lock(() => this.#rotate(stale)).finally(() => { this.#refreshing = undefined; });
    return this.#refreshing;
  }

  async #rotate(stale: string): Promise<AuthTokens> {
    const tokens = await this.store.get();
    if (!tokens) throw new AdiuvaError('signed out');
    if (tokens.refresh_token !== stale) return tokens; // two access tokens of one second may be the same
    try {
      const next = await this.exchange(tokens.refresh_token, crypto.randomUUID());
      await this.set(next, 'refreshed');
      return next;
    } catch (error) {
      if (isApiError(error) && error.status === 401) await this.set(null, 'signed-out');
      throw error; // anything else leaves the session as it is
    }
  }
}
