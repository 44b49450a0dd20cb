import type { Client } from './gen/client/index.js';
import * as sdk from './gen/sdk.gen.js';
import type {
  AccountExport, Agent, AuthEvent, AuthTokens, BatchResult, ChatRequestWritable as ChatRequest, ChatReply, CompactReply,
  ConversationTurn, CreatedKey, CreatedTotp, EmailChange, ExecutionPlan, Key, KeyRequest, LoginRequest, Model,
  Passkey, PasskeyCeremony, PasskeyRegistrationRequest, PasswordResetConfirmation, PasswordResetRequest,
  PasswordResetStarted, PlanAction, RegisterRequest, SecondFactorLogin, Session as SessionInfo,
  StepRequestWritable as StepRequest, StepResult, Subscription, Team, TeamInvitation, TeamMember, TeamOwnerRequest,
  Tier, TokenUsage, TotpRemoval, TotpState, UserProfile,
} from './gen/types.gen.js';
import { Backups } from './backups.js';
import { errorOf, isApiError } from './errors.js';
import { createHttpClient, parseProblem } from './http.js';
import { finishLogin, startLogin, type PasskeyLogin } from './passkeys.js';
import { runPlan, type PlanHandlers } from './plans.js';
import { BackupQueue, type QueueOptions } from './queue.js';
import { Session, defaultLock, memoryTokenStore, type AuthListener, type Lock, type TokenStore } from './session.js';
import { EventStream } from './sse.js';
import type { WebSocketClass } from './socket.js';
import { ChatStreams, type ChatStream, type StreamOptions, type StreamRequest } from './stream.js';
import { callSignal, raceAbort, retriesHeader, transport, type CallOptions } from './transport.js';

export * from './errors.js';
export type { Backups, Download, DownloadOptions, UploadOptions } from './backups.js';
export type { PasskeyLogin } from './passkeys.js';
export type { PlanHandlers, Row } from './plans.js';
export type { BackupQueue, QueueOptions, QueueStore, QueuedBackup } from './queue.js';
export {
  memoryTokenStore, type AuthListener, type AuthState, type Lock, type StoredTokens, type TokenStore,
} from './session.js';
export { checksumOf, type BackupSource } from './source.js';
export type { ChatDone, ChatEvent, ToolCall } from './events.js';
export type { WebSocketClass, WebSocketLike } from './socket.js';
export type { ChatStream, StreamOptions, StreamRequest } from './stream.js';
export type { Tool } from './tools.js';
export type { CallOptions } from './transport.js';
export { BillingTier, ErrorCode } from './gen/types.gen.js';
export type * from './gen/types.gen.js';
// What a request takes: the generated types of these names lack the caller's own key, which no response has.
export type {
  ChatRequestWritable as ChatRequest, ModelChoiceWritable as ModelChoice, StepRequestWritable as StepRequest,
} from './gen/types.gen.js';

export interface ClientOptions {
  /** The API's base URL including its path: `https://api.example.com/api/v1`. */
  baseUrl: string;
  /** An API key (`adv_…`) for programs, in place of signing in. It may do what its scopes allow. */
  apiKey?: string;
  /** Stores the tokens. Default: in memory. */
  tokenStore?: TokenStore;
  /** Keeps other windows from refreshing at the same time. Default: navigator.locks where available. */
  lock?: Lock;
  fetch?: typeof fetch;
  /** For chat streams. Default: the global WebSocket. */
  webSocket?: WebSocketClass;
  timeoutMs?: number;
  maxRetries?: number;
}

/** A client of the Adiuva Cloud API. Calls throw an ApiError, ConnectionError, TimeoutError or your signal's reason. */
export class AdiuvaClient {
  readonly #client: Client;
  readonly #session: Session;
  readonly #timeoutMs: number;
  readonly #streams: ChatStreams;
  /** The API's base URL, without a slash at its end. */
  readonly baseUrl: string;
  /** The account's backups. */
  readonly backups: Backups;

