// Code generated from openapi/openapi.yaml. DO NOT EDIT.

export type ClientOptions = {
    baseUrl: `${string}://${string}/api/v1` | (string & {});
};

/**
 * The process is alive.
 */
export type Health = {
    /**
     * Always ok.
     */
    status: 'ok';
    /**
     * The version that runs.
     */
    version: string;
};

/**
 * The agents.
 */
export type AgentList = Array<Agent>;

/**
 * An agent.
 */
export type Agent = {
    /**
     * The agent's name.
     */
    name: string;
    /**
     * What it is for.
     */
    description: string;
    /**
     * Short labels of what it can do.
     */
    skills: Array<string>;
    /**
     * Whether the account's plan includes it.
     */
    available: boolean;
};

/**
 * The account's subscription.
 */
export type Subscription = {
    tier: BillingTier;
    /**
     * Where the subscription stands, in Stripe's words; none without one.
     */
    status: 'none' | 'active' | 'trialing' | 'past_due' | 'unpaid' | 'canceled' | 'incomplete' | 'incomplete_expired' | 'paused';
    /**
     * How many seats are paid.
     */
    seats: number;
    /**
     * When the paid period ends, in milliseconds since the Unix epoch; null without a subscription.
     */
    current_period_end: number | null;
    /**
     * Whether it ends then.
     */
    cancel_at_period_end: boolean;
};

/**
 * A plan, from least to most: free, pro, power, team.
 */
export const BillingTier = {
    FREE: 'free',
    PRO: 'pro',
    POWER: 'power',
    TEAM: 'team'
} as const;

/**
 * A plan, from least to most: free, pro, power, team.
 */
export type BillingTier = typeof BillingTier[keyof typeof BillingTier];

/**
 * An open billing portal.
 */
export type PortalSession = {
    /**
     * The page to send the user to.
     */
    portal_url: string;
};

/**
 * An open checkout.
 */
export type CheckoutSession = {
    /**
     * The page to send the user to.
     */
    checkout_url: string;
};

/**
 * A plan to buy.
 */
export type CheckoutRequest = {
    /**
     * The plan to buy.
     */
    tier: 'pro' | 'power' | 'team';
    /**
     * Seats, for the team plan; others have one.
     */
    seats?: number;
};

/**
 * The plans from least to most.
 */
export type TierList = Array<Tier>;

/**
 * What a plan includes; -1 is unlimited.
 */
export type TierFeatures = {
    /**
     * How many built-in agents; -1 is all.
     */
    agents: number;
    /**
     * Whether batch agents may run.
     */
    batch: boolean;
    /**
     * How many model providers; -1 is any number.
     */
    providers: number;
    /**
     * Room for backups in GB of 10^9 bytes; 0 is none, -1 unlimited.
     */
    backup_gb: number;
    /**
     * Whether a model key of their own may be used.
     */
    byok: boolean;
    /**
     * Whether single sign-on is included.
     */
    sso: boolean;
};

/**
 * A plan on offer.
 */
export type Tier = {
    tier: BillingTier;
    features: TierFeatures;
    /**
     * Requests a minute; times seats where per_seat.
     */
    requests_per_minute: number;
    /**
     * Monthly price in the currency's cents.
     */
    price_cents: number;
    /**
     * ISO 4217 code in lower case.
     */
    currency: string;
    /**
     * Whether price and limit count for each seat.
     */
    per_seat: boolean;
};

/**
 * Backups, the newest first.
 */
export type BackupList = Array<BackupMetadata>;

/**
 * A committed backup, without its blob.
 */
export type BackupMetadata = {
    /**
     * The backup's id.
     */
    id: string;
    /**
     * Version of the client's backup format.
     */
    version: number;
    /**
     * When the client made it, in milliseconds since the Unix epoch.
     */
    timestamp: number;
    /**
     * SHA-256 of the blob in 64 hexadecimal digits.
     */
    checksum: string;
    /**
     * How many chunks the client packed.
     */
    chunk_count: number;
    /**
     * Size of the blob in bytes.
     */
    size_bytes: number;
    /**
     * When the server committed it, in milliseconds since the Unix epoch.
     */
    created_at: number;
};

/**
 * The backup is committed.
 */
export type BackupStored = {
    /**
     * Always true.
     */
    ok: boolean;
    /**
     * The backup's id.
     */
    id: string;
};

/**
 * Encrypted bytes that the server cannot read.
 */
export type BackupBlob = Blob | File;

/**
 * What a generating step made.
 */
export type StepResult = {
    /**
     * The text.
     */
    output: string;
    /**
     * Records for the steps that work on this one; empty for prose.
     */
    records: Array<{
        [key: string]: unknown;
    }>;
};

/**
 * A generating step to run.
 */
