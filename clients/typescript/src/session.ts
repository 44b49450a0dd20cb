import type { AuthTokens } from './gen/types.gen.js';
import { AdiuvaError, isApiError } from './errors.js';

type Awaitable<T> = T | Promise<T>;

/**
 * The tokens of a session. While a refresh is under way they carry its `refresh_key`: with it the same refresh can be
 * asked for again if its answer is lost, even after a restart. Store it like the tokens.
 */
export type StoredTokens = AuthTokens & { refresh_key?: string };

/** Stores the tokens of one account. In Electron's main process, for example, a file encrypted with safeStorage. */
export interface TokenStore {
  get(): Awaitable<StoredTokens | null>;
  set(tokens: StoredTokens | null): Awaitable<void>;
}

/** A store that keeps the tokens in memory only. */
export function memoryTokenStore(tokens: StoredTokens | null = null): TokenStore {
  return { get: () => tokens, set: (next) => { tokens = next; } };
}

export type AuthState = 'signed-in' | 'refreshed' | 'signed-out';
export type AuthListener = (state: AuthState) => void;

/** Runs a function while no other window does. The default uses navigator.locks where available. */
export type Lock = <T>(work: () => Promise<T>) => Promise<T>;

interface Locks { request<T>(name: string, work: () => Promise<T>): Promise<T> }

export const defaultLock: Lock = (work) => {
  const locks = (globalThis as { navigator?: { locks?: Locks } }).navigator?.locks;
  return locks ? locks.request('adiuva-refresh', work) : work();
};

const refreshMargin = 30_000; // milliseconds before expiry at which a token is refreshed
const clockTolerance = 5_000; // milliseconds that the clock may differ from the server's

type RefreshCall = (refreshToken: string, idempotencyKey: string) => Promise<AuthTokens>;

/** The session's tokens. However many calls need a new access token at once, it is refreshed by one request. */
export class Session {
  readonly #listeners = new Set<AuthListener>();
  #refreshing: Promise<AuthTokens> | undefined;
  #skew = 0; // milliseconds by which the server's clock is ahead

  constructor(
    readonly store: TokenStore, private readonly lock: Lock, private readonly requestRefresh: RefreshCall,
    /** In place of tokens: it is never refreshed. */
    readonly apiKey?: string,
  ) {}

  onChange(listener: AuthListener): () => void {
    this.#listeners.add(listener);
    return () => { this.#listeners.delete(listener); };
  }

  /** Learns the server's time from the Date header of a response. */
  learnTime(date: string | null): void {
    const skew = Date.parse(date ?? '') - Date.now();
    if (!Number.isNaN(skew)) this.#skew = Math.abs(skew) > clockTolerance ? skew : 0;
  }

  async set(tokens: AuthTokens | null, state: AuthState): Promise<void> {
    await this.store.set(tokens);
    for (const listener of this.#listeners) listener(state);
  }

  /** A valid access token, or undefined when signed out. `rejected` is a token that the server refused. */
  async token(rejected?: string): Promise<string | undefined> {
    if (this.apiKey) return this.apiKey;
    const tokens = await this.store.get();
    if (!tokens) return undefined;
    const valid = rejected === undefined
      ? tokens.expires_at - Date.now() - this.#skew > refreshMargin : tokens.access_token !== rejected;
    return valid ? tokens.access_token : (await this.refresh(tokens.refresh_token)).access_token;
  }

  /** Replaces the tokens, unless the refresh token is not `staleToken` any more: then another call or window did it. */
  refresh(staleToken: string): Promise<AuthTokens> {
    this.#refreshing ??= this.lock(() => this.#rotate(staleToken)).finally(() => { this.#refreshing = undefined; });
    return this.#refreshing;
  }

  async #rotate(staleToken: string): Promise<AuthTokens> {
    const tokens = await this.store.get();
    if (!tokens) throw new AdiuvaError('signed out');
    // Compare refresh tokens: two access tokens issued in the same second may be equal.
    if (tokens.refresh_token !== staleToken) return tokens;
    const key = tokens.refresh_key ?? crypto.randomUUID();
    if (!tokens.refresh_key) await this.store.set({ ...tokens, refresh_key: key });
    try {
      const next = await this.requestRefresh(tokens.refresh_token, key);
      await this.set(next, 'refreshed');
      return next;
    } catch (error) {
      if (isApiError(error) && error.status === 401) await this.set(null, 'signed-out');
      throw error; // any other failure leaves the session as it is
    }
  }
}