  constructor(options: ClientOptions) {
    const baseUrl = this.baseUrl = options.baseUrl.replace(/\/+$/, '');
    this.#timeoutMs = options.timeoutMs ?? 60_000;
    const authFetch = transport({
      fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
      maxRetries: options.maxRetries ?? 2,
    }, () => this.#session);
    this.#client = createHttpClient(baseUrl, authFetch);
    const requestRefresh = (refreshToken: string, idempotencyKey: string) => {
      const request = { body: { refresh_token: refreshToken }, headers: { 'Idempotency-Key': idempotencyKey } };
      return this.call(undefined, (init) => sdk.refreshTokens({ ...init, ...request }));
    };
    this.#session = new Session(options.tokenStore ?? memoryTokenStore(), options.lock ?? defaultLock, requestRefresh,
      options.apiKey);
    this.#streams = new ChatStreams({
      url: `${baseUrl.replace(/^http/, 'ws')}/chat/stream`,
      session: () => this.#session,
      webSocket: options.webSocket,
      reachable: (signal) => this.call({ ...(signal ? { signal } : {}), timeoutMs: 5_000, maxRetries: 0 },
        (init) => sdk.getHealth(init)).then(() => true, (error) => isApiError(error)),
      post: (body, signal) => openEvents(baseUrl, authFetch, body, callSignal(signal && { signal }, this.#timeoutMs)),
    });
    this.backups = new Backups({
      baseUrl,
      fetch: authFetch,
      session: () => this.#session,
      history: (query, call) => this.call(call, (init) => sdk.listBackupHistory({ ...init, query })),
      remove: (id, call) => this.#done(call, (init) => sdk.deleteBackup({ ...init, path: { backup_id: id } })),
    });
  }

  readonly auth = {
    /** Creates an account and signs in. */
    register: (body: RegisterRequest, call?: CallOptions): Promise<AuthTokens> =>
      this.signIn(call, (init) => sdk.register({ ...init, body })),
    /**
     * Signs in. Sends the refresh token in the store, if there is one, so that other people's wrong passwords do not hold
     * up this device. An app that kept the last one elsewhere passes it as `refresh_token`.
     */
    login: async (body: LoginRequest, call?: CallOptions): Promise<AuthTokens> => {
      const last = await this.#session.store.get();
      const device = last ? { refresh_token: last.refresh_token } : {};
      return this.signIn(call, (init) => sdk.login({ ...init, body: { ...device, ...body } }));
    },
    /**
     * Finishes a `login`, or a `confirmPasswordReset`, that threw `second_factor_required`: with the `ticket` of the
     * error's `problem` and a code of the authenticator app or a recovery code.
     */
    loginWithSecondFactor: (body: SecondFactorLogin, call?: CallOptions): Promise<AuthTokens> =>
      this.signIn(call, (init) => sdk.loginWithSecondFactor({ ...init, body })),
    /** Ends the session here and, if the server is reachable, there. */
    logout: async (call?: CallOptions): Promise<void> => {
      await this.call({ maxRetries: 0, ...call }, (init) => sdk.logout(init)).catch(() => undefined);
      await this.#session.set(null, 'signed-out');
      this.#streams.close();
    },
    /** Ends every session of the account and, with `keys`, revokes its API keys. Throws where the server does not answer. */
    logoutEverywhere: async (options: { keys?: boolean } = {}, call?: CallOptions): Promise<void> => {
      await this.call(call, (init) => sdk.logout({ ...init, query: { all: true, keys: options.keys ?? false } }));
      await this.#session.set(null, 'signed-out');
      this.#streams.close();
    },
    me: (call?: CallOptions): Promise<UserProfile> => this.call(call, (init) => sdk.getMe(init)),
    /** The open sessions, newest first, 50 unless `limit` says otherwise. `before` is the last id of the page before. */
    sessions: (call?: CallOptions, query: { limit?: number; before?: string } = {}): Promise<SessionInfo[]> =>
      this.call(call, (init) => sdk.listSessions({ ...init, query })),
    /** What happened to the account in the last 90 days, newest first, 50 unless `limit` says otherwise. */
    events: (call?: CallOptions, query: { limit?: number; before?: string } = {}): Promise<AuthEvent[]> =>
      this.call(call, (init) => sdk.listAuthEvents({ ...init, query })),
    /** Everything that the service keeps of the account. */
    exportAccount: (call?: CallOptions): Promise<AccountExport> =>
      this.call(call, (init) => sdk.exportAccount(init)),
    /** Mails a code to the account of this address, if there is one. Keep `handle` for `confirmPasswordReset`. */
    requestPasswordReset: (body: PasswordResetRequest, call?: CallOptions): Promise<PasswordResetStarted> =>
      this.call(call, (init) => sdk.requestPasswordReset({ ...init, body })),
    /** Sets a new password with a mailed code and ends all sessions of the account; sign in afterwards. */
    confirmPasswordReset: (body: PasswordResetConfirmation, call?: CallOptions): Promise<void> =>
      this.#done(call, (init) => sdk.confirmPasswordReset({ ...init, body })),
    /** Mails a code to the account's address, unless `me().email_verified`. Signing up does so by itself. */
    requestEmailVerification: (call?: CallOptions): Promise<void> =>
      this.#done(call, (init) => sdk.requestEmailVerification(init)),
    confirmEmailVerification: (code: string, call?: CallOptions): Promise<void> =>
      this.#done(call, (init) => sdk.confirmEmailVerification({ ...init, body: { code } })),
    /** Mails a code to the new address. The account keeps its address until `confirmEmailChange`. */
    changeEmail: (body: EmailChange, call?: CallOptions): Promise<void> =>
      this.#done(call, (init) => sdk.changeEmail({ ...init, body })),
    confirmEmailChange: (code: string, call?: CallOptions): Promise<void> =>
      this.#done(call, (init) => sdk.confirmEmailChange({ ...init, body: { code } })),
    /** Refreshes the tokens now, so that a changed plan is visible at once. */
    refresh: async (): Promise<void> => {
      const tokens = await this.#session.store.get();
      if (tokens) await this.#session.refresh(tokens.refresh_token);
    },
    /** Calls the listener on sign-in, refresh and sign-out. Returns a function that removes it. */
    onAuthStateChange: (listener: AuthListener): (() => void) => this.#session.onChange(listener),
  };