export type StepRequest = {
    /**
     * The template's id.
     */
    prompt_template: string;
    /**
     * What fills the template.
     */
    variables?: {
        [key: string]: unknown;
    };
    /**
     * Records of the source step.
     */
    data?: Array<{
        [key: string]: unknown;
    }>;
    /**
     * IANA name of the zone that words like tomorrow mean.
     */
    timezone?: string;
};

/**
 * The last frame of an answer that failed; the socket is closed after it.
 */
export type ChatStreamError = {
    /**
     * Always true: no frame of this answer follows.
     */
    done: boolean;
    error: ChatStreamFailure;
};

/**
 * What went wrong, stable and meant for programs. `/docs/errors/{code}` explains each. New codes may be added.
 */
export const ErrorCode = {
    INVALID_JSON: 'invalid_json',
    SIGNATURE_INVALID: 'signature_invalid',
    TOKEN_IN_URL: 'token_in_url',
    TOKEN_MISSING: 'token_missing',
    TOKEN_INVALID: 'token_invalid',
    TOKEN_EXPIRED: 'token_expired',
    INVALID_CREDENTIALS: 'invalid_credentials',
    REFRESH_INVALID: 'refresh_invalid',
    REFRESH_REUSED: 'refresh_reused',
    REFRESH_EXPIRED: 'refresh_expired',
    TIER_REQUIRED: 'tier_required',
    ORIGIN_FORBIDDEN: 'origin_forbidden',
    NOT_FOUND: 'not_found',
    METHOD_NOT_ALLOWED: 'method_not_allowed',
    UPLOAD_TOO_SLOW: 'upload_too_slow',
    EMAIL_TAKEN: 'email_taken',
    ALREADY_SUBSCRIBED: 'already_subscribed',
    IDEMPOTENCY_CONFLICT: 'idempotency_conflict',
    UPLOAD_EXPIRED: 'upload_expired',
    BACKUP_CONFLICT: 'backup_conflict',
    LENGTH_REQUIRED: 'length_required',
    BODY_TOO_LARGE: 'body_too_large',
    QUOTA_EXCEEDED: 'quota_exceeded',
    UNSUPPORTED_MEDIA_TYPE: 'unsupported_media_type',
    RANGE_NOT_SATISFIABLE: 'range_not_satisfiable',
    VALIDATION_FAILED: 'validation_failed',
    CHECKSUM_MISMATCH: 'checksum_mismatch',
    TIMESTAMP_IN_FUTURE: 'timestamp_in_future',
    RATE_LIMITED: 'rate_limited',
    HEADER_TOO_LARGE: 'header_too_large',
    INTERNAL: 'internal',
    LLM_ERROR: 'llm_error',
    AGENT_LOOP_LIMIT: 'agent_loop_limit',
    STORAGE_INCONSISTENT: 'storage_inconsistent',
    DB_UNAVAILABLE: 'db_unavailable',
    STORAGE_UNAVAILABLE: 'storage_unavailable',
    BILLING_UNAVAILABLE: 'billing_unavailable',
    LLM_UNAVAILABLE: 'llm_unavailable',
    AUTH_BUSY: 'auth_busy',
    DRAINING: 'draining',
    LLM_TIMEOUT: 'llm_timeout'
} as const;

/**
 * What went wrong, stable and meant for programs. `/docs/errors/{code}` explains each. New codes may be added.
 */
export type ErrorCode = typeof ErrorCode[keyof typeof ErrorCode];

/**
 * What went wrong on the stream.
 */
export type ChatStreamFailure = {
    code: ErrorCode;
    /**
     * What happened and what to do about it.
     */
    message: string;
    /**
     * The handshake's or message's request id.
     */
    request_id: string;
};

/**
 * The only frame of an answer in plan mode.
 */
export type ChatStreamPlan = {
    /**
     * Always true: no frame of this answer follows.
     */
    done: boolean;
    /**
     * Which of the answers this is.
     */
    kind: 'plan';
    /**
     * The agent that made the plan.
     */
    agent: string;
    /**
     * The steps, in order.
     */
    steps: Array<PlanStep>;
};

/**
 * One step of a plan.
 */
export type PlanStep = {
    /**
     * generate (run by POST /plans/steps), select (the client reads rows) or a type of PlanAction.
     */
    action: string;
    /**
     * Id of the template of a generate step; its text stays on the server.
     */
    prompt_template?: string;
    /**
     * What fills the template.
     */
    variables?: {
        [key: string]: unknown;
    };
    /**
     * Index, from 0, of the earlier step whose records this one works on; an action runs once per record.
     */
    data_from_step?: number;
    /**
     * The table of the client's database.
     */
    table?: string;
    /**
     * Column to value; rows equal in all of them are selected.
     */
    filter?: {
        [key: string]: unknown;
    };
    /**
     * Columns of the client's database. Each placeholder {{column}} is filled from the source step's record: inside a longer text as text, and where it is the whole value with the column's own type, so that numbers, lists and null stay what they are.
     */
    data?: {
        [key: string]: unknown;
    };
};

