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
     * The server's version.
     */
    version: string;
};

/**
 * Everything that is kept of an account. Lists are complete. Rows have the columns of the service's tables without the secret ones; times are in milliseconds since the Unix epoch. Members may be added.
 */
export type AccountExport = {
    /**
     * When the export was made, in milliseconds since the Unix epoch.
     */
    exported_at: number;
    /**
     * The account: address, plan and times.
     */
    account: {
        [key: string]: unknown;
    };
    /**
     * Sessions, ended ones included.
     */
    sessions: Array<{
        [key: string]: unknown;
    }>;
    /**
     * API keys, revoked ones included.
     */
    keys: Array<{
        [key: string]: unknown;
    }>;
    /**
     * The second factor, without its secret.
     */
    second_factors: Array<{
        [key: string]: unknown;
    }>;
    /**
     * Passkeys.
     */
    passkeys: Array<{
        [key: string]: unknown;
    }>;
    /**
     * Events, as GET /auth/events lists them.
     */
    events: Array<{
        [key: string]: unknown;
    }>;
    /**
     * When the account signed in from networks that are known to it. The networks are kept as keyed hashes.
     */
    known_networks: Array<{
        [key: string]: unknown;
    }>;
    /**
     * Subscriptions.
     */
    subscriptions: Array<{
        [key: string]: unknown;
    }>;
    /**
     * The team that the account is in.
     */
    memberships: Array<{
        [key: string]: unknown;
    }>;
    /**
     * Invitations into teams that were mailed to the account's address, without their codes.
     */
    invitations: Array<{
        [key: string]: unknown;
    }>;
    /**
     * Sign-ins of providers that are linked to the account.
     */
    sso_links: Array<{
        [key: string]: unknown;
    }>;
    /**
     * Metadata of backups, deleted ones included.
     */
    backups: Array<{
        [key: string]: unknown;
    }>;
    /**
     * Bytes of backups.
     */
    backup_usage: Array<{
        [key: string]: unknown;
    }>;
    /**
     * Tokens of language models by day.
     */
    token_usage: Array<{
        [key: string]: unknown;
    }>;
};

/**
 * Events, newest first.
 */
export type AuthEventList = Array<AuthEvent>;

/**
 * Something that happened to the account.
 */
export type AuthEvent = {
    /**
     * The event's id.
     */
    id: string;
    /**
     * When it happened, in milliseconds since the Unix epoch.
     */
    at: number;
    /**
     * What happened: `registered`, `signed_in`, `sign_in_refused` (a wrong password), `sign_in_blocked` (too many wrong passwords), `signed_out`, `signed_out_everywhere`, `session_ended`, `session_reused` (an old refresh token was used, so the session ended), `password_changed`, `password_reset` (with a mailed code), `email_changed`, `password_refused` (a wrong current password), `second_factor_asked` (the password was right), `second_factor_refused` (a wrong code), `second_factor_added`, `second_factor_removed`, `second_factor_reset` (by an operator), `recovery_code_used`, `passkey_added`, `passkey_removed`, `passkey_refused` (it looks copied), `key_created`, `key_revoked`, `keys_revoked` (all), `sessions_revoked` (by an operator), `deletion_requested`, `team_invited` (this account invited somebody), `team_invitation_revoked`, `team_joined`, `team_left`, `team_member_removed` (by this account), `team_removed` (by somebody else), `team_role_changed`, `team_handed_over`, `team_owned` (this account became the owner), `team_ended`, `team_sso_changed` and `team_sso_removed` (by this account), `sso_linked` (a provider's sign-in to this account), `sso_refused` (it may not sign in). More may be added.
     */
    kind: string;
    /**
     * The network that it came from: the /24 of an IPv4 address, the /48 of an IPv6 address. Empty if unknown.
     */
    network: string;
    /**
     * The kind of program and system, such as `Firefox on Windows`. Empty if unknown.
     */
    device: string;
    /**
     * The session, the API key, the passkey, the team, its invitation, the link or the other account that it is about; absent if there is none.
     */
    subject_id?: string;
};

/**
 * Who is to own the team.
 */
export type TeamOwnerRequest = {
    /**
     * The account of a member or an admin.
     */
    user_id: string;
    /**
     * The password of the present owner.
     */
    password: string;
};

/**
 * A domain, and what proves that it is the team's.
 */
export type TeamSsoDomain = {
    /**
     * The domain name, in ASCII and lower case.
     */
    domain: string;
    /**
     * The name of the TXT record.
     */
    record: string;
    /**
     * What the TXT record has to hold. It is no secret.
     */
    token: string;
    /**
     * `pending` while the record is missing, `proved` when the domain counts, `taken` while another team has proved the domain.
     */
    state: 'pending' | 'proved' | 'taken';
    /**
     * When the record was last looked up, in milliseconds since the Unix epoch; absent before the first time.
     */
    checked_at?: number;
};

/**
 * The provider that a team signs in with, without its secret.
 */
export type TeamSso = {
    /**
     * The provider's issuer.
     */
    issuer: string;
    /**
     * What the provider knows this service by.
     */
    client_id: string;
    /**
     * The domains, in alphabetical order.
     */
    domains: Array<TeamSsoDomain>;
    /**
     * Whether members with an address of a proved domain can sign in with the provider only.
     */
    required: boolean;
    /**
     * The redirect URI to register with the provider.
     */
    callback_url: string;
    /**
     * When it was last set, in milliseconds since the Unix epoch.
     */
    updated_at: number;
};

/**
 * The provider that a team signs in with.
 */
export type TeamSsoRequest = {
    /**
     * The provider's issuer, as its discovery document has it: an https URL without a query or a fragment.
     */
    issuer: string;
    /**
     * What the provider knows this service by.
     */
    client_id: string;
    /**
     * The client's secret. It is kept encrypted and never returned. Leave it out to keep the present one, as long as issuer and client are the same.
     */
    client_secret?: string;
    /**
     * The domains whose addresses sign in with the provider. A domain that is left out does not count any more; one that stays keeps its token.
     */
    domains: Array<string>;
    /**
     * Whether members with an address of a proved domain can sign in with the provider only.
     */
    required?: boolean;
};

/**
 * Proves that an account is the person's own. Send `password` or `code`.
 */
export type SsoLinkRequest = {
    ticket: SsoTicket;
    /**
     * The account's password.
     */
    password?: string;
    /**
     * The code of 8 digits that POST /auth/sso/link/code has mailed. Spaces are ignored.
     */
    code?: string;
    /**
     * Where a second factor guards the account: a code of the authenticator app or a recovery code.
     */
    second_factor?: string;
};

/**
 * The `ticket` of a 401 `link_required`.
 */
export type SsoTicket = string;

/**
 * A ticket to mail a code for.
 */
export type SsoTicketRequest = {
    ticket: SsoTicket;
};

/**
 * Exchanges the code of a sign-in with a provider.
 */
export type SsoTokenRequest = {
    /**
     * The `code` that the app got at its `redirect_uri`.
     */
    code: string;
    /**
     * The random text of which the sign-in's `code_challenge` is the hash: 43 to 128 of `A-Z a-z 0-9 - . _ ~`.
     */
    code_verifier: string;
};

/**
 * The operator's providers, in the operator's order.
 */
export type SsoProviderList = Array<SsoProvider>;

/**
 * A provider that everybody can sign in with.
 */
export type SsoProvider = {
    /**
     * What GET /auth/sso/start takes as `provider`.
     */
    name: string;
};

/**
 * An invitation's code.
 */
export type TeamJoinRequest = {
    /**
     * The code from the mail: 12 letters and digits. Case, spaces and hyphens make no difference.
     */
    code: string;
};

/**
 * Open invitations, newest first.
 */
export type TeamInvitationList = Array<TeamInvitation>;

/**
 * An open invitation.
 */
export type TeamInvitation = {
    /**
     * The invitation's id.
     */
    id: string;
    /**
     * The address that was invited.
     */
    email: string;
    /**
     * When it was made, in milliseconds since the Unix epoch.
     */
    created_at: number;
    /**
     * When its code stops working, 7 days later, in milliseconds since the Unix epoch.
     */
    expires_at: number;
};

/**
 * Whom to invite.
 */
export type TeamInvitationRequest = {
    /**
     * The address that the code is mailed to.
     */
    email: string;
};

/**
 * The role of a member.
 */
export type TeamRoleRequest = {
    /**
     * The role to give.
     */
    role: 'admin' | 'member';
};

/**
 * Members of a team, by id.
 */
export type TeamMemberList = Array<TeamMember>;

/**
 * What an account is in its team: the owner pays and hands over, admins invite and remove members, members have the plan.
 */
export const TeamRole = {
    OWNER: 'owner',
    ADMIN: 'admin',
    MEMBER: 'member'
} as const;

/**
 * What an account is in its team: the owner pays and hands over, admins invite and remove members, members have the plan.
 */
export type TeamRole = typeof TeamRole[keyof typeof TeamRole];

/**
 * An account in a team.
 */
export type TeamMember = {
    /**
     * The account's id.
     */
    user_id: string;
    /**
     * The account's address.
     */
    email: string;
    role: TeamRole;
    /**
     * Whether the account has the Team plan. If a team has fewer seats than members, those who joined last have none.
     */
    has_seat: boolean;
    /**
     * When the account joined, in milliseconds since the Unix epoch.
     */
    joined_at: number;
};

/**
 * What to change of a team.
 */
export type TeamUpdate = {
    /**
     * The new name, 1 to 100 characters without control characters.
     */
    name: string;
};

/**
 * A team whose members share a Team plan: its seats, its requests per minute and its tokens of a day.
 */
export type Team = {
    /**
     * The team's id.
     */
    id: string;
    /**
     * The team's name; empty until it was given one.
     */
    name: string;
    role: TeamRole;
    /**
     * Whether a plan pays for the team now. Without one its members have their own plans; the team stays as it is.
     */
    active: boolean;
    /**
     * How many accounts may be in the team by its plan; 0 while it has none.
     */
    seats: number;
    /**
     * How many accounts are in the team, with the owner.
     */
    members: number;
    /**
     * How many invitations are open. Each holds a seat.
     */
    open_invitations: number;
    /**
     * When the team was made, in milliseconds since the Unix epoch.
     */
    created_at: number;
};

/**
 * API keys, newest first.
 */
export type KeyList = Array<Key>;

/**
 * A group of operations that an API key may use: `chat` (chat, stream, batch, compact, models), `plans`, `agents`, `backup:read`, `backup:write`, `usage:read`, `profile:read` (GET /auth/me). More may be added.
 */
export const KeyScope = {
    CHAT: 'chat',
    PLANS: 'plans',
    AGENTS: 'agents',
    BACKUP_READ: 'backup:read',
    BACKUP_WRITE: 'backup:write',
    USAGE_READ: 'usage:read',
    PROFILE_READ: 'profile:read'
} as const;

/**
 * A group of operations that an API key may use: `chat` (chat, stream, batch, compact, models), `plans`, `agents`, `backup:read`, `backup:write`, `usage:read`, `profile:read` (GET /auth/me). More may be added.
 */
export type KeyScope = typeof KeyScope[keyof typeof KeyScope];

/**
 * What the key may do. Each scope once.
 */
export type KeyScopes = Array<KeyScope>;

/**
 * An API key, without the key itself.
 */
export type Key = {
    /**
     * The key's id.
     */
    id: string;
    /**
     * The name that its owner gave it.
     */
    name: string;
    /**
     * The first characters of the key, to tell keys apart.
     */
    prefix: string;
    scopes: KeyScopes;
    /**
     * When the key was created, in milliseconds since the Unix epoch.
     */
    created_at: number;
    /**
     * When the key stops working; absent for one that does not expire, in milliseconds since the Unix epoch.
     */
    expires_at?: number;
    /**
     * When the key was last used, to the hour; absent if it was not, in milliseconds since the Unix epoch.
     */
    last_used_at?: number;
};

