// Code generated from openapi/openapi.yaml. DO NOT EDIT.

import { client } from './client.gen.js';
import type { Client, Options as Options2, TDataShape } from './client/index.js';
import type { CancelSubscriptionData, CancelSubscriptionErrors, CancelSubscriptionResponses, ChangeEmailData, ChangeEmailErrors, ChangeEmailResponses, ChangePasswordData, ChangePasswordErrors, ChangePasswordResponses, ChatBatchData, ChatBatchErrors, ChatBatchResponses, ChatData, ChatErrors, ChatResponses, CompactHistoryData, CompactHistoryErrors, CompactHistoryResponses, ConfirmEmailChangeData, ConfirmEmailChangeErrors, ConfirmEmailChangeResponses, ConfirmEmailVerificationData, ConfirmEmailVerificationErrors, ConfirmEmailVerificationResponses, ConfirmPasswordResetData, ConfirmPasswordResetErrors, ConfirmPasswordResetResponses, CreateCheckoutData, CreateCheckoutErrors, CreateCheckoutResponses, CreateKeyData, CreateKeyErrors, CreateKeyResponses, CreatePortalData, CreatePortalErrors, CreatePortalResponses, DeleteBackupData, DeleteBackupErrors, DeleteBackupResponses, DeleteKeyData, DeleteKeyErrors, DeleteKeyResponses, EndSessionData, EndSessionErrors, EndSessionResponses, ExportAccountData, ExportAccountErrors, ExportAccountResponses, GetBackupData, GetBackupErrors, GetBackupResponses, GetHealthData, GetHealthErrors, GetHealthResponses, GetLatestBackupData, GetLatestBackupErrors, GetLatestBackupResponses, GetMeData, GetMeErrors, GetMeResponses, GetPlaybookData, GetPlaybookErrors, GetPlaybookResponses, GetSubscriptionData, GetSubscriptionErrors, GetSubscriptionResponses, GetUsageData, GetUsageErrors, GetUsageResponses, HeadBackupData, HeadBackupErrors, HeadBackupResponses, HeadLatestBackupData, HeadLatestBackupErrors, HeadLatestBackupResponses, ListAgentsData, ListAgentsErrors, ListAgentsResponses, ListAuthEventsData, ListAuthEventsErrors, ListAuthEventsResponses, ListBackupHistoryData, ListBackupHistoryErrors, ListBackupHistoryResponses, ListKeysData, ListKeysErrors, ListKeysResponses, ListModelsData, ListModelsErrors, ListModelsResponses, ListPlaybooksData, ListPlaybooksErrors, ListPlaybooksResponses, ListSessionsData, ListSessionsErrors, ListSessionsResponses, ListTiersData, ListTiersErrors, ListTiersResponses, LoginData, LoginErrors, LoginResponses, LogoutData, LogoutErrors, LogoutResponses, PutBackupData, PutBackupErrors, PutBackupResponses, ReceiveStripeEventData, ReceiveStripeEventErrors, ReceiveStripeEventResponses, RefreshTokensData, RefreshTokensErrors, RefreshTokensResponses, RegisterData, RegisterErrors, RegisterResponses, RequestAccountDeletionData, RequestAccountDeletionErrors, RequestAccountDeletionResponses, RequestEmailVerificationData, RequestEmailVerificationErrors, RequestEmailVerificationResponses, RequestPasswordResetData, RequestPasswordResetErrors, RequestPasswordResetResponses, RunStepData, RunStepErrors, RunStepResponses } from './types.gen.js';

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
 * Creates an account on the free plan and opens its first session. 409 `email_taken` if an account with this
 * e-mail address exists. A code to verify the address is mailed by itself: POST /auth/email/verification/confirm
 * takes it. Mails to the account are in the language that Accept-Language asks for: de, it, or en for any other.
 * Limited to 5 requests per hour and client address.
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
 * Opens a session. An unknown e-mail address and a wrong password both get 401 `invalid_credentials`, after the
 * same time. Limited to 10 requests per minute and client address. Wrong passwords are limited as well, with 429
 * `rate_limited` and `Retry-After`: 10 in 15 minutes for one account and network (an IPv4 address, an IPv6 /64;
 * 20 for a /56, 40 for a /48). From networks where the account never signed in, one attempt at a time is checked
 * and 100 in an hour, all those networks together. A network from which the account signed in within the last 90
 * days is held up by its own attempts only. So is a device that sends its last `refresh_token`.
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
 * Replaces the refresh token with a new one and returns a new access token. If the response was lost, repeat the
 * request: for 10 seconds, or with the same `Idempotency-Key` until the new refresh token has been used, it
 * returns that token again. Any other use of an old refresh token ends the session with 401 `refresh_reused`,
 * because the token may have been stolen. Limited to 60 requests per minute and client address.
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
 * Ends the session of the access token. Repeating it succeeds. With `all=true` it ends every session of the
 * account, which needs a session that is still open: 401 `token_invalid` otherwise. With `all=true&keys=true` it
 * revokes the account's API keys as well; `keys=true` alone is 422 `validation_failed`.
 *
 */
