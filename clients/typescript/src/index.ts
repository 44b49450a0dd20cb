import { createClient, type Client } from './gen/client/index.js';
import * as sdk from './gen/sdk.gen.js';
import type {
  Agent, AuthTokens, ChatRequest, ChatReply, ExecutionPlan, LoginRequest, PlanAction, RegisterRequest, Session as SessionInfo, StepRequest,
  StepResult, Subscription, Tier, UserProfile,
} from './gen/types.gen.js';
import { Backups } from './backups.js';
import { errorOf } from './errors.js';
import { runPlan, type PlanHandlers } from './plans.js';
import { BackupQueue, type QueueOptions } from './queue.js';
import { Session, defaultLock, memoryTokenStore, type AuthListener, type Lock, type TokenStore } from './session.js';
import { ChatStreams, type ChatStreamResult, type WebSocketClass } from './stream.js';
import { callSignal, orAborted, transport, tries, type CallOptions } from './transport.js';

export * from './errors.js';
export { checksumOf, type BackupSource, type Download, type DownloadOptions, type UploadOptions, type Backups } from './backups.js';
export type { PlanHandlers, Row } from './plans.js';
export type { BackupQueue, QueueOptions, QueueStore, QueuedBackup } from './queue.js';
export { memoryTokenStore, type AuthListener, type AuthState, type Lock, type TokenStore } from './session.js';
export type { ChatStreamResult, WebSocketClass, WebSocketLike } from './stream.js';
export type { CallOptions } from './transport.js';
export { BillingTier, ErrorCode } from './gen/types.gen.js';
export type * from './gen/types.gen.js';

export interface ClientOptions {
  /** Where the API is, its path included: `https://api.example.com/api/v1`. */
  baseUrl: string;
  /** Keeps the tokens; in memory unless said. */
  tokenStore?: TokenStore;
  /** Runs a refresh while no other window does; navigator.locks unless said. */
  lock?: Lock;
  fetch?: typeof fetch;
  /** For chat streams; the global one unless said. */
  webSocket?: WebSocketClass;
  timeoutMs?: number;
  maxRetries?: number;
}

/** The Adiuva Cloud API. Every call throws an ApiError, ConnectionError or TimeoutError, or your own signal's reason. */
export class AdiuvaClient {
  readonly #client: Client;
  readonly #session: Session;
  readonly #timeoutMs: number;
  readonly #streams: ChatStreams;
  /** The account's backups. */
  readonly backups: Backups;

  constructor(options: ClientOptions) {
    const baseUrl = options.baseUrl.replace(/\/+$/, '');
    this.#timeoutMs = options.timeoutMs ?? 60_000;
    const send = transport({
      fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)), maxRetries: options.maxRetries ?? 2,
    }, () => this.#session);
    this.#client = createClient({ baseUrl, fetch: send });
    this.#session = new Session(options.tokenStore ?? memoryTokenStore(), options.lock ?? defaultLock, (refreshToken, key) =>
      this.#call(undefined, (init) => sdk.refreshTokens({ ...init, body: { refresh_token: refreshToken }, headers: { 'Idempotency-Key': key } })));
    this.#streams = new ChatStreams(`${baseUrl.replace(/^http/, 'ws')}/chat/stream`, () => this.#session, options.webSocket);
    this.backups = new Backups({
      baseUrl, fetch: send, session: () => this.#session,
      history: (query, call) => this.#call(call, (init) => sdk.listBackupHistory({ ...init, query })),
      remove: async (id, call) => { await this.#call(call, (init) => sdk.deleteBackup({ ...init, path: { backup_id: id } })); },
    });
  }

  readonly auth = {
    /** Opens an account and signs in. */
    register: (body: RegisterRequest, call?: CallOptions): Promise<AuthTokens> => this.#signIn(call, (init) => sdk.register({ ...init, body })),
    login: (body: LoginRequest, call?: CallOptions): Promise<AuthTokens> => this.#signIn(call, (init) => sdk.login({ ...init, body })),
    /** Ends the session here, and at the server where it can be reached. */
    logout: async (call?: CallOptions): Promise<void> => {
      await this.#call({ maxRetries: 0, ...call }, (init) => sdk.logout(init)).catch(() => undefined);
      await this.#session.set(null, 'signed-out');
      this.#streams.close();
    },
    me: (call?: CallOptions): Promise<UserProfile> => this.#call(call, (init) => sdk.getMe(init)),
    sessions: (call?: CallOptions): Promise<SessionInfo[]> => this.#call(call, (init) => sdk.listSessions(init)),
    /** Renews the tokens now, to see a changed plan at once. */
    refresh: async (): Promise<void> => {
      const tokens = await this.#session.store.get();
      if (tokens) await this.#session.refresh(tokens.refresh_token);
    },
    /** Tells of sign-ins, refreshes and sign-outs, until the function that it returns is called. */
    onAuthStateChange: (listener: AuthListener): (() => void) => this.#session.onChange(listener),
  };