  /** Codes of an authenticator app that signing in with the password needs. */
  readonly secondFactor = {
    state: (call?: CallOptions): Promise<TotpState> => this.call(call, (init) => sdk.getTotp(init)),
    /** The only answer that has the secret and the recovery codes. It guards the account after `confirm`. */
    create: (password: string, call?: CallOptions): Promise<CreatedTotp> =>
      this.call(call, (init) => sdk.createTotp({ ...init, body: { password } })),
    confirm: (code: string, call?: CallOptions): Promise<void> =>
      this.#done(call, (init) => sdk.confirmTotp({ ...init, body: { code } })),
    remove: (body: TotpRemoval, call?: CallOptions): Promise<void> =>
      this.#done(call, (init) => sdk.deleteTotp({ ...init, body })),
  };

  readonly passkeys = {
    list: (call?: CallOptions): Promise<Passkey[]> => this.call(call, (init) => sdk.listPasskeys(init)),
    /** Open the `url` of the answer in the browser: the page there adds the passkey. */
    add: (body: PasskeyRegistrationRequest, call?: CallOptions): Promise<PasskeyCeremony> =>
      this.call(call, (init) => sdk.startPasskeyRegistration({ ...init, body })),
    remove: (id: string, call?: CallOptions): Promise<void> =>
      this.#done(call, (init) => sdk.deletePasskey({ ...init, path: { id } })),
    /**
     * Starts a sign-in. Open its `url` in the browser and keep the rest for `finishLogin`. `redirectUri` is
     * `adiuva://auth`, or `http://127.0.0.1:PORT/…` where the app listens.
     */
    startLogin: (redirectUri: string, call?: CallOptions): Promise<PasskeyLogin> => startLogin(redirectUri,
      (body) => this.call(call, (init) => sdk.startPasskeyLogin({ ...init, body }))),
    /** Signs in with the URL that the browser opened at `redirectUri`. */
    finishLogin: async (login: PasskeyLogin, redirectedTo: string, call?: CallOptions): Promise<AuthTokens> => {
      const body = finishLogin(login, redirectedTo);
      return this.signIn(call, (init) => sdk.exchangePasskeyCode({ ...init, body }));
    },
  };