/**
 * A new API key. `key` is shown this once: only its hash is kept.
 */
export type CreatedKey = {
    /**
     * The key's id.
     */
    id: string;
    /**
     * The name that its owner gave it.
     */
    name: string;
    /**
     * The first characters of the key, to tell keys apart.
     */
    prefix: string;
    scopes: KeyScopes;
    /**
     * When the key was created, in milliseconds since the Unix epoch.
     */
    created_at: number;
    /**
     * When the key stops working; absent for one that does not expire, in milliseconds since the Unix epoch.
     */
    expires_at?: number;
    /**
     * The key: adv_ and 40 letters and digits, of which the last 6 are a checksum of the others.
     */
    key: string;
};

/**
 * A key to create.
 */
export type KeyRequest = {
    /**
     * What the key is for, 1 to 100 characters without control characters.
     */
    name: string;
    scopes: KeyScopes;
    /**
     * When the key stops working, in milliseconds since the Unix epoch; it does not expire if this is absent.
     */
    expires_at?: number;
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
     * What the agent is for.
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
     * Stripe's status of the subscription; none without a subscription.
     */
    status: 'none' | 'active' | 'trialing' | 'past_due' | 'unpaid' | 'canceled' | 'incomplete' | 'incomplete_expired' | 'paused';
    /**
     * Number of paid seats.
     */
    seats: number;
    /**
     * When the paid period ends, in milliseconds since the Unix epoch; null without a subscription.
     */
    current_period_end: number | null;
    /**
     * Whether the subscription ends with the paid period.
     */
    cancel_at_period_end: boolean;
};

/**
 * A subscription plan. From lowest to highest: free, pro, power, team.
 */
export const BillingTier = {
    FREE: 'free',
    PRO: 'pro',
    POWER: 'power',
    TEAM: 'team'
} as const;

/**
 * A subscription plan. From lowest to highest: free, pro, power, team.
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
     * Number of seats of the team plan, 1 if absent. Other plans have one; more is an error.
     */
    seats?: number;
};

/**
 * The plans, lowest first.
 */
export type TierList = Array<Tier>;

/**
 * What a plan includes; -1 means unlimited.
 */
export type TierFeatures = {
    /**
     * Number of built-in agents; -1 means all.
     */
    agents: number;
    /**
     * Whether POST /chat/batch may be used.
     */
    batch: boolean;
    /**
     * How many of the operator's model providers may answer and be chosen, in the operator's order of preference; -1 means all.
     */
    providers: number;
    /**
     * Backup quota in GB of 10^9 bytes; 0 means no backups, -1 unlimited.
     */
    backup_gb: number;
    /**
     * Whether a request may bring the account's own key of a model provider, as `model.api_key`.
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
     * Requests per minute, multiplied by the seats if per_seat is true.
     */
    requests_per_minute: number;
    /**
     * Monthly price in cents.
     */
    price_cents: number;
    /**
     * ISO 4217 code in lower case.
     */
    currency: string;
    /**
     * Whether the price and the limit apply per seat.
     */
    per_seat: boolean;
};

/**
 * Backups, newest first.
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
     * When the client made the backup, in milliseconds since the Unix epoch.
     */
    timestamp: number;
    /**
     * SHA-256 of the blob, 64 hexadecimal digits.
     */
    checksum: string;
    /**
     * How many chunks the client packed into the blob.
     */
    chunk_count: number;
    /**
     * Size of the blob in bytes.
     */
    size_bytes: number;
    /**
     * When the server committed the backup, in milliseconds since the Unix epoch.
     */
    created_at: number;
};

/**
 * The stored backup.
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
 * The output of a `generate` step.
 */
export type StepResult = {
    /**
     * The generated text or, of a template that makes records, the records as JSON.
     */
    output: string;
    /**
     * Records for the steps that use this one as input, at most 50; empty if the template makes text. A column
     * without a value is absent: leave it out of the action. Null empties the column.
     *
     */
    records: Array<{
        [key: string]: unknown;
    }>;
    /**
     * How many records that the model wrote were dropped, and how many members of the others, because they do not
     * fit; absent if none.
     *
     */
    dropped?: number;
    usage?: Usage;
};

/**
 * Tokens that the language models used for this answer, in all of its calls.
 */
export type Usage = {
    /**
     * Tokens that the models read.
     */
    input_tokens: number;
    /**
     * Tokens that the models wrote, thinking included.
     */
    output_tokens: number;
    /**
     * How often a model was called, the choice of the agent included.
     */
    model_calls: number;
    /**
     * True if a part of the numbers is the server's estimate, because the provider gave none.
     */
    estimated: boolean;
    /**
     * The provider of the last call; empty if it has no name.
     */
    provider: string;
    /**
     * The model of the last call; empty if it has no name.
     */
    model: string;
};

/**
 * A `generate` step to run.
 */
export type StepRequest = {
    /**
     * Id of the prompt template.
     */
    prompt_template: string;
    /**
     * Values of the template's variables.
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
     * IANA or Windows name of the time zone in which the model reads and writes times; UTC if absent.
     */
    timezone?: string;
    model?: ModelChoice;
};

/**
 * Which model answers. Without it, the first provider that the account's plan includes answers, and another one where that fails; what is chosen here is asked alone.
 */
export type ModelChoice = {
    /**
     * A provider of GET /models. Unknown: 422 `model_unknown`; beyond the plan: 403 `tier_required`.
     */
    provider?: string;
    /**
     * A model of GET /models, which answers in place of the provider's default. Unknown: 422 `model_unknown`.
     */
    name?: string;
};

/**
 * The result of a `tool_call`: a ToolResult with `type`.
 */
export type ToolResultFrame = {
    /**
     * The kind of frame.
     */
    type: 'tool_result';
    /**
     * The call's id.
     */
    id: string;
    /**
     * The result, a text of at most 256 KiB; the model is told if it is larger.
     */
    content?: string;
    /**
     * Why the tool failed, for the model.
     */
    error?: string;
    /**
     * True if the person did not agree to the call.
     */
    denied?: true;
};

/**
 * Ends the running answer within a second: `done` with `cancelled` follows, and the socket stays usable. Without a running answer it is ignored.
 */
export type ChatCancel = {
    /**
     * The kind of frame.
     */
    type: 'cancel';
};

/**
 * Asks for a `pong`. Send it before you trust a socket that was idle.
 */
export type ChatPing = {
    /**
     * The kind of frame.
     */
    type: 'ping';
};

/**
 * What a tool does, for people. Clients may translate the list; new labels may be added.
 */
export const ToolLabel = {
    READING_THE_WORKSPACE: 'Reading the workspace',
    SEARCHING_THE_WORKSPACE: 'Searching the workspace',
    CHECKING_THE_CALENDAR: 'Checking the calendar',
    WORKING_WITH_NUMBERS: 'Working with numbers',
    PREPARING_CHANGES: 'Preparing changes',
    DRAFTING_A_MESSAGE: 'Drafting a message',
    ASKING_ANOTHER_AGENT: 'Asking another agent',
    MAKING_A_PLAN: 'Making a plan'
} as const;

/**
 * What a tool does, for people. Clients may translate the list; new labels may be added.
 */
export type ToolLabel = typeof ToolLabel[keyof typeof ToolLabel];

/**
 * What went wrong. It ends the answer, and no `done` follows, unless it has `id` or the code `busy`: then only that frame of the client was refused.
 */
export type ChatEventError = {
    /**
     * The kind of event.
     */
    type: 'error';
    code: ErrorCode;
    /**
     * What happened and what to do about it.
     */
    message: string;
    /**
     * The id of the request, as in `started`.
     */
    request_id: string;
    /**
     * The call whose result was not expected.
     */
    id?: string;
};

/**
 * What went wrong. Codes are stable; `/docs/errors/{code}` explains each. New codes may be added.
 */
