// Code generated from openapi/openapi.yaml. DO NOT EDIT.

import { client } from './client.gen.js';
import type { Client, Options as Options2, TDataShape } from './client/index.js';
import type { CancelSubscriptionData, CancelSubscriptionErrors, CancelSubscriptionResponses, ChangePasswordData, ChangePasswordErrors, ChangePasswordResponses, ChatData, ChatErrors, ChatResponses, CreateCheckoutData, CreateCheckoutErrors, CreateCheckoutResponses, CreatePortalData, CreatePortalErrors, CreatePortalResponses, DeleteBackupData, DeleteBackupErrors, DeleteBackupResponses, EndSessionData, EndSessionErrors, EndSessionResponses, GetBackupData, GetBackupErrors, GetBackupResponses, GetHealthData, GetHealthErrors, GetHealthResponses, GetLatestBackupData, GetLatestBackupErrors, GetLatestBackupResponses, GetMeData, GetMeErrors, GetMeResponses, GetPlaybookData, GetPlaybookErrors, GetPlaybookResponses, GetSubscriptionData, GetSubscriptionErrors, GetSubscriptionResponses, HeadBackupData, HeadBackupErrors, HeadBackupResponses, HeadLatestBackupData, HeadLatestBackupErrors, HeadLatestBackupResponses, ListAgentsData, ListAgentsErrors, ListAgentsResponses, ListBackupHistoryData, ListBackupHistoryErrors, ListBackupHistoryResponses, ListPlaybooksData, ListPlaybooksErrors, ListPlaybooksResponses, ListSessionsData, ListSessionsErrors, ListSessionsResponses, ListTiersData, ListTiersErrors, ListTiersResponses, LoginData, LoginErrors, LoginResponses, LogoutData, LogoutErrors, LogoutResponses, PutBackupData, PutBackupErrors, PutBackupResponses, ReceiveStripeEventData, ReceiveStripeEventErrors, ReceiveStripeEventResponses, RefreshTokensData, RefreshTokensErrors, RefreshTokensResponses, RegisterData, RegisterErrors, RegisterResponses, RequestAccountDeletionData, RequestAccountDeletionErrors, RequestAccountDeletionResponses, RunStepData, RunStepErrors, RunStepResponses } from './types.gen.js';

export type Options<TData extends TDataShape = TDataShape, ThrowOnError extends boolean = boolean, TResponse = unknown> = Options2<TData, ThrowOnError, TResponse> & {
    /**
     * You can provide a client instance returned by `createClient()` instead of
     * individual options. This might be also useful if you want to implement a
     * custom client.
     */
    client?: Client;
    /**
     * You can pass arbitrary values through the `meta` object. This can be
     * used to access values that aren't defined as part of the SDK function.
     */
    meta?: Record<string, unknown>;
};

/**
 * Create an account
 *
 * Creates an account on the free plan and opens its first session. Limited to 5 an hour for one client address.
 * 409 `email_taken` when there is an account of this e-mail already.
 *
 */
export const register = <ThrowOnError extends boolean = false>(options: Options<RegisterData, ThrowOnError>) => (options.client ?? client).post<RegisterResponses, RegisterErrors, ThrowOnError>({
    url: '/auth/register',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Sign in
 *
 * Opens a session. An unknown e-mail and a wrong password get the same answer, 401 `invalid_credentials`, in the same
 * time. Limited to 10 a minute for one client address.
 *
 */
export const login = <ThrowOnError extends boolean = false>(options: Options<LoginData, ThrowOnError>) => (options.client ?? client).post<LoginResponses, LoginErrors, ThrowOnError>({
    url: '/auth/login',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Exchange a refresh token for new tokens
 *
 * Rotates the refresh token: the one sent is spent and a new pair comes back. Spending a token twice ends its whole
 * session with 401 `refresh_reused`, because one of the two holders must be a thief; a retry of the same request is
 * told apart by its `Idempotency-Key`. Limited to 60 a minute for one client address.
 *
 */
export const refreshTokens = <ThrowOnError extends boolean = false>(options: Options<RefreshTokensData, ThrowOnError>) => (options.client ?? client).post<RefreshTokensResponses, RefreshTokensErrors, ThrowOnError>({
    url: '/auth/refresh',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Sign out
 *
 * Ends the session of the token used, or with `all=true` every session of the account. Repeating it is fine.
 */
export const logout = <ThrowOnError extends boolean = false>(options?: Options<LogoutData, ThrowOnError>) => (options?.client ?? client).post<LogoutResponses, LogoutErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/logout',
    ...options
});

/**
 * The signed-in account
 *
 * Returns the account of the token. The plan is read from the database, not from the token.
 */
export const getMe = <ThrowOnError extends boolean = false>(options?: Options<GetMeData, ThrowOnError>) => (options?.client ?? client).get<GetMeResponses, GetMeErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/me',
    ...options
});

/**
 * Delete the account
 *
 * Deletes the account with its sessions, backups and subscription. The sessions end at once; the rest is carried out
 * soon after, also when the server restarts in the middle. It cannot be undone.
 *
 */
export const requestAccountDeletion = <ThrowOnError extends boolean = false>(options: Options<RequestAccountDeletionData, ThrowOnError>) => (options.client ?? client).post<RequestAccountDeletionResponses, RequestAccountDeletionErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/me/deletion',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Change the password
 *
 * Sets a new password. Every other session of the account ends; the one used stays.
 */
export const changePassword = <ThrowOnError extends boolean = false>(options: Options<ChangePasswordData, ThrowOnError>) => (options.client ?? client).put<ChangePasswordResponses, ChangePasswordErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/password',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * The account's open sessions
 *
 * Lists the open sessions, the most recently used first.
 */
export const listSessions = <ThrowOnError extends boolean = false>(options?: Options<ListSessionsData, ThrowOnError>) => (options?.client ?? client).get<ListSessionsResponses, ListSessionsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/sessions',
    ...options
});