export const logout = <ThrowOnError extends boolean = false>(options?: Options<LogoutData, ThrowOnError>) => (options?.client ?? client).post<LogoutResponses, LogoutErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/logout',
    ...options
});

/**
 * Get the signed-in account
 *
 * Returns the account of the access token. A change of its plan shows within 10 seconds, without a new token.
 *
 */
export const getMe = <ThrowOnError extends boolean = false>(options?: Options<GetMeData, ThrowOnError>) => (options?.client ?? client).get<GetMeResponses, GetMeErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/me',
    ...options
});

/**
 * Delete the account
 *
 * Deletes the account with its sessions, backups and subscription. The sessions end at once; the rest follows
 * shortly after, even if the server restarts in between. This cannot be undone. 403 `password_wrong` if the
 * password is wrong. 10 wrong passwords in
 * 15 minutes, counted by session and by account together with every other operation that asks for the password,
 * lead to 429 `rate_limited` with `Retry-After`.
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
 * Sets a new password and ends every other session. 403 `password_wrong` if the current password is wrong.
 * 10 wrong passwords in
 * 15 minutes, counted by session and by account together with every other operation that asks for the password,
 * lead to 429 `rate_limited` with `Retry-After`.
 *
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
 * Ask for a code to set a new password
 *
 * Mails a code of 8 digits to the account of this address, and returns the handle to confirm it with. An address without
 * an account gets the same answer after the same time, and no mail. The code is good for 10 minutes after it was mailed,
 * for 5 tries and once, and only with this handle; a later code for a request from the same network replaces it. At most
 * 3 mails with codes an hour go to an address; further requests get the same answer, and the codes mailed before stay
 * good. A network from which a verified account has signed in has 3 of its own. Limited to 20 requests per hour and
 * client address.
 *
 */