/**
 * The last frame of a direct answer; the token frames before it, joined, equal response unless replaced is true.
 */
export type ChatStreamDone = {
    /**
     * Always true: no frame of this answer follows.
     */
    done: boolean;
    /**
     * Which of the answers this is.
     */
    kind: 'response';
    /**
     * The agents' words.
     */
    response: string;
    /**
     * What the client is asked to do, in order; at most 50.
     */
    actions: Array<PlanAction>;
    /**
     * True when the model stopped for length.
     */
    truncated?: boolean;
    /**
     * True when the text stands in place of one that must not be shown; show it instead of any tokens.
     */
    replaced?: boolean;
};

/**
 * One change for the client to carry out. create_record carries no id, update_record and delete_record carry data.id of a row in the request's context.
 */
export type PlanAction = {
    /**
     * What to do.
     */
    type: 'create_record' | 'update_record' | 'delete_record' | 'index_document' | 'send_notification';
    /**
     * The table of the client's database, or null where none is meant.
     */
    table: 'tasks' | 'projects' | 'notes' | 'clients' | 'checkpoints' | 'taskComments' | 'events' | 'emails' | null;
    /**
     * Columns of the client's database in camelCase; times in milliseconds since the Unix epoch.
     */
    data: {
        [key: string]: unknown;
    } | null;
};

/**
 * Playbooks.
 */
export type PlaybookList = Array<ExecutionPlan>;

/**
 * Steps that the client carries out. Playbooks also have id, title, description and tier.
 */
export type ExecutionPlan = {
    /**
     * Which of the answers this is.
     */
    kind: 'plan';
    /**
     * The agent that made the plan.
     */
    agent: string;
    /**
     * The steps, in order.
     */
    steps: Array<PlanStep>;
    /**
     * The playbook's id.
     */
    id?: string;
    /**
     * The playbook's title.
     */
    title?: string;
    /**
     * What the playbook does.
     */
    description?: string;
    tier?: BillingTier;
};

/**
 * The agents' answer.
 */
export type ChatResponse = {
    /**
     * Which of the answers this is.
     */
    kind: 'response';
    /**
     * The agents' words.
     */
    response: string;
    /**
     * What the client is asked to do, in order; at most 50.
     */
    actions: Array<PlanAction>;
    /**
     * True when the model stopped for length.
     */
    truncated?: boolean;
    /**
     * True when the text stands in place of one that must not be shown; show it instead of any tokens.
     */
    replaced?: boolean;
};

/**
 * The agents' answer or the plan to reach it; kind tells which.
 */
export type ChatReply = ({
    kind: 'response';
} & ChatResponse) | ({
    kind: 'plan';
} & ExecutionPlan);

/**
 * Metadata of an e-mail; never its body.
 */
export type EmailRow = {
    /**
     * The row's id in the client's database.
     */
    id?: string;
    /**
     * The thread's id.
     */
    thread_id?: string | null;
    /**
     * Who sent it.
     */
    from?: string | null;
    /**
     * Who got it.
     */
    to?: Array<string>;
    /**
     * Its subject.
     */
    subject?: string | null;
    /**
     * When it was sent, in milliseconds since the Unix epoch.
     */
    date?: number | null;
    /**
     * Its first words.
     */
    snippet?: string | null;
    /**
     * Its labels.
     */
    labels?: Array<string>;
};

/**
 * Metadata of a calendar event.
 */
export type EventRow = {
    /**
     * The row's id in the client's database.
     */
    id?: string;
    /**
     * What it is.
     */
    title?: string | null;
    /**
     * When it starts, in milliseconds since the Unix epoch.
     */
    start?: number | null;
    /**
     * When it ends, in milliseconds since the Unix epoch.
     */
    end?: number | null;
    /**
     * IANA name of its zone.
     */
    timezone?: string | null;
    /**
     * Who takes part.
     */
    attendees?: Array<string>;
    /**
     * Where it is.
     */
    location?: string | null;
};

/**
 * A checkpoint of the client's own database. Columns not listed are ignored.
 */
export type CheckpointRow = {
    /**
     * The row's id in the client's database.
     */
    id?: string;
    /**
     * The project's id.
     */
    projectId?: string | null;
    /**
     * What is to be reached.
     */
    title?: string | null;
    /**
     * When it is to be reached, in milliseconds since the Unix epoch.
     */
    date?: number | null;
    /**
     * Whether an agent suggested it.
     */
    isAiSuggested?: boolean | null;
    /**
     * Whether the user approved it.
     */
    isApproved?: boolean | null;
    /**
     * When it was created, in milliseconds since the Unix epoch.
     */
    createdAt?: number | null;
};