export const ErrorCode = {
    INVALID_JSON: 'invalid_json',
    SIGNATURE_INVALID: 'signature_invalid',
    TOKEN_IN_URL: 'token_in_url',
    TOKEN_MISSING: 'token_missing',
    TOKEN_INVALID: 'token_invalid',
    TOKEN_EXPIRED: 'token_expired',
    KEY_EXPIRED: 'key_expired',
    INVALID_CREDENTIALS: 'invalid_credentials',
    SECOND_FACTOR_REQUIRED: 'second_factor_required',
    LINK_REQUIRED: 'link_required',
    SSO_FAILED: 'sso_failed',
    REFRESH_INVALID: 'refresh_invalid',
    REFRESH_REUSED: 'refresh_reused',
    REFRESH_EXPIRED: 'refresh_expired',
    TIER_REQUIRED: 'tier_required',
    ORIGIN_FORBIDDEN: 'origin_forbidden',
    SCOPE_REQUIRED: 'scope_required',
    PASSWORD_WRONG: 'password_wrong',
    ROLE_REQUIRED: 'role_required',
    EMAIL_UNVERIFIED: 'email_unverified',
    SSO_REQUIRED: 'sso_required',
    SIGN_IN_TOO_OLD: 'sign_in_too_old',
    NOT_FOUND: 'not_found',
    METHOD_NOT_ALLOWED: 'method_not_allowed',
    UPLOAD_TOO_SLOW: 'upload_too_slow',
    EMAIL_TAKEN: 'email_taken',
    ALREADY_SUBSCRIBED: 'already_subscribed',
    IDEMPOTENCY_CONFLICT: 'idempotency_conflict',
    BUSY: 'busy',
    TOOL_RESULT_UNEXPECTED: 'tool_result_unexpected',
    UPLOAD_EXPIRED: 'upload_expired',
    BACKUP_CONFLICT: 'backup_conflict',
    TOO_MANY_KEYS: 'too_many_keys',
    SECOND_FACTOR_ACTIVE: 'second_factor_active',
    TOO_MANY_PASSKEYS: 'too_many_passkeys',
    SEATS_EXHAUSTED: 'seats_exhausted',
    ALREADY_MEMBER: 'already_member',
    OWNER_CANNOT_LEAVE: 'owner_cannot_leave',
    LENGTH_REQUIRED: 'length_required',
    PRECONDITION_FAILED: 'precondition_failed',
    BODY_TOO_LARGE: 'body_too_large',
    CONTEXT_TOO_LARGE: 'context_too_large',
    QUOTA_EXCEEDED: 'quota_exceeded',
    UNSUPPORTED_MEDIA_TYPE: 'unsupported_media_type',
    RANGE_NOT_SATISFIABLE: 'range_not_satisfiable',
    EXPECTATION_FAILED: 'expectation_failed',
    VALIDATION_FAILED: 'validation_failed',
    CHECKSUM_MISMATCH: 'checksum_mismatch',
    TIMESTAMP_IN_FUTURE: 'timestamp_in_future',
    CODE_INVALID: 'code_invalid',
    PASSKEY_REFUSED: 'passkey_refused',
    INVITATION_INVALID: 'invitation_invalid',
    MODEL_UNKNOWN: 'model_unknown',
    MODEL_KEY_REFUSED: 'model_key_refused',
    CONTINUATION_INVALID: 'continuation_invalid',
    UPGRADE_REQUIRED: 'upgrade_required',
    RATE_LIMITED: 'rate_limited',
    BUDGET_EXCEEDED: 'budget_exceeded',
    HEADER_TOO_LARGE: 'header_too_large',
    INTERNAL: 'internal',
    NOT_SUPPORTED: 'not_supported',
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
 * What went wrong. Codes are stable; `/docs/errors/{code}` explains each. New codes may be added.
 */
export type ErrorCode = typeof ErrorCode[keyof typeof ErrorCode];

/**
 * The end of an answer.
 */
export type ChatEventDone = {
    /**
     * The kind of event.
     */
    type: 'done';
    /**
     * What the answer is: a `response`, a `plan`, or over HTTP calls of the app's tools (`tool_calls`).
     */
    kind: 'response' | 'plan' | 'tool_calls';
    /**
     * The text of the answer. Empty in a plan.
     */
    response: string;
    /**
     * Changes for the client to carry out, in order; at most 50.
     */
    actions: Array<PlanAction>;
    /**
     * The agent that made the plan.
     */
    agent?: string;
    /**
     * The steps of the plan, in order.
     */
    steps?: Array<PlanStep>;
    /**
     * With the kind `tool_calls`, the calls to run.
     */
    calls?: Array<ToolCall>;
    /**
     * With the kind `tool_calls`, what to send back with the results, as in a ChatResponse.
     */
    continuation?: string;
    proposals?: ProposalList;
    upgrade?: Upgrade;
    usage?: Usage;
    context?: UsedContext;
    /**
     * True if the model stopped at its length limit.
     */
    truncated?: boolean;
    /**
     * True if `response` replaces an answer that must not be shown; show it instead of the text received.
     */
    replaced?: boolean;
    /**
     * True if the client ended the answer with `cancel`: `response` is the text so far, and there are no actions.
     */
    cancelled?: boolean;
};

/**
 * How many turns of `conversation_history` the model has read. The rest did not fit: summarise it with POST /chat/compact, or send less.
 */
export type UsedContext = {
    /**
     * The number of turns read, which are the newest.
     */
    history_used: number;
    /**
     * The number of turns left out, which are the oldest.
     */
    history_dropped: number;
};

/**
 * A feature that the question needs and the account's plan lacks, with the lowest plan that has it.
 */
export type Upgrade = {
    /**
     * What is missing; the name of an agent, for example.
     */
    feature: string;
    tier: BillingTier;
};

/**
 * The row whose text suggested the change, where that is known.
 */
export type ProposalSource = {
    /**
     * The row's table.
     */
    table: string;
    /**
     * The row's id.
     */
    id: string;
};

/**
 * A change like a PlanAction that waits for the person's consent.
 */
export type Proposal = {
    /**
     * The kind of change.
     */
    type: 'create_record' | 'update_record' | 'delete_record' | 'index_document' | 'send_notification';
    /**
     * The table of the client's database; null if the change needs none.
     */
    table: 'tasks' | 'projects' | 'notes' | 'clients' | 'checkpoints' | 'taskComments' | 'events' | 'emails' | null;
    /**
     * As in a PlanAction.
     */
    data: {
        [key: string]: unknown;
    } | null;
    source?: ProposalSource;
};

/**
 * Changes that the person did not clearly ask for, such as what an e-mail asks; at most 50. They are neither among the actions nor among the steps: show them, and carry out only those that the person accepts.
 */
export type ProposalList = Array<Proposal>;

/**
 * A call of a tool that runs in the app.
 */
export type ToolCall = {
    /**
     * The call's id, unique within the answer.
     */
    id: string;
    /**
     * The tool's name in `client_tools`.
     */
    name: string;
    /**
     * The arguments, as the model wrote them. They fit the tool's schema.
     */
    arguments: {
        [key: string]: unknown;
    };
};

/**
 * One step of a plan.
 */
export type PlanStep = {
    /**
     * `generate` (run with POST /plans/steps), `select` (the client reads rows) or a type of PlanAction.
     */
    action: string;
    /**
     * Id of the prompt template of a `generate` step. Its text stays on the server.
     */
    prompt_template?: string;
    /**
     * Values of the template's variables. Others than the template has are an error.
     */
    variables?: {
        [key: string]: unknown;
    };
    /**
     * Index, from 0, of the earlier step whose records are the input of this one. An action is carried out once per record.
     */
    data_from_step?: number;
    /**
     * The table of the client's database.
     */
    table?: string;
    /**
     * Column names and values; a row is selected if it equals all of them.
     */
    filter?: {
        [key: string]: unknown;
    };
    /**
     * Columns of the client's database. Each placeholder {{column}} is filled from the source step's record. In a longer text it is inserted as text. If it is the whole value, it keeps the column's type, so numbers, lists and null stay as they are; where the record does not have the column, leave the member out of the action.
     */
    data?: {
        [key: string]: unknown;
    };
};

/**
 * One change for the client to carry out. create_record has no id; update_record and delete_record have data.id, the id of a row in the request's context.
 */
export type PlanAction = {
    /**
     * The kind of change.
     */
    type: 'create_record' | 'update_record' | 'delete_record' | 'index_document' | 'send_notification';
    /**
     * The table of the client's database; null if the action needs none.
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
 * The answer to a client's `ping`.
 */
export type ChatEventPong = {
    /**
     * The kind of event.
     */
    type: 'pong';
};

/**
 * The answer is still being made. Sent every 10 seconds while an answer runs.
 */
export type ChatEventHeartbeat = {
    /**
     * The kind of event.
     */
    type: 'heartbeat';
};

/**
 * The model calls a tool of the app. On the WebSocket, answer with a ToolResultFrame within 60 seconds; over HTTP the calls come with `done`.
 */
export type ChatEventToolCall = {
    /**
     * The kind of event.
     */
    type: 'tool_call';
    /**
     * The call's id, unique within the answer.
     */
    id: string;
    /**
     * The tool's name in `client_tools`.
     */
    name: string;
    /**
     * The arguments, as the model wrote them. They fit the tool's schema.
     */
    arguments: {
        [key: string]: unknown;
    };
};

/**
 * A change that the answer proposes. `done` has all of them again.
 */
export type ChatEventAction = {
    /**
     * The kind of event.
     */
    type: 'action';
    action: PlanAction;
};

/**
 * A piece of the answer's text. All pieces joined are the `response` of `done`, unless that says `replaced`.
 */
export type ChatEventText = {
    /**
     * The kind of event.
     */
    type: 'text';
    /**
     * The piece, never empty.
     */
    delta: string;
};

/**
 * An agent uses one of the server's tools.
 */
export type ChatEventTool = {
    /**
     * The kind of event.
     */
    type: 'tool';
    /**
     * The tool's name.
     */
    name: string;
    label: ToolLabel;
    /**
     * `running` when it begins, then `done` or `failed`.
     */
    state: 'running' | 'done' | 'failed';
};

/**
 * An agent begins to work. Agents that another agent asks send none.
 */
export type ChatEventAgent = {
    /**
     * The kind of event.
     */
    type: 'agent';
    /**
     * The agent's name, as in GET /agents.
     */
    name: string;
    /**
     * Its place among the agents of this answer, from 1.
     */
    index: number;
    /**
     * How many agents work on this answer, one after the other.
     */
    of: number;
};

/**
 * The answer has begun. No model was asked yet.
 */
export type ChatEventStarted = {
    /**
     * The kind of event.
     */
    type: 'started';
    /**
     * The id of this request, also in the server's log. Each request of a socket has its own.
     */
    request_id: string;
};

/**
 * An event of an answer, in version 2 of the stream and in server-sent events. New types may be added: ignore those that you do not know.
 */
export type ChatStreamEvent = ({
    type: 'started';
} & ChatEventStarted) | ({
    type: 'agent';
} & ChatEventAgent) | ({
    type: 'tool';
} & ChatEventTool) | ({
    type: 'text';
} & ChatEventText) | ({
    type: 'action';
} & ChatEventAction) | ({
    type: 'tool_call';
} & ChatEventToolCall) | ({
    type: 'heartbeat';
} & ChatEventHeartbeat) | ({
    type: 'pong';
} & ChatEventPong) | ({
    type: 'done';
} & ChatEventDone) | ({
    type: 'error';
} & ChatEventError);

/**
 * The last frame of a failed answer. The socket is then closed.
 */
export type ChatStreamError = {
    /**
     * Always true: this is the last frame of the answer.
     */
    done: boolean;
    error: ChatStreamFailure;
};

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
     * The request id of the handshake or of the message.
     */
    request_id: string;
};

/**
 * The only frame of an answer in plan mode.
 */
export type ChatStreamPlan = {
    /**
     * Always true: this is the last frame of the answer.
     */
    done: boolean;
    /**
     * What this answer is, a response or a plan.
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
    proposals?: ProposalList;
    upgrade?: Upgrade;
    usage?: Usage;
    context?: UsedContext;
};

/**
 * The last frame of a direct answer. The token frames before it, joined, equal response, unless replaced is true.
 */
export type ChatStreamDone = {
    /**
     * Always true: this is the last frame of the answer.
     */
    done: boolean;
    /**
     * What this answer is, a response or a plan.
     */
    kind: 'response';
    /**
     * The text of the answer.
     */
    response: string;
    /**
     * Changes for the client to carry out, in order; at most 50.
     */
    actions: Array<PlanAction>;
    /**
     * True if the model stopped at its length limit.
     */
    truncated?: boolean;
    /**
     * True if this text replaces an answer that must not be shown; show it instead of any tokens received.
     */
    replaced?: boolean;
    proposals?: ProposalList;
    upgrade?: Upgrade;
    usage?: Usage;
    context?: UsedContext;
};

/**
 * Tokens of the day.
 */
export type TokenUsage = {
    /**
     * The last midnight UTC, in milliseconds since the Unix epoch.
     */
    period_start: number;
    /**
     * The next midnight UTC, when the count starts again, in milliseconds since the Unix epoch.
     */
    period_end: number;
    /**
     * Tokens used since period_start, read and written ones.
     */
    tokens_used: number;
    /**
     * Tokens that the plan has for a day; -1 means no limit. Team has them for each seat, and this is their sum.
     */
    tokens_limit: number;
    /**
     * How many requests have used a model since period_start. An item of a batch counts as one.
     */
    requests: number;
};

/**
 * The summary of a conversation.
 */
export type CompactReply = {
    /**
     * What the turns say, in at most some 800 words.
     */
    summary: string;
    /**
     * True if the model stopped at its length limit.
     */
    truncated?: boolean;
    /**
     * True if this text replaces a summary that must not be shown; keep the turns instead.
     */
    replaced?: boolean;
    usage: Usage;
    context: UsedContext;
};

/**
 * A conversation to summarise.
 */
export type CompactRequest = {
    /**
     * The turns, oldest first.
     */
    conversation_history: Array<ConversationTurn>;
};

/**
 * One message of the conversation so far.
 */
export type ConversationTurn = {
    /**
     * Who wrote it.
     */
    role: 'user' | 'assistant';
    /**
     * The message's text.
     */
    content: string;
};

/**
 * The results of a batch.
 */
export type BatchReply = {
    /**
     * One result for each request, in their order.
     */
    results: Array<BatchResult>;
};

/**
 * A member of the request that is invalid.
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
 * An error (RFC 9457). Some codes add members of their own, such as limit_bytes.
 */
export type Problem = {
    /**
     * URL of the page that explains the code.
     */
    type: string;
    /**
     * A short name of the problem, the same for every error with this code.
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
     * The path of the request.
     */
    instance: string;
    code: ErrorCode;
    /**
     * The request's id, as in X-Request-Id.
     */
    request_id: string;
    /**
     * For second_factor_required: send it with a code to POST /auth/login/second-factor within 5 minutes. For link_required: send it with the account's password or a mailed code to POST /auth/sso/link within 10 minutes.
     */
    ticket?: string;
    /**
     * For scope_required: the scope that the API key lacks, or `none` where no key is accepted.
     */
    required_scope?: string;
    /**
     * For role_required: the roles of a team that may do it.
     */
    required_role?: Array<TeamRole>;
    /**
     * Every invalid member, for validation_failed.
     */
    errors?: Array<ProblemDetail>;
    [key: string]: unknown;
};

/**
 * Steps for the client to carry out. Playbooks also have id, title, description and tier.
 */
export type ExecutionPlan = {
    /**
     * What this answer is, a response or a plan.
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
    proposals?: ProposalList;
    upgrade?: Upgrade;
    usage?: Usage;
    context?: UsedContext;
};

/**
 * The agents' answer.
 */
export type ChatResponse = {
    /**
     * What this answer is: a complete `response`, or `tool_calls`, calls of the app's tools, which only requests with `client_tools` get.
     */
    kind: 'response' | 'tool_calls';
    /**
     * The text of the answer. With `tool_calls` it is the text so far, often empty, and the text of the next answer follows it.
     */
    response: string;
    /**
     * Changes for the client to carry out, in order; at most 50. Empty with `tool_calls`: they come with the complete answer.
     */
    actions: Array<PlanAction>;
    /**
     * With `tool_calls`, the calls to run, in order.
     */
    calls?: Array<ToolCall>;
    /**
     * With `tool_calls`, what to send back with the results within 10 minutes. It is sealed and bound to the account and its plan. Sending it twice runs the rest of the answer twice.
     */
    continuation?: string;
    /**
     * True if the model stopped at its length limit.
     */
    truncated?: boolean;
    /**
     * True if this text replaces an answer that must not be shown; show it instead of any tokens received.
     */
    replaced?: boolean;
    proposals?: ProposalList;
    upgrade?: Upgrade;
    usage?: Usage;
    context?: UsedContext;
};

/**
 * The agents' answer, a plan, or calls of the app's tools. `kind` is required in each and has another value in each.
 */
export type ChatReply = ChatResponse | ExecutionPlan;

/**
 * What POST /chat would have answered to one of the requests: a response or a problem.
 */
export type BatchResult = {
    /**
     * The HTTP status that POST /chat would have had: 200 with response, any other with problem.
     */
    status: number;
    response?: ChatReply;
    problem?: Problem;
    /**
     * For a problem with status 429 or 503: how many seconds to wait, as the Retry-After header says.
     */
    retry_after?: number;
};

/**
 * Questions to answer at once.
 */
export type BatchRequest = {
    /**
     * The questions. Each is validated by itself.
     */
    requests: Array<ChatRequest>;
};

/**
 * What came of a call: exactly one of `content`, `error` and `denied`.
 */
export type ToolResult = {
    /**
     * The call's id.
     */
    id: string;
    /**
     * The result, a text of at most 256 KiB; the model is told if it is larger.
     */
    content?: string;
    /**
     * Why the tool failed, for the model.
     */
    error?: string;
    /**
     * True if the person did not agree to the call.
     */
    denied?: true;
};

/**
 * A tool that runs in the app. The model sees its name, description and parameters; what the description says is data to it and no instruction.
 */
export type ClientTool = {
    /**
     * The name by which it is called. `query_rows`, `search_documents` and `memory` are those of the client library.
     */
    name: string;
    /**
     * What it does and when to use it.
     */
    description: string;
    /**
     * JSON schema of the arguments, an object: `type`, `properties`, `required`, `items`, `enum`, `description`, `minimum`, `maximum`, `minLength`, `maxLength`, `minItems`, `maxItems`, `additionalProperties`.
     */
    parameters: {
        [key: string]: unknown;
    };
    /**
     * The app asks the person before it runs the tool. The server only passes this on.
     */
    needs_approval?: boolean;
};

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
     * Another spelling of `thread_id`, which wins.
     */
    threadId?: string | null;
    /**
     * The sender.
     */
    from?: string | null;
    /**
     * The recipients.
     */
    to?: Array<string> | null;
    /**
     * The subject.
     */
    subject?: string | null;
    /**
     * When it was sent, in milliseconds since the Unix epoch.
     */
    date?: number | null;
    /**
     * The first words of the e-mail.
     */
    snippet?: string | null;
    /**
     * The e-mail's labels.
     */
    labels?: Array<string> | null;
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
     * The event's title.
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
     * IANA or Windows name of the event's time zone.
     */
    timezone?: string | null;
    /**
     * The participants.
     */
    attendees?: Array<string> | null;
    /**
     * Where it takes place.
     */
    location?: string | null;
    /**
     * True for an event of whole days. Its times are then read as days: those of midnights in UTC, in the event's or in the caller's zone. Absent, times at midnight mean the same.
     */
    allDay?: boolean | null;
    /**
     * What the events of one series have in common. They may share `id` too; `start` then tells them apart.
     */
    recurringEventId?: string | null;
};

/**
 * A checkpoint in the client's own database. Columns not listed are ignored.
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
     * The checkpoint's title.
     */
    title?: string | null;
    /**
     * When it is due, in milliseconds since the Unix epoch.
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
 * A note in the client's own database. Columns not listed are ignored.
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
 * One of the user's clients, in the app's own database. Columns not listed are ignored.
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
     * The client's industry.
     */
    industry?: string | null;
    /**
     * When it was created, in milliseconds since the Unix epoch.
     */
    createdAt?: number | null;
};

/**
 * A project in the client's own database. Columns not listed are ignored.
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
     * The project's status.
     */
    status?: string | null;
    /**
     * A summary generated earlier.
     */
    aiSummary?: string | null;
    /**
     * When it was created, in milliseconds since the Unix epoch.
     */
    createdAt?: number | null;
};