export const requestPasswordReset = <ThrowOnError extends boolean = false>(options: Options<RequestPasswordResetData, ThrowOnError>) => (options.client ?? client).post<RequestPasswordResetResponses, RequestPasswordResetErrors, ThrowOnError>({
    url: '/auth/password/reset',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Set a new password with a mailed code
 *
 * Sets the password of the account, ends all its sessions, makes its other codes invalid and marks its address as
 * verified. 422 `code_invalid` if the code is wrong, used, expired or of another handle. A password that is refused with
 * 422 `validation_failed` leaves the code good. If the address was never verified before, whatever somebody else set up to
 * get into the account ends too, such as API keys. Limited to 10 requests per minute and client address.
 *
 */
export const confirmPasswordReset = <ThrowOnError extends boolean = false>(options: Options<ConfirmPasswordResetData, ThrowOnError>) => (options.client ?? client).post<ConfirmPasswordResetResponses, ConfirmPasswordResetErrors, ThrowOnError>({
    url: '/auth/password/reset/confirm',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Ask for a code to verify the address
 *
 * Mails a code of 8 digits to the address of the account, as signing up does by itself. The code is good for 10 minutes
 * after it was mailed, for 5 tries and once; a later one replaces it. If the address is verified already, nothing is
 * mailed. 429 `rate_limited` with `Retry-After` after 3 mails with codes to the address in an hour; the last code stays
 * good.
 *
 */
export const requestEmailVerification = <ThrowOnError extends boolean = false>(options?: Options<RequestEmailVerificationData, ThrowOnError>) => (options?.client ?? client).post<RequestEmailVerificationResponses, RequestEmailVerificationErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/email/verification',
    ...options
});

/**
 * Verify the address with a mailed code
 *
 * Marks the address of the account as verified. 422 `code_invalid` if the code is wrong, used, expired, or was mailed for
 * something else or for another account.
 *
 */
export const confirmEmailVerification = <ThrowOnError extends boolean = false>(options: Options<ConfirmEmailVerificationData, ThrowOnError>) => (options.client ?? client).post<ConfirmEmailVerificationResponses, ConfirmEmailVerificationErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/email/verification/confirm',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Ask for a code to change the address
 *
 * Mails a code of 8 digits to the new address; the account keeps its address until the code is confirmed. The code is good
 * for 10 minutes after it was mailed, for 5 tries and once; a later one replaces it. The answer is the same for an address
 * that has an account, whose owner is told by mail and gets no code. After 3 mails with codes to the address in an hour
 * nothing is mailed. 403 `password_wrong` if the password is wrong; 10 wrong passwords in 15 minutes, counted by session
 * and by account together with every other operation that asks for the password, lead to 429 `rate_limited` with
 * `Retry-After`.
 *
 */
export const changeEmail = <ThrowOnError extends boolean = false>(options: Options<ChangeEmailData, ThrowOnError>) => (options.client ?? client).put<ChangeEmailResponses, ChangeEmailErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/email',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Change the address with a mailed code
 *
 * Gives the account the address that the code was mailed to, as a verified one, makes its other codes invalid, and tells
 * the old address by mail. 422 `code_invalid` if the code is wrong, used, expired, or was mailed for something else or for
 * another account; 409 `email_taken` if another account got the address in the meantime.
 *
 */
export const confirmEmailChange = <ThrowOnError extends boolean = false>(options: Options<ConfirmEmailChangeData, ThrowOnError>) => (options.client ?? client).post<ConfirmEmailChangeResponses, ConfirmEmailChangeErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/email/confirm',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * List open sessions
 *
 * Lists the open sessions of the account, newest first. For the next page, send the last id as `before`. An
 * account has at most 100 open sessions: a new log-in ends those that have been idle longest.
 *
 */
export const listSessions = <ThrowOnError extends boolean = false>(options?: Options<ListSessionsData, ThrowOnError>) => (options?.client ?? client).get<ListSessionsResponses, ListSessionsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/sessions',
    ...options
});

/**
 * End one session
 *
 * Ends the session; its refresh token stops working. 404 for an unknown id and for another account's.
 */
export const endSession = <ThrowOnError extends boolean = false>(options: Options<EndSessionData, ThrowOnError>) => (options.client ?? client).delete<EndSessionResponses, EndSessionErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/sessions/{id}',
    ...options
});

/**
 * List what happened to the account
 *
 * Lists sign-ins, refused sign-ins and changes of the account's sessions, password and API keys, newest first. For
 * the next page, send the last id as `before`. Events are kept for 90 days. Of refused sign-ins 20 an hour are
 * kept.
 *
 */
export const listAuthEvents = <ThrowOnError extends boolean = false>(options?: Options<ListAuthEventsData, ThrowOnError>) => (options?.client ?? client).get<ListAuthEventsResponses, ListAuthEventsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/events',
    ...options
});

/**
 * Export everything that is kept of the account
 *
 * Returns everything that the service keeps of the account, as one JSON document: profile, sessions, API keys,
 * events, subscriptions, metadata of backups and numbers of use. Secrets are left out: hashes of passwords, tokens
 * and keys. So is the content of backups, which the service cannot read; GET /backup returns it. A document that
 * the server could not finish ends early and is then not valid JSON.
 *
 */
export const exportAccount = <ThrowOnError extends boolean = false>(options?: Options<ExportAccountData, ThrowOnError>) => (options?.client ?? client).get<ExportAccountResponses, ExportAccountErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/me/export',
    ...options
});