  /** API keys for programs. They are managed with a session, not with a key. */
  readonly keys = {
    /** The only answer that has the key itself. */
    create: (body: KeyRequest, call?: CallOptions): Promise<CreatedKey> =>
      this.call(call, (init) => sdk.createKey({ ...init, body })),
    list: (call?: CallOptions): Promise<Key[]> => this.call(call, (init) => sdk.listKeys(init)),
    revoke: (id: string, call?: CallOptions): Promise<void> =>
      this.#done(call, (init) => sdk.deleteKey({ ...init, path: { id } })),
  };

  /** The account's team, whose members share a Team plan. */
  readonly team = {
    /** Throws `not_found` for an account that is in no team. */
    get: (call?: CallOptions): Promise<Team> => this.call(call, (init) => sdk.getTeam(init)),
    rename: (name: string, call?: CallOptions): Promise<Team> =>
      this.call(call, (init) => sdk.updateTeam({ ...init, body: { name } })),
    /** Members by id, 50 unless `limit` says otherwise. `after` is the last `user_id` of the page before. */
    members: (call?: CallOptions, query: { limit?: number; after?: string } = {}): Promise<TeamMember[]> =>
      this.call(call, (init) => sdk.listTeamMembers({ ...init, query })),
    setRole: (userId: string, role: 'admin' | 'member', call?: CallOptions): Promise<TeamMember> =>
      this.call(call, (init) => sdk.setTeamRole({ ...init, path: { user_id: userId }, body: { role } })),
    /** Removes a member. With the account's own id it leaves the team. */
    remove: (userId: string, call?: CallOptions): Promise<void> =>
      this.#done(call, (init) => sdk.removeTeamMember({ ...init, path: { user_id: userId } })),
    /** Open invitations, newest first, 50 unless `limit` says otherwise. `before` is the last id of the page before. */
    invitations: (call?: CallOptions, query: { limit?: number; before?: string } = {}): Promise<TeamInvitation[]> =>
      this.call(call, (init) => sdk.listTeamInvitations({ ...init, query })),
    /** Mails a code to the address, for `join`. */
    invite: (email: string, call?: CallOptions): Promise<TeamInvitation> =>
      this.call(call, (init) => sdk.inviteTeamMember({ ...init, body: { email } })),
    revoke: (id: string, call?: CallOptions): Promise<void> =>
      this.#done(call, (init) => sdk.revokeTeamInvitation({ ...init, path: { id } })),
    join: (code: string, call?: CallOptions): Promise<Team> =>
      this.call(call, (init) => sdk.joinTeam({ ...init, body: { code } })),
    /** Makes another member the owner. */
    handOver: (body: TeamOwnerRequest, call?: CallOptions): Promise<Team> =>
      this.call(call, (init) => sdk.handOverTeam({ ...init, body })),
  };

  readonly chat = {
    /** The answer, or a plan: see `kind`. */
    send: (body: ChatRequest, call?: CallOptions): Promise<ChatReply> =>
      this.call(call, (init) => sdk.chat({ ...init, body })),
    /**
     * Streams the answer. A message is never sent twice. If `done` has `replaced`, show its `response` in place of the
     * text. The model can use the functions of the option `tools`.
     */
    stream: (request: StreamRequest, options?: StreamOptions): ChatStream => this.#streams.stream(request, options),
    /**
     * The results of 1 to 20 questions, in their order; needs Pro. A result has a `response`, or the `problem` that
     * `send` would have thrown.
     */
    batch: async (requests: ChatRequest[], call?: CallOptions): Promise<BatchResult[]> =>
      (await this.call(call, (init) => sdk.chatBatch({ ...init, body: { requests } }))).results,
    /** A summary of earlier turns, to be sent as the first turn in their place. */
    compact: (turns: ConversationTurn[], call?: CallOptions): Promise<CompactReply> =>
      this.call(call, (init) => sdk.compactHistory({ ...init, body: { conversation_history: turns } })),
    /** The tokens that the account has used today. */
    usage: (call?: CallOptions): Promise<TokenUsage> => this.call(call, (init) => sdk.getUsage(init)),
    agents: (call?: CallOptions): Promise<Agent[]> => this.call(call, (init) => sdk.listAgents(init)),
  };