/**
 * A comment on a task in the client's own database. Columns not listed are ignored.
 */
export type TaskCommentRow = {
    /**
     * The row's id in the client's database.
     */
    id?: string;
    /**
     * The task's id.
     */
    taskId?: string | null;
    /**
     * The comment's text.
     */
    content?: string | null;
    /**
     * When the comment was written, in milliseconds since the Unix epoch.
     */
    createdAt?: number | null;
};

/**
 * A task in the client's own database. Columns not listed are ignored.
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
     * The task's title.
     */
    title?: string | null;
    /**
     * The task's description.
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
     * Who is responsible for it.
     */
    assignee?: string | null;
    /**
     * When it is due, in milliseconds since the Unix epoch.
     */
    dueDate?: number | null;
    /**
     * When it was completed, in milliseconds since the Unix epoch; null while it is open.
     */
    completedAt?: number | null;
    /**
     * When it was created, in milliseconds since the Unix epoch.
     */
    createdAt?: number | null;
};

/**
 * What the agents may work on. Used for this request and then discarded.
 */
export type ChatContext = {
    /**
     * Any facts about the user that the agents should consider.
     */
    user_profile?: {
        [key: string]: unknown;
    };
    /**
     * Texts found by the client's own search.
     */
    relevant_documents?: Array<string>;
    /**
     * Earlier messages, oldest first.
     */
    conversation_history?: Array<ConversationTurn>;
    /**
     * IANA or Windows name of the time zone for words like tomorrow; UTC if absent.
     */
    timezone?: string;
    /**
     * Tasks the agents may work on.
     */
    recent_tasks?: Array<TaskRow>;
    /**
     * Comments on tasks the agents may work on.
     */
    task_comments?: Array<TaskCommentRow>;
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
     * Calendar events the agents may work on; metadata only.
     */
    events?: Array<EventRow>;
    /**
     * E-mails the agents may work on; metadata only, never bodies.
     */
    emails?: Array<EmailRow>;
};

/**
 * A message to the agents.
 */
export type ChatRequest = {
    /**
     * The user's message, 1 to 32,000 characters, without U+0000. Required unless the request continues an answer with `continuation`.
     */
    message?: string;
    context?: ChatContext;
    /**
     * `direct`, which is meant if absent, returns an answer; `plan` returns steps for the client to carry out.
     */
    execution_mode?: 'direct' | 'plan';
    model?: ModelChoice;
    /**
     * Tools that run in the app, which the model may call beside the server's own. Their names must differ from each other and from every tool of the server. Together they may have 32 KiB. Not in plan mode, in batches, or on version 1 of the stream.
     */
    client_tools?: Array<ClientTool>;
    /**
     * The `continuation` of an answer with the kind `tool_calls`, which this request goes on with. It comes with `tool_results` and without `message`, `client_tools` and `execution_mode`. Send `context` again, since the server keeps none, and `model` if it brings an own key. Such a body may have 2 MiB.
     */
    continuation?: string;
    /**
     * The result of every call of that answer.
     */
    tool_results?: Array<ToolResult>;
};

/**
 * Playbooks.
 */
export type PlaybookList = Array<ExecutionPlan>;

/**
 * The models, in the operator's order of preference.
 */
export type ModelList = Array<Model>;

/**
 * A model that can answer.
 */
export type Model = {
    /**
     * The provider's name, for `model.provider` of a ChatRequest.
     */
    provider: string;
    /**
     * The model's name, for `model.name` of a ChatRequest.
     */
    model: string;
    /**
     * Whether it answers this account where a request has no `model`.
     */
    default: boolean;
    /**
     * Whether the account's plan includes it.
     */
    available: boolean;
    /**
     * Whether the model takes images.
     */
    vision: boolean;
};

/**
 * Open sessions, newest first.
 */
export type SessionList = Array<Session>;

/**
 * An open session: one login on one device.
 */
export type Session = {
    /**
     * The session's id.
     */
    id: string;
    /**
     * When the session was opened, in milliseconds since the Unix epoch.
     */
    created_at: number;
    /**
     * When its tokens were last refreshed, in milliseconds since the Unix epoch.
     */
    last_used_at: number;
    /**
     * Whether this is the session of the request's access token.
     */
    current: boolean;
    /**
     * The kind of program and system that signed in, as its User-Agent said, such as `Firefox on Windows`. Empty if unknown.
     */
    device?: string;
    /**
     * The network that it signed in from: the /24 of an IPv4 address, the /48 of an IPv6 address. Empty if unknown.
     */
    network?: string;
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
     * Number of seats of the plan, for a member of a team those of the team; 1 without a plan.
     */
    seats: number;
    /**
     * When the account was created, in milliseconds since the Unix epoch.
     */
    created_at: number;
    /**
     * Whether the account's owner has shown, with a mailed code, that the address is theirs.
     */
    email_verified: boolean;
};

/**
 * An e-mail address, compared case-insensitively.
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
     * Can be used for one refresh.
     */
    refresh_token: string;
    /**
     * When the access token expires, in milliseconds since the Unix epoch.
     */
    expires_at: number;
};

/**
 * Confirms that the account is to be deleted.
 */
export type DeletionRequest = {
    /**
     * The account's password. An account that has none leaves it out.
     */
    password?: string;
    /**
     * Ends the team that the account owns, so that its members have their own plans. Without it the owner of a team with other members cannot be deleted.
     */
    end_team?: boolean;
};

/**
 * Passkeys, newest first.
 */
export type PasskeyList = Array<Passkey>;

/**
 * What the passkey is called, 1 to 100 characters without control characters.
 */
export type PasskeyName = string;

/**
 * A passkey of the account.
 */
export type Passkey = {
    /**
     * The passkey's id.
     */
    id: string;
    name: PasskeyName;
    /**
     * When it was added, in milliseconds since the Unix epoch.
     */
    created_at: number;
    /**
     * When it last signed in; absent if it did not, in milliseconds since the Unix epoch.
     */
    last_used_at?: number;
    /**
     * Whether the authenticator keeps it on other devices as well.
     */
    synced: boolean;
};