/**
 * A note of the client's own database. Columns not listed are ignored.
 */
export type NoteRow = {
    /**
     * The row's id in the client's database.
     */
    id?: string;
    /**
     * The project's id.
     */
    projectId?: string | null;
    /**
     * The note's title.
     */
    title?: string | null;
    /**
     * The note's text.
     */
    content?: string | null;
    /**
     * When it was created, in milliseconds since the Unix epoch.
     */
    createdAt?: number | null;
    /**
     * When it was last changed, in milliseconds since the Unix epoch.
     */
    updatedAt?: number | null;
};

/**
 * A client of the client's own database. Columns not listed are ignored.
 */
export type ClientRow = {
    /**
     * The row's id in the client's database.
     */
    id?: string;
    /**
     * The parent client's id.
     */
    parentId?: string | null;
    /**
     * The client's name.
     */
    name?: string | null;
    /**
     * Its industry.
     */
    industry?: string | null;
    /**
     * When it was created, in milliseconds since the Unix epoch.
     */
    createdAt?: number | null;
};

/**
 * A project of the client's own database. Columns not listed are ignored.
 */
export type ProjectRow = {
    /**
     * The row's id in the client's database.
     */
    id?: string;
    /**
     * The client's id.
     */
    clientId?: string | null;
    /**
     * The project's name.
     */
    name?: string | null;
    /**
     * Where it stands.
     */
    status?: string | null;
    /**
     * A summary made earlier.
     */
    aiSummary?: string | null;
    /**
     * When it was created, in milliseconds since the Unix epoch.
     */
    createdAt?: number | null;
};

/**
 * A task of the client's own database. Columns not listed are ignored.
 */
export type TaskRow = {
    /**
     * The row's id in the client's database.
     */
    id?: string;
    /**
     * The project's id.
     */
    projectId?: string | null;
    /**
     * What is to be done.
     */
    title?: string | null;
    /**
     * More about it.
     */
    description?: string | null;
    /**
     * todo, in_progress or done.
     */
    status?: string | null;
    /**
     * low, medium, high or urgent.
     */
    priority?: string | null;
    /**
     * Who does it.
     */
    assignee?: string | null;
    /**
     * When it is due, in milliseconds since the Unix epoch.
     */
    dueDate?: number | null;
    /**
     * When it was done, in milliseconds since the Unix epoch; null while it is open.
     */
    completedAt?: number | null;
    /**
     * When it was created, in milliseconds since the Unix epoch.
     */
    createdAt?: number | null;
};

/**
 * One turn of the conversation so far.
 */
export type ConversationTurn = {
    /**
     * Who spoke.
     */
    role: 'user' | 'assistant';
    /**
     * What was said.
     */
    content: string;
};

/**
 * What the agents may work on. Used for this answer and discarded.
 */
export type ChatContext = {
    /**
     * Free facts about the user that the client wants considered.
     */
    user_profile?: {
        [key: string]: unknown;
    };
    /**
     * Texts from the client's own search.
     */
    relevant_documents?: Array<string>;
    /**
     * Earlier turns, the oldest first.
     */
    conversation_history?: Array<ConversationTurn>;
    /**
     * IANA name of the zone that words like tomorrow mean.
     */
    timezone?: string;
    /**
     * Tasks the agents may work on.
     */
    recent_tasks?: Array<TaskRow>;
    /**
     * Projects the agents may work on.
     */
    projects?: Array<ProjectRow>;
    /**
     * Clients the agents may work on.
     */
    clients?: Array<ClientRow>;
    /**
     * Notes the agents may work on.
     */
    notes?: Array<NoteRow>;
    /**
     * Checkpoints the agents may work on.
     */
    checkpoints?: Array<CheckpointRow>;
    /**
     * Calendar metadata the agents may work on.
     */
    events?: Array<EventRow>;
    /**
     * E-mail metadata the agents may work on; never bodies.
     */
    emails?: Array<EmailRow>;
};

/**
 * A message to the agents.
 */
export type ChatRequest = {
    /**
     * What the user says, 1 to 32,000 characters.
     */
    message: string;
    context?: ChatContext;
    /**
     * direct answers at once, plan answers how to get there.
     */
    execution_mode?: 'direct' | 'plan';
};

/**
 * Open sessions, the most recently used first.
 */
export type SessionList = Array<Session>;

/**
 * An open session: one sign-in on one device.
 */
export type Session = {
    /**
     * The session's id.
     */
    id: string;
    /**
     * When it was opened, in milliseconds since the Unix epoch.
     */
    created_at: number;
    /**
     * When its tokens were last refreshed, in milliseconds since the Unix epoch.
     */
    last_used_at: number;
    /**
     * Whether this is the session of the token used.
     */
    current: boolean;
};

/**
 * An account.
 */