  readonly models = {
    /** The models that `chat.send` and `chat.stream` take as `model`, in the operator's order of preference. */
    list: (call?: CallOptions): Promise<Model[]> => this.call(call, (init) => sdk.listModels(init)),
  };

  readonly plans = {
    playbooks: (call?: CallOptions): Promise<ExecutionPlan[]> =>
      this.call(call, (init) => sdk.listPlaybooks(init)),
    runStep: (body: StepRequest, call?: CallOptions): Promise<StepResult> =>
      this.call(call, (init) => sdk.runStep({ ...init, body })),
    /** Executes a plan with the app's handlers and returns the actions that were applied. */
    run: (plan: ExecutionPlan, handlers: PlanHandlers): Promise<PlanAction[]> =>
      runPlan(plan, handlers, (step, call) => this.plans.runStep(step, call)),
  };

  readonly billing = {
    tiers: (call?: CallOptions): Promise<Tier[]> => this.call(call, (init) => sdk.listTiers(init)),
    subscription: (call?: CallOptions): Promise<Subscription> =>
      this.call(call, (init) => sdk.getSubscription(init)),
    /** The URL of a checkout page, to be opened in the browser. */
    checkout: async (plan: { tier: 'pro' | 'power' | 'team'; seats?: number }, call?: CallOptions): Promise<string> =>
      (await this.call(call, (init) => sdk.createCheckout({ ...init, body: plan }))).checkout_url,
    portal: async (call?: CallOptions): Promise<string> =>
      (await this.call(call, (init) => sdk.createPortal(init))).portal_url,
    cancel: async (options: CallOptions & { immediately?: boolean } = {}): Promise<void> => {
      const query = { immediately: options.immediately ?? false };
      await this.call(options, (init) => sdk.cancelSubscription({ ...init, query }));
    },
  };

  /** A queue that sends backups and retries them until the server stores them. */
  backupQueue(options: QueueOptions): BackupQueue { return new BackupQueue(this.backups, options); }

  /** Closes the idle chat socket, which otherwise keeps a Node process alive. */
  close(): void { this.#streams.close(); }

  async #done(call: CallOptions | undefined, operation: Operation<unknown>): Promise<void> {
    await this.call(call, operation);
  }

  /** For the other entry points of this package: keeps the tokens of an operation. */
  async signIn(call: CallOptions | undefined, operation: Operation<AuthTokens>): Promise<AuthTokens> {
    const tokens = await this.call(call, operation);
    this.#streams.close(); // its idle socket belongs to the previous session
    await this.#session.set(tokens, 'signed-in');
    return tokens;
  }

  /** For the other entry points of this package: calls one of its operations. */
  async call<T>(call: CallOptions | undefined, operation: Operation<T>): Promise<T> {
    const { signal, done } = callSignal(call, this.#timeoutMs);
    const result = operation({
      client: this.#client,
      ...(signal ? { signal } : {}),
      ...(call?.maxRetries === undefined ? {} : { headers: { [retriesHeader]: String(call.maxRetries) } }),
    });
    const { data, error, response } = await raceAbort(result, signal).finally(done);
    if (!response) throw error;
    if (!response.ok) throw errorOf(response.status, error, response.headers);
    return data as T;
  }
}

/** Asks for an answer as server-sent events. It fails if the signal aborts before the answer begins. */
async function openEvents(
  baseUrl: string, send: typeof fetch, request: ChatRequest, { signal, done }: ReturnType<typeof callSignal>,
): Promise<EventStream> {
  const open = async () => {
    const response = await send(`${baseUrl}/chat`, {
      method: 'POST', body: JSON.stringify(request), signal: signal ?? null,
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    });
    if (response.ok && response.body) return new EventStream(response.body);
    throw errorOf(response.status, parseProblem(await response.text()), response.headers);
  };
  return raceAbort(open(), signal).finally(done);
}

export interface OperationInit { client: Client; signal?: AbortSignal; headers?: Record<string, string> }
export interface OperationResult<T> { data?: T | undefined; error?: unknown; response?: Response }
export type Operation<T> = (init: OperationInit) => Promise<OperationResult<T>>;