/**
 * Exchanges the code of a sign-in.
 */
export type PasskeyTokenRequest = {
    /**
     * The `code` that the app got at its `redirect_uri`.
     */
    code: string;
    /**
     * The random text of which the sign-in's `code_challenge` is the hash: 43 to 128 of `A-Z a-z 0-9 - . _ ~`.
     */
    code_verifier: string;
};

/**
 * Where a sign-in goes on.
 */
export type PasskeyRedirect = {
    /**
     * The app's `redirect_uri` with `code` and `state`.
     */
    redirect_to: string;
};

/**
 * What the authenticator answered.
 */
export type PasskeyAnswer = {
    ticket: CeremonyTicket;
    /**
     * The PublicKeyCredential, as its `toJSON()` returns it (WebAuthn Level 3).
     */
    credential: {
        [key: string]: unknown;
    };
};

/**
 * Stands for one registration of a passkey, or one sign-in with it, for 5 minutes.
 */
export type CeremonyTicket = string;

/**
 * What a ticket stands for.
 */
export type PasskeyOptions = {
    /**
     * `registration` for `navigator.credentials.create`, `login` for `.get`.
     */
    kind: 'registration' | 'login';
    /**
     * The options, as JSON (WebAuthn Level 3).
     */
    options: {
        [key: string]: unknown;
    };
};

/**
 * A ticket to ask for.
 */
export type PasskeyTicket = {
    ticket: CeremonyTicket;
};

/**
 * A registration or a sign-in that the browser is to carry out.
 */
export type PasskeyCeremony = {
    ticket: CeremonyTicket;
    /**
     * The page to open in the person's browser. The ticket is in the fragment, which browsers send to no server.
     */
    url: string;
    /**
     * What `navigator.credentials.create` or `.get` takes as `publicKey`, as JSON (WebAuthn Level 3).
     */
    options: {
        [key: string]: unknown;
    };
    /**
     * Until when the ticket is good, in milliseconds since the Unix epoch.
     */
    expires_at: number;
};

/**
 * Where an app waits for a sign-in.
 */
export type PasskeyLoginRequest = {
    /**
     * Where the page sends the browser: `adiuva://auth`, or `http://127.0.0.1:PORT/…` or `http://[::1]:PORT/…` where the app listens (RFC 8252). Without a query or a fragment.
     */
    redirect_uri: string;
    /**
     * SHA-256 of the app's `code_verifier`, in base64url without padding (PKCE, S256).
     */
    code_challenge: string;
    /**
     * Always S256, which is meant if absent.
     */
    code_challenge_method?: 'S256';
    /**
     * Comes back with the code. The app compares it, so that it takes no code of a sign-in that it did not start.
     */
    state?: string;
};

/**
 * Asks for a new passkey.
 */
export type PasskeyRegistrationRequest = {
    /**
     * The account's password.
     */
    password: string;
    name: PasskeyName;
};

/**
 * Whether a second factor guards the account.
 */
export type TotpState = {
    /**
     * Whether signing in with the password needs a code.
     */
    active: boolean;
    /**
     * Since when, in milliseconds since the Unix epoch; absent if it does not.
     */
    confirmed_at?: number;
    /**
     * How many recovery codes were not used yet.
     */
    recovery_codes_left: number;
};

/**
 * What the removal of the second factor needs.
 */
export type TotpRemoval = {
    /**
     * The account's password.
     */
    password: string;
    code: SecondFactorCode;
};

/**
 * The 6 digits that the authenticator app shows, or a recovery code. Spaces and hyphens are ignored.
 */
export type SecondFactorCode = string;

/**
 * The first code of an authenticator app.
 */
export type TotpConfirmation = {
    code: SecondFactorCode;
};

/**
 * A second factor that waits for its first code. Its members are shown this once.
 */
export type CreatedTotp = {
    /**
     * The secret in base32, for typing in.
     */
    secret: string;
    /**
     * The same as an otpauth:// URI, for a QR code.
     */
    uri: string;
    /**
     * Ten codes that replace the app's, each once.
     */
    recovery_codes: [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string
    ];
};

/**
 * Asks for a second factor.
 */
export type TotpRequest = {
    /**
     * The account's password.
     */
    password: string;
};

/**
 * What finishes a sign-in.
 */
export type SecondFactorLogin = {
    ticket: SecondFactorTicket;
    code: SecondFactorCode;
};

/**
 * The `ticket` of a 401 `second_factor_required`.
 */
export type SecondFactorTicket = string;

/**
 * The address that the account is to have.
 */
export type EmailChange = {
    email: Email;
    /**
     * The account's current password. An account that has none leaves it out.
     */
    password?: string;
};

/**
 * A code that was mailed to the account.
 */
export type CodeConfirmation = {
    code: MailedCode;
};

/**
 * The 8 digits of a mail. Spaces between them are ignored.
 */
export type MailedCode = string;

/**
 * A mailed code with the handle that it belongs to, and the password to set.
 */
export type PasswordResetConfirmation = {
    handle: ResetHandle;
    code: MailedCode;
    /**
     * 8 to 1024 bytes of UTF-8. Shorter passwords and very common ones are rejected with 422.
     */
    new_password: string;
};

/**
 * Names one request for a new password. Keep it where the code will be typed in; it is in no mail.
 */
export type ResetHandle = string;

/**
 * What a mailed code has to be confirmed with.
 */
export type PasswordResetStarted = {
    /**
     * Always true.
     */
    ok: true;
    handle: ResetHandle;
};

/**
 * The address of an account whose password is lost.
 */
export type PasswordResetRequest = {
    email: Email;
};

/**
 * The current and the new password.
 */
export type PasswordChange = {
    /**
     * The account's current password.
     */
    current_password: string;
    /**
     * 8 to 1024 bytes of UTF-8. Shorter passwords and very common ones are rejected with 422.
     */
    new_password: string;
};

/**
 * A refresh token to exchange.
 */
export type RefreshRequest = {
    /**
     * The refresh token of the last register, login or refresh.
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
    /**
     * The last refresh token of this device, also of a session that has ended. A token of this account shows that
     * the device has signed in before, so that other people's wrong passwords do not hold it up. Any other is
     * ignored.
     *
     */
    refresh_token?: string;
};

/**
 * The credentials of a new account.
 */
export type RegisterRequest = {
    email: Email;
    /**
     * 8 to 1024 bytes of UTF-8. Shorter passwords and very common ones are rejected with 422.
     */
    password: string;
};

/**
 * The request succeeded.
 */
export type Ok = {
    /**
     * Always true.
     */
    ok: boolean;
};

/**
 * What the key may do. Each scope once.
 */
export type KeyScopesWritable = Array<KeyScope>;

/**
 * A `generate` step to run.
 */
export type StepRequestWritable = {
    /**
     * Id of the prompt template.
     */
    prompt_template: string;
    /**
     * Values of the template's variables.
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
     * IANA or Windows name of the time zone in which the model reads and writes times; UTC if absent.
     */
    timezone?: string;
    model?: ModelChoiceWritable;
};

/**
 * Which model answers. Without it, the first provider that the account's plan includes answers, and another one where that fails; what is chosen here is asked alone.
 */
export type ModelChoiceWritable = {
    /**
     * A provider of GET /models. Unknown: 422 `model_unknown`; beyond the plan: 403 `tier_required`.
     */
    provider?: string;
    /**
     * A model of GET /models, which answers in place of the provider's default. Unknown: 422 `model_unknown`.
     */
    name?: string;
    /**
     * The account's own key of that provider, in plans with `byok`. It is used for this request and then discarded: it is never stored, logged or returned. `provider` is needed beside it where several providers could be meant. If the provider refuses it: 422 `model_key_refused`. Never send it in a header or in the URL.
     */
    api_key?: string;
};

/**
 * Questions to answer at once.
 */
export type BatchRequestWritable = {
    /**
     * The questions. Each is validated by itself.
     */
    requests: Array<ChatRequestWritable>;
};

/**
 * A message to the agents.
 */
export type ChatRequestWritable = {
    /**
     * The user's message, 1 to 32,000 characters, without U+0000. Required unless the request continues an answer with `continuation`.
     */
    message?: string;
    context?: ChatContext;
    /**
     * `direct`, which is meant if absent, returns an answer; `plan` returns steps for the client to carry out.
     */
    execution_mode?: 'direct' | 'plan';
    model?: ModelChoiceWritable;
    /**
     * Tools that run in the app, which the model may call beside the server's own. Their names must differ from each other and from every tool of the server. Together they may have 32 KiB. Not in plan mode, in batches, or on version 1 of the stream.
     */
    client_tools?: Array<ClientTool>;
    /**
     * The `continuation` of an answer with the kind `tool_calls`, which this request goes on with. It comes with `tool_results` and without `message`, `client_tools` and `execution_mode`. Send `context` again, since the server keeps none, and `model` if it brings an own key. Such a body may have 2 MiB.
     */
    continuation?: string;
    /**
     * The result of every call of that answer.
     */
    tool_results?: Array<ToolResult>;
};

/**
 * Entity tag or HTTP-date of the copy to resume. If it is no longer current, the response is the whole blob.
 *
 */
export type IfRange = string;

/**
 * One byte range. A request for several ranges, or in another unit, gets the whole blob, and so does any range of
 * an empty one.
 *
 */
export type Range = string;

/**
 * HTTP-date. 304 if nothing newer was committed. It only has whole seconds, so prefer `If-None-Match`.
 */
export type IfModifiedSince = string;

/**
 * Entity tags of the client's copies, or `*` for any backup. If the current one is among them, downloads answer
 * 304, uploads and deletions 412 `precondition_failed`.
 *
 */
export type IfNoneMatch = string;

/**
 * HTTP-date. 412 `precondition_failed` if the backup was committed later. Ignored beside `If-Match`, which is more
 * exact: a date only has whole seconds.
 *
 */
export type IfUnmodifiedSince = string;

/**
 * Entity tags, or `*` for any backup. 412 `precondition_failed` if the current one is not among them.
 *
 */
export type IfMatch = string;

/**
 * A unique value chosen by the client. Send the same one with every retry of a request.
 */
export type IdempotencyKey = string;

/**
 * The language of the mail: de, it, or en for any other.
 *
 */
export type AcceptLanguage = string;

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
     * The account was created; these are the tokens of its first session.
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
     * The refresh token to exchange.
     */
    body: RefreshRequest;
    headers?: {
        /**
         * A unique value chosen by the client. Send the same one with every retry of a request.
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
        /**
         * Together with `all=true`, revoke every API key of the account as well.
         */
        keys?: boolean;
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
     * The password, as confirmation.
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
     * The deletion was accepted and will be completed.
     */
    202: Ok;
};

export type RequestAccountDeletionResponse = RequestAccountDeletionResponses[keyof RequestAccountDeletionResponses];

export type ChangePasswordData = {
    /**
     * The current and the new password.
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
     * The password was changed.
     */
    200: Ok;
};

export type ChangePasswordResponse = ChangePasswordResponses[keyof ChangePasswordResponses];

export type RequestPasswordResetData = {
    /**
     * The address of the account.
     */
    body: PasswordResetRequest;
    headers?: {
        /**
         * The language of the mail: de, it, or en for any other.
         *
         */
        'Accept-Language'?: string;
    };
    path?: never;
    query?: never;
    url: '/auth/password/reset';
};

export type RequestPasswordResetErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type RequestPasswordResetError = RequestPasswordResetErrors[keyof RequestPasswordResetErrors];

export type RequestPasswordResetResponses = {
    /**
     * If there is such an account, a code is being mailed.
     */
    202: PasswordResetStarted;
};