export type UserProfile = {
    /**
     * The account's id.
     */
    id: string;
    email: Email;
    tier: BillingTier;
    /**
     * Seats of the subscription; 1 without one.
     */
    seats: number;
    /**
     * When the account was created, in milliseconds since the Unix epoch.
     */
    created_at: number;
};

/**
 * An e-mail address; compared without regard to case.
 */
export type Email = string;

/**
 * The tokens of a session.
 */
export type AuthTokens = {
    /**
     * A JWT for the Authorization header.
     */
    access_token: string;
    /**
     * Good for one refresh.
     */
    refresh_token: string;
    /**
     * When the access token expires, in milliseconds since the Unix epoch.
     */
    expires_at: number;
};

/**
 * Proof that the account is to be deleted.
 */
export type DeletionRequest = {
    /**
     * The account's password.
     */
    password: string;
};

/**
 * The present and the new password.
 */
export type PasswordChange = {
    /**
     * The account's present password.
     */
    current_password: string;
    /**
     * 8 to 1024 bytes of UTF-8, which the service counts; the most common passwords are refused with 422.
     */
    new_password: string;
};

/**
 * A refresh token to spend.
 */
export type RefreshRequest = {
    /**
     * The refresh token of the last answer.
     */
    refresh_token: string;
};

/**
 * The credentials of an account.
 */
export type LoginRequest = {
    email: Email;
    /**
     * The account's password.
     */
    password: string;
};

/**
 * The credentials of a new account.
 */
export type RegisterRequest = {
    email: Email;
    /**
     * 8 to 1024 bytes of UTF-8, which the service counts; the most common passwords are refused with 422.
     */
    password: string;
};

/**
 * It is done.
 */
export type Ok = {
    /**
     * Always true.
     */
    ok: boolean;
};

/**
 * An error (RFC 9457). Some codes add members of their own, such as limit_bytes.
 */
export type Problem = {
    /**
     * Absolute address of the code's page.
     */
    type: string;
    /**
     * What sort of problem it is, the same for every one of this code.
     */
    title: string;
    /**
     * The HTTP status.
     */
    status: number;
    /**
     * What happened this time and what to do about it.
     */
    detail: string;
    /**
     * The path that was asked for.
     */
    instance: string;
    code: ErrorCode;
    /**
     * This request's id, as in X-Request-Id.
     */
    request_id: string;
    /**
     * Every member that is wrong, for validation_failed.
     */
    errors?: Array<ProblemDetail>;
    [key: string]: unknown;
};

/**
 * One member of the request that is wrong.
 */
export type ProblemDetail = {
    /**
     * JSON pointer (RFC 6901) into the body, or /query/name, /path/name, /header/name.
     */
    pointer: string;
    /**
     * What is wrong with it.
     */
    message: string;
};

/**
 * Entity tag or HTTP-date of the copy to continue; another one is answered with the whole blob.
 */
export type IfRange = string;

/**
 * One byte range; several are answered with the whole blob.
 */
export type Range = string;

/**
 * HTTP-date; 304 when nothing newer was committed. Whole seconds, so an ETag is safer.
 */
export type IfModifiedSince = string;

/**
 * Entity tags the client holds; 304 when the present one is among them.
 */
export type IfNoneMatch = string;

/**
 * A value of the client's choice, the same for every retry of one request.
 */
export type IdempotencyKey = string;

/**
 * The backup's id.
 */
export type BackupId = string;

export type RegisterData = {
    /**
     * The new account's credentials.
     */
    body: RegisterRequest;
    path?: never;
    query?: never;
    url: '/auth/register';
};

export type RegisterErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type RegisterError = RegisterErrors[keyof RegisterErrors];

export type RegisterResponses = {
    /**
     * The account exists; these are the tokens of its first session.
     */
    201: AuthTokens;
};

export type RegisterResponse = RegisterResponses[keyof RegisterResponses];

export type LoginData = {
    /**
     * The account's credentials.
     */
    body: LoginRequest;
    path?: never;
    query?: never;
    url: '/auth/login';
};

export type LoginErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type LoginError = LoginErrors[keyof LoginErrors];

export type LoginResponses = {
    /**
     * The tokens of a new session.
     */
    200: AuthTokens;
};

export type LoginResponse = LoginResponses[keyof LoginResponses];

export type RefreshTokensData = {
    /**
     * The refresh token to spend.
     */
    body: RefreshRequest;
    headers?: {
        /**
         * A value of the client's choice, the same for every retry of one request.
         */
        'Idempotency-Key'?: string;
    };
    path?: never;
    query?: never;
    url: '/auth/refresh';
};

export type RefreshTokensErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type RefreshTokensError = RefreshTokensErrors[keyof RefreshTokensErrors];