/**
 * Ask the agents
 *
 * Routes the message to one agent, or to several in sequence, and returns the complete answer. With the
 * `execution_mode` `direct` that is a ChatResponse, with `plan` an ExecutionPlan; `kind` says which. Agents work
 * on the rows in `context`. Changes that they propose are returned as actions for the client to carry out; the
 * server stores nothing. Texts in `context` may contain U+0000, which is left out; in `message` it is 400
 * `invalid_json`. `model` chooses a model of GET /models, and may bring the account's own key: 422
 * `model_unknown` if there is no such model, 403 `tier_required` if the account's plan does not include the choice
 * (`required` lists the plans that do), and 422 `model_key_refused` if the provider refuses the key.
 *
 * Of a history that is too long for the model the oldest turns are left out; `context` of the answer says how many.
 * 413 `context_too_large` if the message does not fit by itself; `errors` names the member to shorten. 429
 * `budget_exceeded` if the plan's tokens of the day are used up, with `Retry-After` until midnight UTC, or if
 * requests that are still running have reserved the rest, with a short one. `usage` of the answer says how many
 * tokens it took.
 *
 * With `Accept: text/event-stream` the answer is a stream of server-sent events: each has the event's `type` as
 * `event` and a ChatStreamEvent as `data`. The last is `done`, or `error` if the answer fails on the way. While
 * nothing else is sent, a comment comes every 10 seconds. Closing the connection ends the answer. Errors before the
 * first event are problems as usual.
 *
 * `client_tools` are tools that run in the app. When the model calls them, the answer has the kind `tool_calls` with
 * `calls` and `continuation`: run them, and post `continuation` with a `tool_results` entry for each call and the
 * same `context`. 422 `continuation_invalid` if it is older than 10 minutes, or was made for another account or
 * plan, or before the password was changed.
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
 * Ask several questions at once
 *
 * Answers 1 to 20 ChatRequests, four at a time, and returns their results in the same order. Needs Pro or a higher
 * plan, 403 `tier_required` otherwise.
 *
 * Each item is a question of its own: it is validated alone, and counts against the rate limit and the day's tokens
 * as POST /chat does. One that fails has the problem that POST /chat would have returned, and the others are
 * answered. Only a body without a list of 1 to 20 objects is refused as a whole. Closing the connection ends all
 * of them.
 *
 */
export const chatBatch = <ThrowOnError extends boolean = false>(options: Options<ChatBatchData, ThrowOnError>) => (options.client ?? client).post<ChatBatchResponses, ChatBatchErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/chat/batch',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Summarise a conversation
 *
 * Summarises earlier turns in one text, in the language of the conversation. The server keeps neither: the client
 * stores the summary and sends it as the first turn of `conversation_history` in place of the turns that it sums up.
 * Of a history that is too long for the model the oldest turns are left out; `context` says how many. Uses the
 * day's tokens as a message does.
 *
 */
export const compactHistory = <ThrowOnError extends boolean = false>(options: Options<CompactHistoryData, ThrowOnError>) => (options.client ?? client).post<CompactHistoryResponses, CompactHistoryErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/chat/compact',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Tokens used today
 *
 * Returns how many tokens of language models the account has used since midnight UTC, and how many its plan has for
 * the day. Requests that are still running count once they have ended. Beyond the limit, requests that need a model
 * are answered with 429 `budget_exceeded` until `period_end`.
 *
 */
export const getUsage = <ThrowOnError extends boolean = false>(options?: Options<GetUsageData, ThrowOnError>) => (options?.client ?? client).get<GetUsageResponses, GetUsageErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/usage',
    ...options
});

/**
 * List playbooks
 *
 * Lists the playbooks that the account's plan includes.
 */
export const listPlaybooks = <ThrowOnError extends boolean = false>(options?: Options<ListPlaybooksData, ThrowOnError>) => (options?.client ?? client).get<ListPlaybooksResponses, ListPlaybooksErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/plans/playbook',
    ...options
});