export type RequestPasswordResetResponse = RequestPasswordResetResponses[keyof RequestPasswordResetResponses];

export type ConfirmPasswordResetData = {
    /**
     * The code with its handle, and the new password.
     */
    body: PasswordResetConfirmation;
    path?: never;
    query?: never;
    url: '/auth/password/reset/confirm';
};

export type ConfirmPasswordResetErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ConfirmPasswordResetError = ConfirmPasswordResetErrors[keyof ConfirmPasswordResetErrors];

export type ConfirmPasswordResetResponses = {
    /**
     * The password was changed. Sign in with it.
     */
    200: Ok;
};

export type ConfirmPasswordResetResponse = ConfirmPasswordResetResponses[keyof ConfirmPasswordResetResponses];

export type RequestEmailVerificationData = {
    body?: never;
    headers?: {
        /**
         * The language of the mail: de, it, or en for any other.
         *
         */
        'Accept-Language'?: string;
    };
    path?: never;
    query?: never;
    url: '/auth/email/verification';
};

export type RequestEmailVerificationErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type RequestEmailVerificationError = RequestEmailVerificationErrors[keyof RequestEmailVerificationErrors];

export type RequestEmailVerificationResponses = {
    /**
     * A code is being mailed, unless the address is verified already.
     */
    202: Ok;
};

export type RequestEmailVerificationResponse = RequestEmailVerificationResponses[keyof RequestEmailVerificationResponses];

export type ConfirmEmailVerificationData = {
    /**
     * The code.
     */
    body: CodeConfirmation;
    path?: never;
    query?: never;
    url: '/auth/email/verification/confirm';
};

export type ConfirmEmailVerificationErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ConfirmEmailVerificationError = ConfirmEmailVerificationErrors[keyof ConfirmEmailVerificationErrors];

export type ConfirmEmailVerificationResponses = {
    /**
     * The address is verified.
     */
    200: Ok;
};

export type ConfirmEmailVerificationResponse = ConfirmEmailVerificationResponses[keyof ConfirmEmailVerificationResponses];

export type ChangeEmailData = {
    /**
     * The new address, and the password.
     */
    body: EmailChange;
    headers?: {
        /**
         * The language of the mail: de, it, or en for any other.
         *
         */
        'Accept-Language'?: string;
    };
    path?: never;
    query?: never;
    url: '/auth/email';
};

export type ChangeEmailErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ChangeEmailError = ChangeEmailErrors[keyof ChangeEmailErrors];

export type ChangeEmailResponses = {
    /**
     * If the address is free, a code is being mailed to it.
     */
    202: Ok;
};

export type ChangeEmailResponse = ChangeEmailResponses[keyof ChangeEmailResponses];

export type ConfirmEmailChangeData = {
    /**
     * The code.
     */
    body: CodeConfirmation;
    path?: never;
    query?: never;
    url: '/auth/email/confirm';
};

export type ConfirmEmailChangeErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ConfirmEmailChangeError = ConfirmEmailChangeErrors[keyof ConfirmEmailChangeErrors];

export type ConfirmEmailChangeResponses = {
    /**
     * The account has the new address.
     */
    200: Ok;
};

export type ConfirmEmailChangeResponse = ConfirmEmailChangeResponses[keyof ConfirmEmailChangeResponses];

export type LoginWithSecondFactorData = {
    /**
     * The ticket and a code.
     */
    body: SecondFactorLogin;
    path?: never;
    query?: never;
    url: '/auth/login/second-factor';
};

export type LoginWithSecondFactorErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type LoginWithSecondFactorError = LoginWithSecondFactorErrors[keyof LoginWithSecondFactorErrors];

export type LoginWithSecondFactorResponses = {
    /**
     * The tokens of a new session.
     */
    200: AuthTokens;
};

export type LoginWithSecondFactorResponse = LoginWithSecondFactorResponses[keyof LoginWithSecondFactorResponses];

export type DeleteTotpData = {
    /**
     * The account's password and a code.
     */
    body: TotpRemoval;
    path?: never;
    query?: never;
    url: '/auth/totp';
};

export type DeleteTotpErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type DeleteTotpError = DeleteTotpErrors[keyof DeleteTotpErrors];

export type DeleteTotpResponses = {
    /**
     * The second factor is removed.
     */
    200: Ok;
};

export type DeleteTotpResponse = DeleteTotpResponses[keyof DeleteTotpResponses];

export type GetTotpData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/auth/totp';
};

export type GetTotpErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type GetTotpError = GetTotpErrors[keyof GetTotpErrors];

export type GetTotpResponses = {
    /**
     * The state of the second factor.
     */
    200: TotpState;
};

export type GetTotpResponse = GetTotpResponses[keyof GetTotpResponses];

export type CreateTotpData = {
    /**
     * The account's password.
     */
    body: TotpRequest;
    path?: never;
    query?: never;
    url: '/auth/totp';
};

export type CreateTotpErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type CreateTotpError = CreateTotpErrors[keyof CreateTotpErrors];

export type CreateTotpResponses = {
    /**
     * The secret and the recovery codes, shown this once.
     */
    201: CreatedTotp;
};

export type CreateTotpResponse = CreateTotpResponses[keyof CreateTotpResponses];

export type ConfirmTotpData = {
    /**
     * A code of the app.
     */
    body: TotpConfirmation;
    path?: never;
    query?: never;
    url: '/auth/totp/confirm';
};

export type ConfirmTotpErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ConfirmTotpError = ConfirmTotpErrors[keyof ConfirmTotpErrors];

export type ConfirmTotpResponses = {
    /**
     * The second factor guards the account.
     */
    200: Ok;
};

export type ConfirmTotpResponse = ConfirmTotpResponses[keyof ConfirmTotpResponses];

export type ListPasskeysData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/auth/passkeys';
};

export type ListPasskeysErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ListPasskeysError = ListPasskeysErrors[keyof ListPasskeysErrors];

export type ListPasskeysResponses = {
    /**
     * The passkeys.
     */
    200: PasskeyList;
};

export type ListPasskeysResponse = ListPasskeysResponses[keyof ListPasskeysResponses];

export type DeletePasskeyData = {
    body?: never;
    path: {
        /**
         * The passkey's id.
         */
        id: string;
    };
    query?: never;
    url: '/auth/passkeys/{id}';
};

export type DeletePasskeyErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type DeletePasskeyError = DeletePasskeyErrors[keyof DeletePasskeyErrors];

export type DeletePasskeyResponses = {
    /**
     * The passkey is removed.
     */
    200: Ok;
};

export type DeletePasskeyResponse = DeletePasskeyResponses[keyof DeletePasskeyResponses];

export type StartPasskeyRegistrationData = {
    /**
     * The account's password and a name for the passkey.
     */
    body: PasskeyRegistrationRequest;
    path?: never;
    query?: never;
    url: '/auth/passkeys/registration';
};

export type StartPasskeyRegistrationErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type StartPasskeyRegistrationError = StartPasskeyRegistrationErrors[keyof StartPasskeyRegistrationErrors];

export type StartPasskeyRegistrationResponses = {
    /**
     * What the browser needs.
     */
    201: PasskeyCeremony;
};

export type StartPasskeyRegistrationResponse = StartPasskeyRegistrationResponses[keyof StartPasskeyRegistrationResponses];

export type FinishPasskeyRegistrationData = {
    /**
     * The ticket and the authenticator's answer.
     */
    body: PasskeyAnswer;
    path?: never;
    query?: never;
    url: '/auth/passkeys/registration/finish';
};

export type FinishPasskeyRegistrationErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type FinishPasskeyRegistrationError = FinishPasskeyRegistrationErrors[keyof FinishPasskeyRegistrationErrors];

export type FinishPasskeyRegistrationResponses = {
    /**
     * The passkey.
     */
    201: Passkey;
};

export type FinishPasskeyRegistrationResponse = FinishPasskeyRegistrationResponses[keyof FinishPasskeyRegistrationResponses];

export type StartPasskeyLoginData = {
    /**
     * Where the app waits for the sign-in.
     */
    body: PasskeyLoginRequest;
    path?: never;
    query?: never;
    url: '/auth/passkeys/login';
};

export type StartPasskeyLoginErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type StartPasskeyLoginError = StartPasskeyLoginErrors[keyof StartPasskeyLoginErrors];

export type StartPasskeyLoginResponses = {
    /**
     * What the browser needs.
     */
    201: PasskeyCeremony;
};

export type StartPasskeyLoginResponse = StartPasskeyLoginResponses[keyof StartPasskeyLoginResponses];

export type FinishPasskeyLoginData = {
    /**
     * The ticket and the authenticator's answer.
     */
    body: PasskeyAnswer;
    path?: never;
    query?: never;
    url: '/auth/passkeys/login/finish';
};

export type FinishPasskeyLoginErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type FinishPasskeyLoginError = FinishPasskeyLoginErrors[keyof FinishPasskeyLoginErrors];

export type FinishPasskeyLoginResponses = {
    /**
     * Where to send the browser.
     */
    200: PasskeyRedirect;
};

export type FinishPasskeyLoginResponse = FinishPasskeyLoginResponses[keyof FinishPasskeyLoginResponses];

export type GetPasskeyOptionsData = {
    /**
     * The ticket.
     */
    body: PasskeyTicket;
    path?: never;
    query?: never;
    url: '/auth/passkeys/options';
};

export type GetPasskeyOptionsErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type GetPasskeyOptionsError = GetPasskeyOptionsErrors[keyof GetPasskeyOptionsErrors];

export type GetPasskeyOptionsResponses = {
    /**
     * The options.
     */
    200: PasskeyOptions;
};

export type GetPasskeyOptionsResponse = GetPasskeyOptionsResponses[keyof GetPasskeyOptionsResponses];

export type ExchangePasskeyCodeData = {
    /**
     * The code and the verifier.
     */
    body: PasskeyTokenRequest;
    path?: never;
    query?: never;
    url: '/auth/passkeys/token';
};

export type ExchangePasskeyCodeErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ExchangePasskeyCodeError = ExchangePasskeyCodeErrors[keyof ExchangePasskeyCodeErrors];

export type ExchangePasskeyCodeResponses = {
    /**
     * The tokens of a new session.
     */
    200: AuthTokens;
};

export type ExchangePasskeyCodeResponse = ExchangePasskeyCodeResponses[keyof ExchangePasskeyCodeResponses];

export type ListSsoProvidersData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/auth/sso/providers';
};

export type ListSsoProvidersErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ListSsoProvidersError = ListSsoProvidersErrors[keyof ListSsoProvidersErrors];

export type ListSsoProvidersResponses = {
    /**
     * The providers; empty where the operator has none.
     */
    200: SsoProviderList;
};

export type ListSsoProvidersResponse = ListSsoProvidersResponses[keyof ListSsoProvidersResponses];

export type StartSsoData = {
    body?: never;
    path?: never;
    query: {
        /**
         * The name of a provider of GET /auth/sso/providers.
         */
        provider?: string;
        /**
         * The address of the person who signs in. Its domain says which team's provider it is.
         */
        email?: string;
        /**
         * Where the app waits: `adiuva://auth`, or `http://127.0.0.1:PORT/…` or `http://[::1]:PORT/…` (RFC 8252). Without a query or a fragment.
         */
        redirect_uri: string;
        /**
         * SHA-256 of the app's `code_verifier`, in base64url without padding.
         */
        code_challenge: string;
        /**
         * How the challenge was made. There is one way.
         */
        code_challenge_method: 'S256';
        /**
         * Comes back with the code. The app compares it, so that it takes no code of a sign-in that it did not start.
         */
        state?: string;
    };
    url: '/auth/sso/start';
};