export type RefreshTokensResponses = {
    /**
     * The new tokens of the same session.
     */
    200: AuthTokens;
};

export type RefreshTokensResponse = RefreshTokensResponses[keyof RefreshTokensResponses];

export type LogoutData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * End every session of the account, not only this one.
         */
        all?: boolean;
    };
    url: '/auth/logout';
};

export type LogoutErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type LogoutError = LogoutErrors[keyof LogoutErrors];

export type LogoutResponses = {
    /**
     * The session has ended.
     */
    200: Ok;
};

export type LogoutResponse = LogoutResponses[keyof LogoutResponses];

export type GetMeData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/auth/me';
};

export type GetMeErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type GetMeError = GetMeErrors[keyof GetMeErrors];

export type GetMeResponses = {
    /**
     * The account.
     */
    200: UserProfile;
};

export type GetMeResponse = GetMeResponses[keyof GetMeResponses];

export type RequestAccountDeletionData = {
    /**
     * The password, as proof.
     */
    body: DeletionRequest;
    path?: never;
    query?: never;
    url: '/auth/me/deletion';
};

export type RequestAccountDeletionErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type RequestAccountDeletionError = RequestAccountDeletionErrors[keyof RequestAccountDeletionErrors];

export type RequestAccountDeletionResponses = {
    /**
     * The deletion is accepted and will be carried out.
     */
    202: Ok;
};

export type RequestAccountDeletionResponse = RequestAccountDeletionResponses[keyof RequestAccountDeletionResponses];

export type ChangePasswordData = {
    /**
     * The present and the new password.
     */
    body: PasswordChange;
    path?: never;
    query?: never;
    url: '/auth/password';
};

export type ChangePasswordErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ChangePasswordError = ChangePasswordErrors[keyof ChangePasswordErrors];

export type ChangePasswordResponses = {
    /**
     * The new password holds.
     */
    200: Ok;
};

export type ChangePasswordResponse = ChangePasswordResponses[keyof ChangePasswordResponses];

export type ListSessionsData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/auth/sessions';
};

export type ListSessionsErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ListSessionsError = ListSessionsErrors[keyof ListSessionsErrors];

export type ListSessionsResponses = {
    /**
     * The open sessions.
     */
    200: SessionList;
};

export type ListSessionsResponse = ListSessionsResponses[keyof ListSessionsResponses];

export type EndSessionData = {
    body?: never;
    path: {
        /**
         * The session's id.
         */
        id: string;
    };
    query?: never;
    url: '/auth/sessions/{id}';
};

export type EndSessionErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type EndSessionError = EndSessionErrors[keyof EndSessionErrors];

export type EndSessionResponses = {
    /**
     * The session has ended.
     */
    200: Ok;
};

export type EndSessionResponse = EndSessionResponses[keyof EndSessionResponses];

export type ChatData = {
    /**
     * The message and what the agents may work on.
     */
    body: ChatRequest;
    path?: never;
    query?: never;
    url: '/chat';
};

export type ChatErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ChatError = ChatErrors[keyof ChatErrors];

export type ChatResponses = {
    /**
     * The agents' answer, or the plan to reach it.
     */
    200: ChatReply;
};

export type ChatResponse2 = ChatResponses[keyof ChatResponses];

export type ListPlaybooksData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/plans/playbook';
};

export type ListPlaybooksErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ListPlaybooksError = ListPlaybooksErrors[keyof ListPlaybooksErrors];

export type ListPlaybooksResponses = {
    /**
     * The playbooks.
     */
    200: PlaybookList;
};

export type ListPlaybooksResponse = ListPlaybooksResponses[keyof ListPlaybooksResponses];

export type GetPlaybookData = {
    body?: never;
    path: {
        /**
         * The playbook's id.
         */
        plan_id: string;
    };
    query?: never;
    url: '/plans/playbook/{plan_id}';
};

export type GetPlaybookErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type GetPlaybookError = GetPlaybookErrors[keyof GetPlaybookErrors];

export type GetPlaybookResponses = {
    /**
     * The playbook.
     */
    200: ExecutionPlan;
};

export type GetPlaybookResponse = GetPlaybookResponses[keyof GetPlaybookResponses];

export type RunStepData = {
    /**
     * The template and what to fill it with.
     */
    body: StepRequest;
    path?: never;
    query?: never;
    url: '/plans/steps';
};

export type RunStepErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type RunStepError = RunStepErrors[keyof RunStepErrors];

export type RunStepResponses = {
    /**
     * What the step generated.
     */
    200: StepResult;
};

export type RunStepResponse = RunStepResponses[keyof RunStepResponses];