/**
 * Get one playbook
 *
 * Returns the playbook. 404 for an unknown id, 403 `tier_required` if the account's plan does not include it.
 *
 */
export const getPlaybook = <ThrowOnError extends boolean = false>(options: Options<GetPlaybookData, ThrowOnError>) => (options.client ?? client).get<GetPlaybookResponses, GetPlaybookErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/plans/playbook/{plan_id}',
    ...options
});

/**
 * Run one `generate` step of a plan
 *
 * Runs the prompt template of a `generate` step with its variables and the records of its source step. The
 * template's text stays on the server. 404 for an unknown template id. 422 `validation_failed` for a variable that
 * the template does not have: `errors` names it. Values with U+0000 lose it.
 *
 * A template makes either text or records for the action that follows. Records are checked before they are
 * returned: times are milliseconds, texts with fixed values have one of them, and `id` is one of the `id`s in
 * `data`. What the model wrote and does not fit is left out and counted in `dropped`.
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
 * Returns the blob that the server committed last, whatever the clients' clocks say; 404 if there is none.
 * Supports conditional and range requests (RFC 9110); a request for several ranges gets the whole blob. To resume
 * a download, send `Range` with `If-Match` (412 `precondition_failed` when another backup is the latest by now) or
 * with `If-Range` (the whole new blob then). If the blob store serves downloads itself, the response is 307 to a
 * URL that is valid for 5 minutes, unless `If-Match`, `If-Range` or a date to compare is sent.
 *
 */
export const getLatestBackup = <ThrowOnError extends boolean = false>(options?: Options<GetLatestBackupData, ThrowOnError>) => (options?.client ?? client).get<GetLatestBackupResponses, GetLatestBackupErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/backup',
    ...options
});

/**
 * Get the headers of the latest backup
 *
 * Returns the headers of the download, without the body.
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
 * Stores an encrypted blob of at most 80 GB. The upload is rejected before its body is read if the plan has no
 * backups (403 `tier_required`), the blob exceeds the quota (413 `quota_exceeded`), the size is unknown (411
 * `length_required`) or a header is invalid (422 `validation_failed`). If the checksum differs or the body ends
 * early, nothing is stored. Retry with the same `Idempotency-Key`, and the blob is stored only once.
 *
 * Two devices that back up the same account need not overwrite each other's latest backup: `If-Match` with the
 * `ETag` of the backup that yours is based on, or `If-None-Match: *` for the first one, is compared with the latest
 * backup (412 `precondition_failed`), before the body is read and once more when it is stored.
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
 * List backups
 *
 * Lists the committed backups without their blobs, newest first. For the next page, send the last id as `before`.
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
 * Deletes the backup and frees its space in the quota. Repeating it succeeds for 90 days; after that, and for an
 * unknown id and another account's, it is 404. 412 `precondition_failed` if the backup does not meet the `If-`
 * headers; then it stays.
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
 * Returns the blob. Conditional requests, range requests and redirects work as for the latest backup. 404 for an
 * unknown id and for another account's.
 *
 */
export const getBackup = <ThrowOnError extends boolean = false>(options: Options<GetBackupData, ThrowOnError>) => (options.client ?? client).get<GetBackupResponses, GetBackupErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/backup/{backup_id}',
    ...options
});

/**
 * Get the headers of one backup
 *
 * Returns the headers of the download, without the body.
 *
 */
export const headBackup = <ThrowOnError extends boolean = false>(options: Options<HeadBackupData, ThrowOnError>) => (options.client ?? client).head<HeadBackupResponses, HeadBackupErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/backup/{backup_id}',
    ...options
});

/**
 * List the plans on offer
 *
 * Lists the subscription plans, lowest first, with their features, limits and monthly prices.
 *
 */
export const listTiers = <ThrowOnError extends boolean = false>(options?: Options<ListTiersData, ThrowOnError>) => (options?.client ?? client).get<ListTiersResponses, ListTiersErrors, ThrowOnError>({ url: '/billing/tiers', ...options });