export type StartSsoErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type StartSsoError = StartSsoErrors[keyof StartSsoErrors];

export type StartSsoResponses = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type StartSsoResponse = StartSsoResponses[keyof StartSsoResponses];

export type FinishSsoData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * What the sign-in is known by.
         */
        state?: string;
        /**
         * The provider's code, which the service exchanges for the person's identity.
         */
        code?: string;
        /**
         * The provider that answers (RFC 9207). It must be the one that was asked.
         */
        iss?: string;
        /**
         * Why there is no code. The app gets `sso_failed`.
         */
        error?: string;
    };
    url: '/auth/sso/callback';
};

export type FinishSsoErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type FinishSsoError = FinishSsoErrors[keyof FinishSsoErrors];

export type FinishSsoResponses = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type FinishSsoResponse = FinishSsoResponses[keyof FinishSsoResponses];

export type ExchangeSsoCodeData = {
    /**
     * The code and the verifier.
     */
    body: SsoTokenRequest;
    headers?: {
        /**
         * The language of the mail: de, it, or en for any other.
         *
         */
        'Accept-Language'?: string;
    };
    path?: never;
    query?: never;
    url: '/auth/sso/token';
};

export type ExchangeSsoCodeErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ExchangeSsoCodeError = ExchangeSsoCodeErrors[keyof ExchangeSsoCodeErrors];

export type ExchangeSsoCodeResponses = {
    /**
     * The tokens of a new session.
     */
    200: AuthTokens;
};

export type ExchangeSsoCodeResponse = ExchangeSsoCodeResponses[keyof ExchangeSsoCodeResponses];

export type LinkSsoData = {
    /**
     * The ticket and what proves that the account is the person's own.
     */
    body: SsoLinkRequest;
    path?: never;
    query?: never;
    url: '/auth/sso/link';
};

export type LinkSsoErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type LinkSsoError = LinkSsoErrors[keyof LinkSsoErrors];

export type LinkSsoResponses = {
    /**
     * The tokens of a new session.
     */
    200: AuthTokens;
};

export type LinkSsoResponse = LinkSsoResponses[keyof LinkSsoResponses];

export type RequestSsoLinkCodeData = {
    /**
     * The ticket.
     */
    body: SsoTicketRequest;
    headers?: {
        /**
         * The language of the mail: de, it, or en for any other.
         *
         */
        'Accept-Language'?: string;
    };
    path?: never;
    query?: never;
    url: '/auth/sso/link/code';
};

export type RequestSsoLinkCodeErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type RequestSsoLinkCodeError = RequestSsoLinkCodeErrors[keyof RequestSsoLinkCodeErrors];

export type RequestSsoLinkCodeResponses = {
    /**
     * A code is being mailed.
     */
    202: Ok;
};

export type RequestSsoLinkCodeResponse = RequestSsoLinkCodeResponses[keyof RequestSsoLinkCodeResponses];

export type ListSessionsData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * The maximum number of entries.
         */
        limit?: number;
        /**
         * Only sessions older than the one with this id.
         */
        before?: string;
    };
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

export type ListAuthEventsData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * The maximum number of entries.
         */
        limit?: number;
        /**
         * Only events older than the one with this id.
         */
        before?: string;
    };
    url: '/auth/events';
};

export type ListAuthEventsErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ListAuthEventsError = ListAuthEventsErrors[keyof ListAuthEventsErrors];

export type ListAuthEventsResponses = {
    /**
     * The events.
     */
    200: AuthEventList;
};

export type ListAuthEventsResponse = ListAuthEventsResponses[keyof ListAuthEventsResponses];

export type ExportAccountData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/auth/me/export';
};

export type ExportAccountErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ExportAccountError = ExportAccountErrors[keyof ExportAccountErrors];

export type ExportAccountResponses = {
    /**
     * The account.
     */
    200: AccountExport;
};

export type ExportAccountResponse = ExportAccountResponses[keyof ExportAccountResponses];

export type ChatData = {
    /**
     * The message and the rows that the agents may work on.
     */
    body: ChatRequestWritable;
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
     * The agents' answer, a plan, or calls of the app's tools.
     */
    200: ChatReply;
};

export type ChatResponse2 = ChatResponses[keyof ChatResponses];

export type ChatBatchData = {
    /**
     * The questions.
     */
    body: BatchRequestWritable;
    path?: never;
    query?: never;
    url: '/chat/batch';
};

export type ChatBatchErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ChatBatchError = ChatBatchErrors[keyof ChatBatchErrors];

export type ChatBatchResponses = {
    /**
     * The results, in the order of the requests.
     */
    200: BatchReply;
};

export type ChatBatchResponse = ChatBatchResponses[keyof ChatBatchResponses];

export type CompactHistoryData = {
    /**
     * The turns.
     */
    body: CompactRequest;
    path?: never;
    query?: never;
    url: '/chat/compact';
};

export type CompactHistoryErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type CompactHistoryError = CompactHistoryErrors[keyof CompactHistoryErrors];

export type CompactHistoryResponses = {
    /**
     * The summary.
     */
    200: CompactReply;
};

export type CompactHistoryResponse = CompactHistoryResponses[keyof CompactHistoryResponses];

export type GetUsageData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/usage';
};

export type GetUsageErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type GetUsageError = GetUsageErrors[keyof GetUsageErrors];

export type GetUsageResponses = {
    /**
     * The usage of the day.
     */
    200: TokenUsage;
};

export type GetUsageResponse = GetUsageResponses[keyof GetUsageResponses];

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
     * The template and its input.
     */
    body: StepRequestWritable;
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
     * The output of the step.
     */
    200: StepResult;
};

export type RunStepResponse = RunStepResponses[keyof RunStepResponses];

export type GetLatestBackupData = {
    body?: never;
    headers?: {
        /**
         * Entity tags, or `*` for any backup. 412 `precondition_failed` if the current one is not among them.
         *
         */
        'If-Match'?: string;
        /**
         * HTTP-date. 412 `precondition_failed` if the backup was committed later. Ignored beside `If-Match`, which is more
         * exact: a date only has whole seconds.
         *
         */
        'If-Unmodified-Since'?: string;
        /**
         * Entity tags of the client's copies, or `*` for any backup. If the current one is among them, downloads answer
         * 304, uploads and deletions 412 `precondition_failed`.
         *
         */
        'If-None-Match'?: string;
        /**
         * HTTP-date. 304 if nothing newer was committed. It only has whole seconds, so prefer `If-None-Match`.
         */
        'If-Modified-Since'?: string;
        /**
         * One byte range. A request for several ranges, or in another unit, gets the whole blob, and so does any range of
         * an empty one.
         *
         */
        Range?: string;
        /**
         * Entity tag or HTTP-date of the copy to resume. If it is no longer current, the response is the whole blob.
         *
         */
        'If-Range'?: string;
    };
    path?: never;
    query?: never;
    url: '/backup';
};

export type GetLatestBackupErrors = {
    /**
     * The current backup is not the one that `If-Match`, `If-Unmodified-Since` or `If-None-Match` ask for.
     */
    412: Problem;
    /**
     * The requested range is malformed or lies outside the blob.
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
     * The requested range.
     */
    206: BackupBlob;
};

export type GetLatestBackupResponse = GetLatestBackupResponses[keyof GetLatestBackupResponses];

export type HeadLatestBackupData = {
    body?: never;
    headers?: {
        /**
         * Entity tags, or `*` for any backup. 412 `precondition_failed` if the current one is not among them.
         *
         */
        'If-Match'?: string;
        /**
         * HTTP-date. 412 `precondition_failed` if the backup was committed later. Ignored beside `If-Match`, which is more
         * exact: a date only has whole seconds.
         *
         */
        'If-Unmodified-Since'?: string;
        /**
         * Entity tags of the client's copies, or `*` for any backup. If the current one is among them, downloads answer
         * 304, uploads and deletions 412 `precondition_failed`.
         *
         */
        'If-None-Match'?: string;
        /**
         * HTTP-date. 304 if nothing newer was committed. It only has whole seconds, so prefer `If-None-Match`.
         */
        'If-Modified-Since'?: string;
    };
    path?: never;
    query?: never;
    url: '/backup';
};