/**
 * End one session
 *
 * Ends the session; its refresh token stops working. An unknown id and another account's id are both 404.
 */
export const endSession = <ThrowOnError extends boolean = false>(options: Options<EndSessionData, ThrowOnError>) => (options.client ?? client).delete<EndSessionResponses, EndSessionErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/sessions/{id}',
    ...options
});

/**
 * Ask the agents
 *
 * Routes the message to an agent, or to several in turn, and answers whole. `execution_mode: direct` answers a
 * ChatResponse, `plan` an ExecutionPlan; `kind` tells them apart. Agents work on the rows in `context`. What should be
 * changed comes back as actions, which the client carries out; the server stores nothing.
 *
 */
export const chat = <ThrowOnError extends boolean = false>(options: Options<ChatData, ThrowOnError>) => (options.client ?? client).post<ChatResponses, ChatErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/chat',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * The playbooks of the account's plan
 *
 * Lists the ready-made plans that the account's subscription includes; others are left out.
 */
export const listPlaybooks = <ThrowOnError extends boolean = false>(options?: Options<ListPlaybooksData, ThrowOnError>) => (options?.client ?? client).get<ListPlaybooksResponses, ListPlaybooksErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/plans/playbook',
    ...options
});

/**
 * One playbook
 *
 * Returns the playbook. 404 when there is none of this id, 403 `tier_required` when the plan lacks it.
 */
export const getPlaybook = <ThrowOnError extends boolean = false>(options: Options<GetPlaybookData, ThrowOnError>) => (options.client ?? client).get<GetPlaybookResponses, GetPlaybookErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/plans/playbook/{plan_id}',
    ...options
});

/**
 * Run one generating step of a plan
 *
 * Runs the prompt template of a `generate` step over the variables and the rows of its source step. The template's
 * text stays on the server. 404 when there is no template of this id.
 *
 */
export const runStep = <ThrowOnError extends boolean = false>(options: Options<RunStepData, ThrowOnError>) => (options.client ?? client).post<RunStepResponses, RunStepErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/plans/steps',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Download the latest backup
 *
 * Returns the blob that was committed last, by the server's order and not by the clients' clocks; 404 when there is
 * none. Honours conditional and range requests by RFC 9110; of several ranges none is honoured. Where the blob store
 * serves downloads itself, the answer is 307 to an address that works for 5 minutes, unless `If-Range` is sent.
 *
 */
export const getLatestBackup = <ThrowOnError extends boolean = false>(options?: Options<GetLatestBackupData, ThrowOnError>) => (options?.client ?? client).get<GetLatestBackupResponses, GetLatestBackupErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/backup',
    ...options
});

/**
 * Headers of the latest backup
 *
 * Answers as the download of the latest backup would, without its body.
 *
 */
export const headLatestBackup = <ThrowOnError extends boolean = false>(options?: Options<HeadLatestBackupData, ThrowOnError>) => (options?.client ?? client).head<HeadLatestBackupResponses, HeadLatestBackupErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/backup',
    ...options
});

/**
 * Upload a backup
 *
 * Stores an encrypted blob of at most 80 GB. It is refused before its body is read when the plan has no backups (403
 * `tier_required`), the quota is full (413 `quota_exceeded`), the size is unknown (411 `length_required`) or a header
 * is wrong. The blob is hashed on the way; a wrong checksum or a short body leaves nothing behind.
 *
 */
export const putBackup = <ThrowOnError extends boolean = false>(options: Options<PutBackupData, ThrowOnError>) => (options.client ?? client).put<PutBackupResponses, PutBackupErrors, ThrowOnError>({
    bodySerializer: null,
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/backup',
    ...options,
    headers: {
        'Content-Type': 'application/octet-stream',
        ...options.headers
    }
});