export type GetLatestBackupData = {
    body?: never;
    headers?: {
        /**
         * Entity tags the client holds; 304 when the present one is among them.
         */
        'If-None-Match'?: string;
        /**
         * HTTP-date; 304 when nothing newer was committed. Whole seconds, so an ETag is safer.
         */
        'If-Modified-Since'?: string;
        /**
         * One byte range; several are answered with the whole blob.
         */
        Range?: string;
        /**
         * Entity tag or HTTP-date of the copy to continue; another one is answered with the whole blob.
         */
        'If-Range'?: string;
    };
    path?: never;
    query?: never;
    url: '/backup';
};

export type GetLatestBackupErrors = {
    /**
     * No byte of the range asked for exists.
     */
    416: Problem;
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type GetLatestBackupError = GetLatestBackupErrors[keyof GetLatestBackupErrors];

export type GetLatestBackupResponses = {
    /**
     * The whole blob.
     */
    200: BackupBlob;
    /**
     * The range asked for.
     */
    206: BackupBlob;
};

export type GetLatestBackupResponse = GetLatestBackupResponses[keyof GetLatestBackupResponses];

export type HeadLatestBackupData = {
    body?: never;
    headers?: {
        /**
         * Entity tags the client holds; 304 when the present one is among them.
         */
        'If-None-Match'?: string;
        /**
         * HTTP-date; 304 when nothing newer was committed. Whole seconds, so an ETag is safer.
         */
        'If-Modified-Since'?: string;
    };
    path?: never;
    query?: never;
    url: '/backup';
};

export type HeadLatestBackupErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type HeadLatestBackupError = HeadLatestBackupErrors[keyof HeadLatestBackupErrors];

export type HeadLatestBackupResponses = {
    /**
     * The whole blob's headers.
     */
    200: unknown;
};

export type PutBackupData = {
    /**
     * The encrypted blob, as it is.
     */
    body: BackupBlob;
    headers: {
        /**
         * Version of the client's backup format.
         */
        'X-Backup-Version': number;
        /**
         * When the client made the backup, in milliseconds since the Unix epoch. More than 24 hours ahead is refused with
         * 422 `timestamp_in_future`.
         *
         */
        'X-Backup-Timestamp': number;
        /**
         * SHA-256 of the blob in 64 hexadecimal digits. Another one arriving is 422 `checksum_mismatch`.
         */
        'X-Backup-Checksum': string;
        /**
         * How many chunks the client packed into the blob; kept as told.
         */
        'X-Backup-Chunk-Count'?: number;
        /**
         * Size of the blob in bytes, needed where the body is sent without `Content-Length`.
         */
        'X-Backup-Size'?: number;
        /**
         * Size of the body in bytes, set by the HTTP client; it and `X-Backup-Size` must agree where both are there.
         */
        'Content-Length'?: number;
        /**
         * A value of the client's choice, the same for every retry of one request.
         */
        'Idempotency-Key'?: string;
    };
    path?: never;
    query?: never;
    url: '/backup';
};

export type PutBackupErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type PutBackupError = PutBackupErrors[keyof PutBackupErrors];

export type PutBackupResponses = {
    /**
     * The backup is stored and counts as the latest.
     */
    200: BackupStored;
};

export type PutBackupResponse = PutBackupResponses[keyof PutBackupResponses];

export type ListBackupHistoryData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * At most so many entries.
         */
        limit?: number;
        /**
         * Only backups older than the one of this id.
         */
        before?: string;
    };
    url: '/backup/history';
};

export type ListBackupHistoryErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ListBackupHistoryError = ListBackupHistoryErrors[keyof ListBackupHistoryErrors];

export type ListBackupHistoryResponses = {
    /**
     * The backups.
     */
    200: BackupList;
};

export type ListBackupHistoryResponse = ListBackupHistoryResponses[keyof ListBackupHistoryResponses];

export type DeleteBackupData = {
    body?: never;
    path: {
        /**
         * The backup's id.
         */
        backup_id: string;
    };
    query?: never;
    url: '/backup/{backup_id}';
};

export type DeleteBackupErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type DeleteBackupError = DeleteBackupErrors[keyof DeleteBackupErrors];

export type DeleteBackupResponses = {
    /**
     * The backup is gone.
     */
    200: Ok;
};

export type DeleteBackupResponse = DeleteBackupResponses[keyof DeleteBackupResponses];

export type GetBackupData = {
    body?: never;
    headers?: {
        /**
         * Entity tags the client holds; 304 when the present one is among them.
         */
        'If-None-Match'?: string;
        /**
         * HTTP-date; 304 when nothing newer was committed. Whole seconds, so an ETag is safer.
         */
        'If-Modified-Since'?: string;
        /**
         * One byte range; several are answered with the whole blob.
         */
        Range?: string;
        /**
         * Entity tag or HTTP-date of the copy to continue; another one is answered with the whole blob.
         */
        'If-Range'?: string;
    };
    path: {
        /**
         * The backup's id.
         */
        backup_id: string;
    };
    query?: never;
    url: '/backup/{backup_id}';
};