export type HeadLatestBackupErrors = {
    /**
     * The current backup is not the one that `If-Match`, `If-Unmodified-Since` or `If-None-Match` ask for.
     */
    412: Problem;
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type HeadLatestBackupError = HeadLatestBackupErrors[keyof HeadLatestBackupErrors];

export type HeadLatestBackupResponses = {
    /**
     * The headers of the whole blob.
     */
    200: unknown;
};

export type PutBackupData = {
    /**
     * The encrypted blob.
     */
    body: BackupBlob;
    headers: {
        /**
         * Version of the client's backup format.
         */
        'X-Backup-Version': number;
        /**
         * When the client made the backup, in milliseconds since the Unix epoch. A time more than 24 hours in the
         * future is rejected with 422 `timestamp_in_future`.
         *
         */
        'X-Backup-Timestamp': number;
        /**
         * SHA-256 of the blob, 64 hexadecimal digits. 422 `checksum_mismatch` if the received bytes differ.
         */
        'X-Backup-Checksum': string;
        /**
         * How many chunks the client packed into the blob; stored as sent.
         */
        'X-Backup-Chunk-Count'?: number;
        /**
         * Size of the blob in bytes. Required if the body is sent without `Content-Length`.
         */
        'X-Backup-Size'?: number;
        /**
         * Size of the body in bytes, set by the HTTP client. If `X-Backup-Size` is sent too, both must be equal.
         *
         */
        'Content-Length'?: number;
        /**
         * A unique value chosen by the client. Send the same one with every retry of a request.
         */
        'Idempotency-Key'?: string;
        /**
         * Entity tags, or `*` for any backup. 412 `precondition_failed` if the current one is not among them.
         *
         */
        'If-Match'?: string;
        /**
         * HTTP-date. 412 `precondition_failed` if the backup was committed later. Ignored beside `If-Match`, which is more
         * exact: a date only has whole seconds.
         *
         */
        'If-Unmodified-Since'?: string;
        /**
         * Entity tags of the client's copies, or `*` for any backup. If the current one is among them, downloads answer
         * 304, uploads and deletions 412 `precondition_failed`.
         *
         */
        'If-None-Match'?: string;
    };
    path?: never;
    query?: never;
    url: '/backup';
};

export type PutBackupErrors = {
    /**
     * The current backup is not the one that `If-Match`, `If-Unmodified-Since` or `If-None-Match` ask for.
     */
    412: Problem;
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type PutBackupError = PutBackupErrors[keyof PutBackupErrors];

export type PutBackupResponses = {
    /**
     * The backup is stored and is now the latest.
     */
    200: BackupStored;
};

export type PutBackupResponse = PutBackupResponses[keyof PutBackupResponses];

export type ListBackupHistoryData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * The maximum number of entries.
         */
        limit?: number;
        /**
         * Only backups older than the one with this id. The id of a backup that was deleted works for 90 days.
         *
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
    headers?: {
        /**
         * Entity tags, or `*` for any backup. 412 `precondition_failed` if the current one is not among them.
         *
         */
        'If-Match'?: string;
        /**
         * HTTP-date. 412 `precondition_failed` if the backup was committed later. Ignored beside `If-Match`, which is more
         * exact: a date only has whole seconds.
         *
         */
        'If-Unmodified-Since'?: string;
        /**
         * Entity tags of the client's copies, or `*` for any backup. If the current one is among them, downloads answer
         * 304, uploads and deletions 412 `precondition_failed`.
         *
         */
        'If-None-Match'?: string;
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

export type DeleteBackupErrors = {
    /**
     * The current backup is not the one that `If-Match`, `If-Unmodified-Since` or `If-None-Match` ask for.
     */
    412: Problem;
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type DeleteBackupError = DeleteBackupErrors[keyof DeleteBackupErrors];

export type DeleteBackupResponses = {
    /**
     * The backup was deleted.
     */
    200: Ok;
};

export type DeleteBackupResponse = DeleteBackupResponses[keyof DeleteBackupResponses];

export type GetBackupData = {
    body?: never;
    headers?: {
        /**
         * Entity tags, or `*` for any backup. 412 `precondition_failed` if the current one is not among them.
         *
         */
        'If-Match'?: string;
        /**
         * HTTP-date. 412 `precondition_failed` if the backup was committed later. Ignored beside `If-Match`, which is more
         * exact: a date only has whole seconds.
         *
         */
        'If-Unmodified-Since'?: string;
        /**
         * Entity tags of the client's copies, or `*` for any backup. If the current one is among them, downloads answer
         * 304, uploads and deletions 412 `precondition_failed`.
         *
         */
        'If-None-Match'?: string;
        /**
         * HTTP-date. 304 if nothing newer was committed. It only has whole seconds, so prefer `If-None-Match`.
         */
        'If-Modified-Since'?: string;
        /**
         * One byte range. A request for several ranges, or in another unit, gets the whole blob, and so does any range of
         * an empty one.
         *
         */
        Range?: string;
        /**
         * Entity tag or HTTP-date of the copy to resume. If it is no longer current, the response is the whole blob.
         *
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
     * The current backup is not the one that `If-Match`, `If-Unmodified-Since` or `If-None-Match` ask for.
     */
    412: Problem;
    /**
     * The requested range is malformed or lies outside the blob.
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
     * The requested range.
     */
    206: BackupBlob;
};

export type GetBackupResponse = GetBackupResponses[keyof GetBackupResponses];

export type HeadBackupData = {
    body?: never;
    headers?: {
        /**
         * Entity tags, or `*` for any backup. 412 `precondition_failed` if the current one is not among them.
         *
         */
        'If-Match'?: string;
        /**
         * HTTP-date. 412 `precondition_failed` if the backup was committed later. Ignored beside `If-Match`, which is more
         * exact: a date only has whole seconds.
         *
         */
        'If-Unmodified-Since'?: string;
        /**
         * Entity tags of the client's copies, or `*` for any backup. If the current one is among them, downloads answer
         * 304, uploads and deletions 412 `precondition_failed`.
         *
         */
        'If-None-Match'?: string;
        /**
         * HTTP-date. 304 if nothing newer was committed. It only has whole seconds, so prefer `If-None-Match`.
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
     * The current backup is not the one that `If-Match`, `If-Unmodified-Since` or `If-None-Match` ask for.
     */
    412: Problem;
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type HeadBackupError = HeadBackupErrors[keyof HeadBackupErrors];

export type HeadBackupResponses = {
    /**
     * The headers of the whole blob.
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
     * The page to send the user to.
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
     * The page to send the user to.
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
         * Stripe's signature of the raw body. An event without it is rejected with 400 `signature_invalid`.
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
     * The event was recorded.
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
     * The subscription is cancelled, at once or at the end of the paid period.
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

export type ListModelsData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/models';
};

export type ListModelsErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ListModelsError = ListModelsErrors[keyof ListModelsErrors];

export type ListModelsResponses = {
    /**
     * The models.
     */
    200: ModelList;
};

export type ListModelsResponse = ListModelsResponses[keyof ListModelsResponses];

export type ListKeysData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/keys';
};

export type ListKeysErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ListKeysError = ListKeysErrors[keyof ListKeysErrors];

export type ListKeysResponses = {
    /**
     * The keys.
     */
    200: KeyList;
};

export type ListKeysResponse = ListKeysResponses[keyof ListKeysResponses];

export type CreateKeyData = {
    /**
     * What the key is for and what it may do.
     */
    body: KeyRequest;
    path?: never;
    query?: never;
    url: '/keys';
};

export type CreateKeyErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type CreateKeyError = CreateKeyErrors[keyof CreateKeyErrors];

export type CreateKeyResponses = {
    /**
     * The key, shown this once.
     */
    201: CreatedKey;
};

export type CreateKeyResponse = CreateKeyResponses[keyof CreateKeyResponses];

export type DeleteKeyData = {
    body?: never;
    path: {
        /**
         * The key's id.
         */
        id: string;
    };
    query?: never;
    url: '/keys/{id}';
};

export type DeleteKeyErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type DeleteKeyError = DeleteKeyErrors[keyof DeleteKeyErrors];

export type DeleteKeyResponses = {
    /**
     * The key is revoked.
     */
    200: Ok;
};

export type DeleteKeyResponse = DeleteKeyResponses[keyof DeleteKeyResponses];

export type GetTeamData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/team';
};

export type GetTeamErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type GetTeamError = GetTeamErrors[keyof GetTeamErrors];

export type GetTeamResponses = {
    /**
     * The team.
     */
    200: Team;
};

export type GetTeamResponse = GetTeamResponses[keyof GetTeamResponses];

export type UpdateTeamData = {
    /**
     * What to change.
     */
    body: TeamUpdate;
    path?: never;
    query?: never;
    url: '/team';
};

export type UpdateTeamErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type UpdateTeamError = UpdateTeamErrors[keyof UpdateTeamErrors];

export type UpdateTeamResponses = {
    /**
     * The team as it is now.
     */
    200: Team;
};

export type UpdateTeamResponse = UpdateTeamResponses[keyof UpdateTeamResponses];

export type ListTeamMembersData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * The maximum number of entries.
         */
        limit?: number;
        /**
         * Only members whose id is greater than this one.
         */
        after?: string;
    };
    url: '/team/members';
};

export type ListTeamMembersErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ListTeamMembersError = ListTeamMembersErrors[keyof ListTeamMembersErrors];

export type ListTeamMembersResponses = {
    /**
     * The members.
     */
    200: TeamMemberList;
};

export type ListTeamMembersResponse = ListTeamMembersResponses[keyof ListTeamMembersResponses];

export type RemoveTeamMemberData = {
    body?: never;
    path: {
        /**
         * The member's account.
         */
        user_id: string;
    };
    query?: never;
    url: '/team/members/{user_id}';
};

export type RemoveTeamMemberErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type RemoveTeamMemberError = RemoveTeamMemberErrors[keyof RemoveTeamMemberErrors];

export type RemoveTeamMemberResponses = {
    /**
     * The account is not in the team any more.
     */
    200: Ok;
};

export type RemoveTeamMemberResponse = RemoveTeamMemberResponses[keyof RemoveTeamMemberResponses];

export type SetTeamRoleData = {
    /**
     * The role.
     */
    body: TeamRoleRequest;
    path: {
        /**
         * The member's account.
         */
        user_id: string;
    };
    query?: never;
    url: '/team/members/{user_id}';
};

export type SetTeamRoleErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type SetTeamRoleError = SetTeamRoleErrors[keyof SetTeamRoleErrors];

export type SetTeamRoleResponses = {
    /**
     * The member as it is now.
     */
    200: TeamMember;
};

export type SetTeamRoleResponse = SetTeamRoleResponses[keyof SetTeamRoleResponses];

export type ListTeamInvitationsData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * The maximum number of entries.
         */
        limit?: number;
        /**
         * Only invitations older than the one with this id.
         */
        before?: string;
    };
    url: '/team/invitations';
};

export type ListTeamInvitationsErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type ListTeamInvitationsError = ListTeamInvitationsErrors[keyof ListTeamInvitationsErrors];

export type ListTeamInvitationsResponses = {
    /**
     * The open invitations.
     */
    200: TeamInvitationList;
};

export type ListTeamInvitationsResponse = ListTeamInvitationsResponses[keyof ListTeamInvitationsResponses];

export type InviteTeamMemberData = {
    /**
     * Whom to invite.
     */
    body: TeamInvitationRequest;
    headers?: {
        /**
         * The language of the mail: de, it, or en for any other.
         *
         */
        'Accept-Language'?: string;
    };
    path?: never;
    query?: never;
    url: '/team/invitations';
};

export type InviteTeamMemberErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type InviteTeamMemberError = InviteTeamMemberErrors[keyof InviteTeamMemberErrors];

export type InviteTeamMemberResponses = {
    /**
     * The invitation. Its code is in the mail alone.
     */
    201: TeamInvitation;
};

export type InviteTeamMemberResponse = InviteTeamMemberResponses[keyof InviteTeamMemberResponses];

export type RevokeTeamInvitationData = {
    body?: never;
    path: {
        /**
         * The invitation's id.
         */
        id: string;
    };
    query?: never;
    url: '/team/invitations/{id}';
};

export type RevokeTeamInvitationErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type RevokeTeamInvitationError = RevokeTeamInvitationErrors[keyof RevokeTeamInvitationErrors];

export type RevokeTeamInvitationResponses = {
    /**
     * The invitation is revoked.
     */
    200: Ok;
};

export type RevokeTeamInvitationResponse = RevokeTeamInvitationResponses[keyof RevokeTeamInvitationResponses];

export type JoinTeamData = {
    /**
     * The code.
     */
    body: TeamJoinRequest;
    path?: never;
    query?: never;
    url: '/team/join';
};

export type JoinTeamErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type JoinTeamError = JoinTeamErrors[keyof JoinTeamErrors];

export type JoinTeamResponses = {
    /**
     * The team.
     */
    200: Team;
};

export type JoinTeamResponse = JoinTeamResponses[keyof JoinTeamResponses];

export type DeleteTeamSsoData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/team/sso';
};

export type DeleteTeamSsoErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type DeleteTeamSsoError = DeleteTeamSsoErrors[keyof DeleteTeamSsoErrors];

export type DeleteTeamSsoResponses = {
    /**
     * The team has no provider.
     */
    200: Ok;
};

export type DeleteTeamSsoResponse = DeleteTeamSsoResponses[keyof DeleteTeamSsoResponses];

export type GetTeamSsoData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/team/sso';
};

export type GetTeamSsoErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type GetTeamSsoError = GetTeamSsoErrors[keyof GetTeamSsoErrors];

export type GetTeamSsoResponses = {
    /**
     * The team's single sign-on.
     */
    200: TeamSso;
};

export type GetTeamSsoResponse = GetTeamSsoResponses[keyof GetTeamSsoResponses];

export type SetTeamSsoData = {
    /**
     * The provider and the domains.
     */
    body: TeamSsoRequest;
    path?: never;
    query?: never;
    url: '/team/sso';
};

export type SetTeamSsoErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type SetTeamSsoError = SetTeamSsoErrors[keyof SetTeamSsoErrors];

export type SetTeamSsoResponses = {
    /**
     * The team's single sign-on as it is now.
     */
    200: TeamSso;
};

export type SetTeamSsoResponse = SetTeamSsoResponses[keyof SetTeamSsoResponses];

export type HandOverTeamData = {
    /**
     * The new owner, and the password of the present one.
     */
    body: TeamOwnerRequest;
    path?: never;
    query?: never;
    url: '/team/owner';
};

export type HandOverTeamErrors = {
    /**
     * The request failed; `code` says why.
     */
    default: Problem;
};

export type HandOverTeamError = HandOverTeamErrors[keyof HandOverTeamErrors];

export type HandOverTeamResponses = {
    /**
     * The team as it is now.
     */
    200: Team;
};

export type HandOverTeamResponse = HandOverTeamResponses[keyof HandOverTeamResponses];

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