/**
 * Start a checkout
 *
 * Opens a checkout page for a paid plan. Repeating the request returns the same page while it is open. 409
 * `already_subscribed` if the account has a subscription; the user changes it in the billing portal. 422
 * `validation_failed` for more than one seat of a plan other than Team.
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
 * Opens the page where the user changes payment details or the plan. 404 if the account has never been a customer.
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
 * Accepts a signed event of at most 512 KiB and records its id. The server then reads the current state from
 * Stripe, so duplicates and events out of order do no harm. Events that concern no subscription, and thin events,
 * are acknowledged and ignored. 400 `signature_invalid` if the signature is missing, wrong, has two times, or is
 * more than 300 seconds older or newer than the server's clock. After a 503 Stripe sends the event
 * again.
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
 * Cancels at the end of the paid period, or at once with `immediately=true`. Repeating it succeeds. A subscription
 * that was never paid ends at once, and one that ends sooner already is left as it is. 404 if there is no
 * subscription, and 503 `billing_unavailable` as long as the payment provider does not confirm the end.
 *
 */
export const cancelSubscription = <ThrowOnError extends boolean = false>(options?: Options<CancelSubscriptionData, ThrowOnError>) => (options?.client ?? client).delete<CancelSubscriptionResponses, CancelSubscriptionErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/billing/subscription',
    ...options
});

/**
 * Get the subscription
 *
 * Returns the account's subscription, with `status: none` if there is none. While a payment is late (`past_due`),
 * `tier` and `seats` are those last paid for.
 *
 */
export const getSubscription = <ThrowOnError extends boolean = false>(options?: Options<GetSubscriptionData, ThrowOnError>) => (options?.client ?? client).get<GetSubscriptionResponses, GetSubscriptionErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/billing/subscription',
    ...options
});

/**
 * List agents
 *
 * Lists all agents and says for each whether the account's plan includes it.
 *
 */
export const listAgents = <ThrowOnError extends boolean = false>(options?: Options<ListAgentsData, ThrowOnError>) => (options?.client ?? client).get<ListAgentsResponses, ListAgentsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/agents',
    ...options
});

/**
 * List models
 *
 * Lists the models of every provider, and says for each whether the account's plan includes it and which one
 * answers by default. A ChatRequest may choose one in `model`.
 *
 */
export const listModels = <ThrowOnError extends boolean = false>(options?: Options<ListModelsData, ThrowOnError>) => (options?.client ?? client).get<ListModelsResponses, ListModelsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/models',
    ...options
});

/**
 * List the API keys
 *
 * Lists the account's keys, newest first, without the keys themselves. A key is listed until 30 days after it
 * expired; a revoked one is not.
 *
 */
export const listKeys = <ThrowOnError extends boolean = false>(options?: Options<ListKeysData, ThrowOnError>) => (options?.client ?? client).get<ListKeysResponses, ListKeysErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/keys',
    ...options
});

/**
 * Create an API key
 *
 * Creates a key with which a program calls this API for the account, in place of an access token:
 * `Authorization: Bearer adv_…`. The answer is the only one that contains the key. 409 `too_many_keys` if the
 * account has 20 keys, expired ones included. 422 `validation_failed` if `expires_at` is not in the future.
 *
 */
export const createKey = <ThrowOnError extends boolean = false>(options: Options<CreateKeyData, ThrowOnError>) => (options.client ?? client).post<CreateKeyResponses, CreateKeyErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/keys',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Revoke an API key
 *
 * Revokes the key. Every server refuses it within 10 seconds, and its streams are closed. Repeating it succeeds.
 * 404 for an unknown id and for another account's.
 *
 */
export const deleteKey = <ThrowOnError extends boolean = false>(options: Options<DeleteKeyData, ThrowOnError>) => (options.client ?? client).delete<DeleteKeyResponses, DeleteKeyErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/keys/{id}',
    ...options
});

/**
 * Check that the process is alive
 *
 * Answers as long as the process runs. It does not check the database or any other dependency.
 *
 */
export const getHealth = <ThrowOnError extends boolean = false>(options?: Options<GetHealthData, ThrowOnError>) => (options?.client ?? client).get<GetHealthResponses, GetHealthErrors, ThrowOnError>({ url: '/health', ...options });