/**
 * The account's backups
 *
 * Lists the committed backups without their blobs, the newest first. Ask for the next page with the last id as `before`.
 *
 */
export const listBackupHistory = <ThrowOnError extends boolean = false>(options?: Options<ListBackupHistoryData, ThrowOnError>) => (options?.client ?? client).get<ListBackupHistoryResponses, ListBackupHistoryErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/backup/history',
    ...options
});

/**
 * Delete one backup
 *
 * Deletes the backup and frees its room in the quota. Repeating it is fine; an unknown id and another account's are 404.
 *
 */
export const deleteBackup = <ThrowOnError extends boolean = false>(options: Options<DeleteBackupData, ThrowOnError>) => (options.client ?? client).delete<DeleteBackupResponses, DeleteBackupErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/backup/{backup_id}',
    ...options
});

/**
 * Download one backup
 *
 * Returns the blob; conditional and range requests as for the latest. An unknown id and another account's id are both 404.
 *
 */
export const getBackup = <ThrowOnError extends boolean = false>(options: Options<GetBackupData, ThrowOnError>) => (options.client ?? client).get<GetBackupResponses, GetBackupErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/backup/{backup_id}',
    ...options
});

/**
 * Headers of one backup
 *
 * Answers as the download of this backup would, without its body.
 *
 */
export const headBackup = <ThrowOnError extends boolean = false>(options: Options<HeadBackupData, ThrowOnError>) => (options.client ?? client).head<HeadBackupResponses, HeadBackupErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/backup/{backup_id}',
    ...options
});

/**
 * The plans on offer
 *
 * Lists the plans from least to most with their features, limits and monthly prices.
 *
 */
export const listTiers = <ThrowOnError extends boolean = false>(options?: Options<ListTiersData, ThrowOnError>) => (options?.client ?? client).get<ListTiersResponses, ListTiersErrors, ThrowOnError>({ url: '/billing/tiers', ...options });

/**
 * Start a checkout
 *
 * Opens a checkout page for a paid plan. 409 `already_subscribed` when there is a subscription; change it in the portal.
 *
 */
export const createCheckout = <ThrowOnError extends boolean = false>(options: Options<CreateCheckoutData, ThrowOnError>) => (options.client ?? client).post<CreateCheckoutResponses, CreateCheckoutErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/billing/checkout',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Open the billing portal
 *
 * Opens the page on which the user changes payment data or the plan. 404 when the account was never a customer.
 *
 */
export const createPortal = <ThrowOnError extends boolean = false>(options?: Options<CreatePortalData, ThrowOnError>) => (options?.client ?? client).post<CreatePortalResponses, CreatePortalErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/billing/portal',
    ...options
});

/**
 * Receive an event from Stripe
 *
 * Takes a signed event, at most 512 KiB, and notes its id; what it means is read from Stripe afterwards, so that duplicates and
 * any order end alike. 400 `signature_invalid` when the signature is missing, wrong or more than 300 seconds off. 503 asks Stripe to
 * send it again.
 *
 */
export const receiveStripeEvent = <ThrowOnError extends boolean = false>(options: Options<ReceiveStripeEventData, ThrowOnError>) => (options.client ?? client).post<ReceiveStripeEventResponses, ReceiveStripeEventErrors, ThrowOnError>({
    url: '/billing/webhook',
    ...options,
    headers: {
        'Content-Type': '*/*',
        ...options.headers
    }
});

/**
 * Cancel the subscription
 *
 * Cancels at the end of the paid period, or at once with `immediately=true`. Twice is fine; 404 when there is none.
 *
 */
export const cancelSubscription = <ThrowOnError extends boolean = false>(options?: Options<CancelSubscriptionData, ThrowOnError>) => (options?.client ?? client).delete<CancelSubscriptionResponses, CancelSubscriptionErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/billing/subscription',
    ...options
});

/**
 * The account's subscription
 *
 * Returns the subscription; an account without one gets `status: none`.
 *
 */
export const getSubscription = <ThrowOnError extends boolean = false>(options?: Options<GetSubscriptionData, ThrowOnError>) => (options?.client ?? client).get<GetSubscriptionResponses, GetSubscriptionErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/billing/subscription',
    ...options
});

/**
 * The agents
 *
 * Lists every agent and whether the account's plan includes it.
 *
 */
export const listAgents = <ThrowOnError extends boolean = false>(options?: Options<ListAgentsData, ThrowOnError>) => (options?.client ?? client).get<ListAgentsResponses, ListAgentsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/agents',
    ...options
});

/**
 * Whether the process is alive
 *
 * Answers as long as the process runs; no dependency is asked.
 *
 */
export const getHealth = <ThrowOnError extends boolean = false>(options?: Options<GetHealthData, ThrowOnError>) => (options?.client ?? client).get<GetHealthResponses, GetHealthErrors, ThrowOnError>({ url: '/health', ...options });