export type GetBackupErrors = {
    /**
     * No byte of the range asked for exists.
     */
    416: Problem;
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type GetBackupError = GetBackupErrors[keyof GetBackupErrors];

export type GetBackupResponses = {
    /**
     * The whole blob.
     */
    200: BackupBlob;
    /**
     * The range asked for.
     */
    206: BackupBlob;
};

export type GetBackupResponse = GetBackupResponses[keyof GetBackupResponses];

export type HeadBackupData = {
    body?: never;
    headers?: {
        /**
         * Entity tags the client holds; 304 when the present one is among them.
         */
        'If-None-Match'?: string;
        /**
         * HTTP-date; 304 when nothing newer was committed. Whole seconds, so an ETag is safer.
         */
        'If-Modified-Since'?: string;
    };
    path: {
        /**
         * The backup's id.
         */
        backup_id: string;
    };
    query?: never;
    url: '/backup/{backup_id}';
};

export type HeadBackupErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type HeadBackupError = HeadBackupErrors[keyof HeadBackupErrors];

export type HeadBackupResponses = {
    /**
     * The whole blob's headers.
     */
    200: unknown;
};

export type ListTiersData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/billing/tiers';
};

export type ListTiersErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ListTiersError = ListTiersErrors[keyof ListTiersErrors];

export type ListTiersResponses = {
    /**
     * The plans.
     */
    200: TierList;
};

export type ListTiersResponse = ListTiersResponses[keyof ListTiersResponses];

export type CreateCheckoutData = {
    /**
     * The plan to buy.
     */
    body: CheckoutRequest;
    path?: never;
    query?: never;
    url: '/billing/checkout';
};

export type CreateCheckoutErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type CreateCheckoutError = CreateCheckoutErrors[keyof CreateCheckoutErrors];

export type CreateCheckoutResponses = {
    /**
     * Where to send the user.
     */
    200: CheckoutSession;
};

export type CreateCheckoutResponse = CreateCheckoutResponses[keyof CreateCheckoutResponses];

export type CreatePortalData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/billing/portal';
};

export type CreatePortalErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type CreatePortalError = CreatePortalErrors[keyof CreatePortalErrors];

export type CreatePortalResponses = {
    /**
     * Where to send the user.
     */
    200: PortalSession;
};

export type CreatePortalResponse = CreatePortalResponses[keyof CreatePortalResponses];

export type ReceiveStripeEventData = {
    /**
     * The raw bytes of an event of Stripe's API, as Stripe signed them.
     */
    body: unknown;
    headers?: {
        /**
         * Stripe's signature of the raw body; an event without it is answered 400 `signature_invalid`.
         */
        'Stripe-Signature'?: string;
    };
    path?: never;
    query?: never;
    url: '/billing/webhook';
};

export type ReceiveStripeEventErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ReceiveStripeEventError = ReceiveStripeEventErrors[keyof ReceiveStripeEventErrors];

export type ReceiveStripeEventResponses = {
    /**
     * The event is noted.
     */
    200: Ok;
};

export type ReceiveStripeEventResponse = ReceiveStripeEventResponses[keyof ReceiveStripeEventResponses];

export type CancelSubscriptionData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * End the subscription now instead of at the end of the paid period.
         */
        immediately?: boolean;
    };
    url: '/billing/subscription';
};

export type CancelSubscriptionErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type CancelSubscriptionError = CancelSubscriptionErrors[keyof CancelSubscriptionErrors];

export type CancelSubscriptionResponses = {
    /**
     * The subscription ends as asked.
     */
    200: Ok;
};

export type CancelSubscriptionResponse = CancelSubscriptionResponses[keyof CancelSubscriptionResponses];

export type GetSubscriptionData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/billing/subscription';
};

export type GetSubscriptionErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type GetSubscriptionError = GetSubscriptionErrors[keyof GetSubscriptionErrors];

export type GetSubscriptionResponses = {
    /**
     * The subscription.
     */
    200: Subscription;
};

export type GetSubscriptionResponse = GetSubscriptionResponses[keyof GetSubscriptionResponses];

export type ListAgentsData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/agents';
};

export type ListAgentsErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ListAgentsError = ListAgentsErrors[keyof ListAgentsErrors];

export type ListAgentsResponses = {
    /**
     * The agents.
     */
    200: AgentList;
};

export type ListAgentsResponse = ListAgentsResponses[keyof ListAgentsResponses];

export type GetHealthData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/health';
};

export type GetHealthErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type GetHealthError = GetHealthErrors[keyof GetHealthErrors];

export type GetHealthResponses = {
    /**
     * The process is alive.
     */
    200: Health;
};

export type GetHealthResponse = GetHealthResponses[keyof GetHealthResponses];