  readonly chat = {
    /** One answer, or a plan: tell them by `kind`. */
    send: (body: ChatRequest, call?: CallOptions): Promise<ChatReply> => this.#call(call, (init) => sdk.chat({ ...init, body })),
    /**
     * The answer as it is made: yields tokens, returns the last frame. Leaving the loop closes the stream; a message is
     * never sent twice. Where the last frame says `replaced`, show its `response` in place of the tokens.
     */
    stream: (request: ChatRequest, call?: CallOptions): AsyncGenerator<string, ChatStreamResult, void> => this.#streams.stream(request, call),
    agents: (call?: CallOptions): Promise<Agent[]> => this.#call(call, (init) => sdk.listAgents(init)),
  };

  readonly plans = {
    playbooks: (call?: CallOptions): Promise<ExecutionPlan[]> => this.#call(call, (init) => sdk.listPlaybooks(init)),
    runStep: (body: StepRequest, call?: CallOptions): Promise<StepResult> => this.#call(call, (init) => sdk.runStep({ ...init, body })),
    /** Executes a plan with the app's own hands and returns the actions that were carried out. */
    run: (plan: ExecutionPlan, handlers: PlanHandlers): Promise<PlanAction[]> => runPlan(plan, handlers, (step, call) => this.plans.runStep(step, call)),
  };

  readonly billing = {
    tiers: (call?: CallOptions): Promise<Tier[]> => this.#call(call, (init) => sdk.listTiers(init)),
    subscription: (call?: CallOptions): Promise<Subscription> => this.#call(call, (init) => sdk.getSubscription(init)),
    /** The address of a page on which to pay; open it in the browser. */
    checkout: async (plan: { tier: 'pro' | 'power' | 'team'; seats?: number }, call?: CallOptions): Promise<string> =>
      (await this.#call(call, (init) => sdk.createCheckout({ ...init, body: plan }))).checkout_url,
    portal: async (call?: CallOptions): Promise<string> => (await this.#call(call, (init) => sdk.createPortal(init))).portal_url,
    cancel: async (options: CallOptions & { immediately?: boolean } = {}): Promise<void> => {
      await this.#call(options, (init) => sdk.cancelSubscription({ ...init, query: { immediately: options.immediately ?? false } }));
    },
  };

  /** A queue that sends backups whenever the server can be reached. */
  backupQueue(options: QueueOptions): BackupQueue { return new BackupQueue(this.backups, options); }

  /** Ends the socket that waits for the next message, which would keep a Node process from ending. */
  close(): void { this.#streams.close(); }

  async #signIn(call: CallOptions | undefined, operation: (init: Init) => Promise<Answer<AuthTokens>>): Promise<AuthTokens> {
    const tokens = await this.#call(call, operation);
    this.#streams.close(); // which speaks for whoever was signed in before
    await this.#session.set(tokens, 'signed-in');
    return tokens;
  }

  async #call<T>(call: CallOptions | undefined, operation: (init: Init) => Promise<Answer<T>>): Promise<T> {
    const { signal, done } = callSignal(call, this.#timeoutMs);
    const { data, error, response } = await orAborted(operation({
      client: this.#client, ...(signal ? { signal } : {}), ...(call?.maxRetries === undefined ? {} : { headers: { [tries]: String(call.maxRetries) } }),
    }), signal).finally(done);
    if (!response) throw error;
    if (!response.ok) throw errorOf(response.status, error, response.headers);
    return data as T;
  }
}

interface Init { client: Client; signal?: AbortSignal; headers?: Record<string, string> }
interface Answer<T> { data?: T | undefined; error?: unknown; response?: Response }
