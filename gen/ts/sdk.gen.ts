// Code generated from openapi/openapi.yaml. DO NOT EDIT.

import { client } from './client.gen.js';
import type { Client, Options as Options2, TDataShape } from './client/index.js';
import type { CancelSubscriptionData, CancelSubscriptionErrors, CancelSubscriptionResponses, ChangeEmailData, ChangeEmailErrors, ChangeEmailResponses, ChangePasswordData, ChangePasswordErrors, ChangePasswordResponses, ChatBatchData, ChatBatchErrors, ChatBatchResponses, ChatData, ChatErrors, ChatResponses, CompactHistoryData, CompactHistoryErrors, CompactHistoryResponses, ConfirmEmailChangeData, ConfirmEmailChangeErrors, ConfirmEmailChangeResponses, ConfirmEmailVerificationData, ConfirmEmailVerificationErrors, ConfirmEmailVerificationResponses, ConfirmPasswordResetData, ConfirmPasswordResetErrors, ConfirmPasswordResetResponses, ConfirmTotpData, ConfirmTotpErrors, ConfirmTotpResponses, CreateCheckoutData, CreateCheckoutErrors, CreateCheckoutResponses, CreateKeyData, CreateKeyErrors, CreateKeyResponses, CreatePortalData, CreatePortalErrors, CreatePortalResponses, CreateTotpData, CreateTotpErrors, CreateTotpResponses, DeleteBackupData, DeleteBackupErrors, DeleteBackupResponses, DeleteKeyData, DeleteKeyErrors, DeleteKeyResponses, DeletePasskeyData, DeletePasskeyErrors, DeletePasskeyResponses, DeleteTeamSsoData, DeleteTeamSsoErrors, DeleteTeamSsoResponses, DeleteTotpData, DeleteTotpErrors, DeleteTotpResponses, EndSessionData, EndSessionErrors, EndSessionResponses, ExchangePasskeyCodeData, ExchangePasskeyCodeErrors, ExchangePasskeyCodeResponses, ExchangeSsoCodeData, ExchangeSsoCodeErrors, ExchangeSsoCodeResponses, ExportAccountData, ExportAccountErrors, ExportAccountResponses, FinishPasskeyLoginData, FinishPasskeyLoginErrors, FinishPasskeyLoginResponses, FinishPasskeyRegistrationData, FinishPasskeyRegistrationErrors, FinishPasskeyRegistrationResponses, FinishSsoData, FinishSsoErrors, FinishSsoResponses, GetBackupData, GetBackupErrors, GetBackupResponses, GetHealthData, GetHealthErrors, GetHealthResponses, GetLatestBackupData, GetLatestBackupErrors, GetLatestBackupResponses, GetMeData, GetMeErrors, GetMeResponses, GetPasskeyOptionsData, GetPasskeyOptionsErrors, GetPasskeyOptionsResponses, GetPlaybookData, GetPlaybookErrors, GetPlaybookResponses, GetSubscriptionData, GetSubscriptionErrors, GetSubscriptionResponses, GetTeamData, GetTeamErrors, GetTeamResponses, GetTeamSsoData, GetTeamSsoErrors, GetTeamSsoResponses, GetTotpData, GetTotpErrors, GetTotpResponses, GetUsageData, GetUsageErrors, GetUsageResponses, HandOverTeamData, HandOverTeamErrors, HandOverTeamResponses, HeadBackupData, HeadBackupErrors, HeadBackupResponses, HeadLatestBackupData, HeadLatestBackupErrors, HeadLatestBackupResponses, InviteTeamMemberData, InviteTeamMemberErrors, InviteTeamMemberResponses, JoinTeamData, JoinTeamErrors, JoinTeamResponses, LinkSsoData, LinkSsoErrors, LinkSsoResponses, ListAgentsData, ListAgentsErrors, ListAgentsResponses, ListAuthEventsData, ListAuthEventsErrors, ListAuthEventsResponses, ListBackupHistoryData, ListBackupHistoryErrors, ListBackupHistoryResponses, ListKeysData, ListKeysErrors, ListKeysResponses, ListModelsData, ListModelsErrors, ListModelsResponses, ListPasskeysData, ListPasskeysErrors, ListPasskeysResponses, ListPlaybooksData, ListPlaybooksErrors, ListPlaybooksResponses, ListSessionsData, ListSessionsErrors, ListSessionsResponses, ListSsoProvidersData, ListSsoProvidersErrors, ListSsoProvidersResponses, ListTeamInvitationsData, ListTeamInvitationsErrors, ListTeamInvitationsResponses, ListTeamMembersData, ListTeamMembersErrors, ListTeamMembersResponses, ListTiersData, ListTiersErrors, ListTiersResponses, LoginData, LoginErrors, LoginResponses, LoginWithSecondFactorData, LoginWithSecondFactorErrors, LoginWithSecondFactorResponses, LogoutData, LogoutErrors, LogoutResponses, PutBackupData, PutBackupErrors, PutBackupResponses, ReceiveStripeEventData, ReceiveStripeEventErrors, ReceiveStripeEventResponses, RefreshTokensData, RefreshTokensErrors, RefreshTokensResponses, RegisterData, RegisterErrors, RegisterResponses, RemoveTeamMemberData, RemoveTeamMemberErrors, RemoveTeamMemberResponses, RequestAccountDeletionData, RequestAccountDeletionErrors, RequestAccountDeletionResponses, RequestEmailVerificationData, RequestEmailVerificationErrors, RequestEmailVerificationResponses, RequestPasswordResetData, RequestPasswordResetErrors, RequestPasswordResetResponses, RequestSsoLinkCodeData, RequestSsoLinkCodeErrors, RequestSsoLinkCodeResponses, RevokeTeamInvitationData, RevokeTeamInvitationErrors, RevokeTeamInvitationResponses, RunStepData, RunStepErrors, RunStepResponses, SetTeamRoleData, SetTeamRoleErrors, SetTeamRoleResponses, SetTeamSsoData, SetTeamSsoErrors, SetTeamSsoResponses, StartPasskeyLoginData, StartPasskeyLoginErrors, StartPasskeyLoginResponses, StartPasskeyRegistrationData, StartPasskeyRegistrationErrors, StartPasskeyRegistrationResponses, StartSsoData, StartSsoErrors, StartSsoResponses, UpdateTeamData, UpdateTeamErrors, UpdateTeamResponses } from './types.gen.js';

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
 * days is held up by its own attempts only. So is a device that sends its last `refresh_token`. If a second factor
 * guards the account, the right password gets 401 `second_factor_required` with a `ticket`, which POST
 * /auth/login/second-factor takes with a code. The right password of a member whose team requires its provider gets
 * 403 `sso_required`.
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
 * shortly after, even if the server restarts in between. This cannot be undone. 409 `owner_cannot_leave` for the
 * owner of a team with other members, who hands it over first, or sends `end_team`. 403 `password_wrong` if the
 * password is wrong, 422 `validation_failed` if it is missing. An account without a password, made by single sign-on,
 * needs a sign-in within the last 5 minutes instead, 403 `sign_in_too_old` otherwise. 10 wrong passwords in
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
 * get into the account ends too, such as API keys, second factors and passkeys. Else, if a second factor guards the
 * account, the right code gets 401 `second_factor_required` with a `ticket`, and the password changes when POST
 * /auth/login/second-factor takes that with a code of the second factor. 403 `sso_required`, which leaves the code good,
 * for a member whose team requires its provider. Limited to 10 requests per minute and client address.
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
 * nothing is mailed. An account without a password, made by single sign-on, needs a sign-in within the last 5 minutes
 * instead, 403 `sign_in_too_old` otherwise. 422 `validation_failed` if the password is missing where there is one, 403
 * `password_wrong` if it is wrong; 10 wrong passwords in 15
 * minutes, counted by session and by account together with every other operation that asks for the password, lead to 429
 * `rate_limited` with `Retry-After`. So do more than 10 requests of one account in an hour.
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
 * Finish signing in with the second factor
 *
 * Exchanges the `ticket` of a 401 `second_factor_required`, together with a code of the authenticator app or a recovery
 * code, for the tokens of a session. If the ticket is of a password reset, the password changes as well and every other
 * session ends. A ticket is good for 5 minutes, for 5 tries and once; so is a code: the app's next one comes after 30
 * seconds. 422 `code_invalid` if the code is wrong or used, or the ticket is used, expired or unknown; sign in again
 * for a new ticket. 403 `sso_required` for a member whose team requires its provider. Wrong codes are limited like wrong
 * passwords, with 429 `rate_limited` and `Retry-After`. Limited to 10 requests per minute and client address.
 *
 */
export const loginWithSecondFactor = <ThrowOnError extends boolean = false>(options: Options<LoginWithSecondFactorData, ThrowOnError>) => (options.client ?? client).post<LoginWithSecondFactorResponses, LoginWithSecondFactorErrors, ThrowOnError>({
    url: '/auth/login/second-factor',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Remove the second factor
 *
 * Removes the second factor and its recovery codes. It needs the password and a code of the app or a recovery code. 403
 * `password_wrong` for a wrong password, 422 `code_invalid` for a wrong or used code, 404 if no second factor guards the
 * account. The account's owner gets a mail.
 *
 */
export const deleteTotp = <ThrowOnError extends boolean = false>(options: Options<DeleteTotpData, ThrowOnError>) => (options.client ?? client).delete<DeleteTotpResponses, DeleteTotpErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/totp',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Show whether a second factor guards the account
 *
 * Says whether signing in needs a code of an authenticator app, and how many recovery codes are left.
 *
 */
export const getTotp = <ThrowOnError extends boolean = false>(options?: Options<GetTotpData, ThrowOnError>) => (options?.client ?? client).get<GetTotpResponses, GetTotpErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/totp',
    ...options
});

/**
 * Set up a second factor
 *
 * Returns a secret for an authenticator app (TOTP, RFC 6238: SHA-1, 6 digits, 30 seconds) and 10 recovery codes. The
 * answer is the only one that contains them. Nothing changes until a code is confirmed with POST /auth/totp/confirm within
 * an hour; until then another request replaces the secret and the recovery codes. 403 `password_wrong` for a wrong
 * password, 409 `second_factor_active` if a second factor guards the account already.
 *
 */
export const createTotp = <ThrowOnError extends boolean = false>(options: Options<CreateTotpData, ThrowOnError>) => (options.client ?? client).post<CreateTotpResponses, CreateTotpErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/totp',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Confirm the second factor
 *
 * Shows with a code that the authenticator app has the secret. From now on signing in needs a code. 422 `code_invalid` if
 * the code is wrong, or if there is no secret that waits for one. Open sessions stay. The account's owner gets a mail.
 *
 */
export const confirmTotp = <ThrowOnError extends boolean = false>(options: Options<ConfirmTotpData, ThrowOnError>) => (options.client ?? client).post<ConfirmTotpResponses, ConfirmTotpErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/totp/confirm',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * List the passkeys
 *
 * Lists the account's passkeys, newest first.
 *
 */
export const listPasskeys = <ThrowOnError extends boolean = false>(options?: Options<ListPasskeysData, ThrowOnError>) => (options?.client ?? client).get<ListPasskeysResponses, ListPasskeysErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/passkeys',
    ...options
});

/**
 * Remove a passkey
 *
 * Removes the passkey: it opens no session any more, while open ones stay. The account's owner gets a mail. 404 for an
 * unknown id and for another account's.
 *
 */
export const deletePasskey = <ThrowOnError extends boolean = false>(options: Options<DeletePasskeyData, ThrowOnError>) => (options.client ?? client).delete<DeletePasskeyResponses, DeletePasskeyErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/passkeys/{id}',
    ...options
});

/**
 * Start adding a passkey
 *
 * Starts adding a passkey. Open `url` in the person's browser: the page there asks the browser for the passkey and
 * finishes. A client that reaches an authenticator by itself passes `options` to it and calls POST
 * /auth/passkeys/registration/finish. Both are good for 5 minutes and once, while the session of this request is open. 403
 * `password_wrong` for a wrong password, 409 `too_many_passkeys` if the account has 20.
 *
 */
export const startPasskeyRegistration = <ThrowOnError extends boolean = false>(options: Options<StartPasskeyRegistrationData, ThrowOnError>) => (options.client ?? client).post<StartPasskeyRegistrationResponses, StartPasskeyRegistrationErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/auth/passkeys/registration',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Finish adding a passkey
 *
 * Adds the passkey that the authenticator made. The page calls it. 422 `code_invalid` if the ticket is used, expired or
 * unknown, or its session has ended, and 422 `passkey_refused` if the answer is of another site, of another challenge, or
 * without verification of the person. The account's owner gets a mail. Limited to 30 requests per minute and client
 * address.
 *
 */
export const finishPasskeyRegistration = <ThrowOnError extends boolean = false>(options: Options<FinishPasskeyRegistrationData, ThrowOnError>) => (options.client ?? client).post<FinishPasskeyRegistrationResponses, FinishPasskeyRegistrationErrors, ThrowOnError>({
    url: '/auth/passkeys/registration/finish',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Start signing in with a passkey
 *
 * Starts a sign-in. Open `url` in the person's browser: when the page there has the passkey's answer, it opens
 * `redirect_uri` with the parameters `code`, and `state` if there was one, which the app exchanges with POST
 * /auth/passkeys/token. No token is in a URL, and without the app's `code_verifier` the code is worthless (PKCE, RFC 7636).
 * A client that reaches an authenticator by itself passes `options` to it and calls POST /auth/passkeys/login/finish. Good
 * for 5 minutes and once. Limited to 30 requests per minute and client address.
 *
 */
export const startPasskeyLogin = <ThrowOnError extends boolean = false>(options: Options<StartPasskeyLoginData, ThrowOnError>) => (options.client ?? client).post<StartPasskeyLoginResponses, StartPasskeyLoginErrors, ThrowOnError>({
    url: '/auth/passkeys/login',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Finish signing in with a passkey
 *
 * Takes the passkey's answer and returns where the app gets its code. The page calls it. A second factor is not asked for:
 * a passkey is two by itself. 422 `code_invalid` if the ticket is used, expired or unknown, and 422 `passkey_refused` if
 * the passkey is not of an account, or its answer is of another site, of another challenge, without verification of the
 * person, or from a copy of the passkey. Limited to 30 requests per minute and client address.
 *
 */
export const finishPasskeyLogin = <ThrowOnError extends boolean = false>(options: Options<FinishPasskeyLoginData, ThrowOnError>) => (options.client ?? client).post<FinishPasskeyLoginResponses, FinishPasskeyLoginErrors, ThrowOnError>({
    url: '/auth/passkeys/login/finish',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Get the options of a ticket
 *
 * Returns what the browser's `navigator.credentials` takes, for the page that was opened with a ticket. 422 `code_invalid`
 * if the ticket is used, expired or unknown. Limited to 30 requests per minute and client address.
 *
 */
export const getPasskeyOptions = <ThrowOnError extends boolean = false>(options: Options<GetPasskeyOptionsData, ThrowOnError>) => (options.client ?? client).post<GetPasskeyOptionsResponses, GetPasskeyOptionsErrors, ThrowOnError>({
    url: '/auth/passkeys/options',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Exchange the code of a sign-in for tokens
 *
 * Exchanges the `code` that the app got at its `redirect_uri` for the tokens of a session. It is good for 60 seconds and
 * once, with the `code_verifier` of the `code_challenge` that the sign-in started with: else 422 `code_invalid`. 403
 * `sso_required` for a member whose team requires its provider. Limited to 30 requests per minute and client address.
 *
 */
export const exchangePasskeyCode = <ThrowOnError extends boolean = false>(options: Options<ExchangePasskeyCodeData, ThrowOnError>) => (options.client ?? client).post<ExchangePasskeyCodeResponses, ExchangePasskeyCodeErrors, ThrowOnError>({
    url: '/auth/passkeys/token',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * List the providers that everybody can sign in with
 *
 * Lists the providers of the operator, such as Google, in the operator's order, for the buttons of a sign-in page. Teams
 * that have a provider of their own are not in it: their members start with their address. Limited to 60 requests per
 * minute and client address.
 *
 */
export const listSsoProviders = <ThrowOnError extends boolean = false>(options?: Options<ListSsoProvidersData, ThrowOnError>) => (options?.client ?? client).get<ListSsoProvidersResponses, ListSsoProvidersErrors, ThrowOnError>({ url: '/auth/sso/providers', ...options });

/**
 * Start signing in with a provider
 *
 * Open this in the person's browser. It goes to the provider, and after the sign-in there to GET /auth/sso/callback, which
 * opens `redirect_uri` with `code`, and `state` if there was one. The app exchanges the code with POST /auth/sso/token. No
 * token is in a URL, and without the app's `code_verifier` the code is worthless (PKCE, RFC 7636).
 *
 * Say either `provider`, of GET /auth/sso/providers, or `email`, for the provider of the team that has proved the domain
 * of the address. What fails goes to `redirect_uri` as `error`, with a code of ErrorCode, and `state`: `not_found` for an
 * unknown provider or a domain without one, `sso_failed` if the provider does not answer. A `redirect_uri` that is not an
 * app's own is 422 `validation_failed`, and nothing is sent there. A sign-in has 10 minutes, works once, and in the
 * browser that it was started in. Limited to 30 requests per minute and client address.
 *
 */
export const startSso = <ThrowOnError extends boolean = false>(options: Options<StartSsoData, ThrowOnError>) => (options.client ?? client).get<StartSsoResponses, StartSsoErrors, ThrowOnError>({ url: '/auth/sso/start', ...options });

/**
 * Receive the provider's answer
 *
 * Where a provider sends the browser back to. Register this address with the provider. It opens the app's `redirect_uri`
 * with `code`, good for 60 seconds and once, or with `error`. Whatever is wrong with the provider's answer is
 * `sso_failed`; the log says what. Where the sign-in is not known, has taken more than 10 minutes, has come back before,
 * or was started in another browser, the browser goes to a page that says so, and nothing goes to an app. Limited to 30
 * requests per minute and client address.
 *
 */
export const finishSso = <ThrowOnError extends boolean = false>(options?: Options<FinishSsoData, ThrowOnError>) => (options?.client ?? client).get<FinishSsoResponses, FinishSsoErrors, ThrowOnError>({ url: '/auth/sso/callback', ...options });

/**
 * Exchange the code of a sign-in with a provider for tokens
 *
 * Exchanges the `code` that the app got at its `redirect_uri` for the tokens of a session. It is good for 60 seconds and
 * once, with the `code_verifier` of the `code_challenge` that the sign-in started with: else 422 `code_invalid`. A second
 * factor is not asked for: that is the provider's business.
 *
 * What identifies a person is the provider and its name for them, not the address. Who is new gets an account without a
 * password; through a team's own provider it is a member of the team, 409 `seats_exhausted` where it has no free seat.
 * Where an account has the person's address already, and both the provider and we have verified it, the answer is 401
 * `link_required` with a `ticket`: the owner links the two with POST /auth/sso/link. Where one of us has not, it is 409
 * `email_taken`: sign in as before and verify the address. 409 `already_member` if the account is in another team. 401
 * `sso_failed` if the team's provider may not sign this person in: because the address is of no domain that the team has
 * proved, or the person was removed from the team. Limited to 30 requests per minute and client address.
 *
 */
export const exchangeSsoCode = <ThrowOnError extends boolean = false>(options: Options<ExchangeSsoCodeData, ThrowOnError>) => (options.client ?? client).post<ExchangeSsoCodeResponses, ExchangeSsoCodeErrors, ThrowOnError>({
    url: '/auth/sso/token',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Link a provider's sign-in to the account of the same address
 *
 * Proves that the account of a 401 `link_required` is the person's own, links the provider's sign-in to it for good, and
 * returns the tokens of a session. Send the `ticket` with the account's `password`, or with the `code` that POST
 * /auth/sso/link/code has mailed. Where a second factor guards the account, send `second_factor` as well: without it the
 * answer is 401 `second_factor_required`, after which the same ticket, and the same `code`, are still good. The account's
 * owner is told by mail. Through a team's provider the account becomes a member of the team, with the errors of POST
 * /auth/sso/token.
 *
 * A ticket is good for 10 minutes and once. 401 `invalid_credentials` if the password is wrong, 422 `code_invalid` if a
 * code is wrong or the ticket is used, expired or unknown. Wrong passwords and codes count together with those of every
 * other operation, 429 `rate_limited` with `Retry-After`. Limited to 10 requests per minute and client address.
 *
 */
export const linkSso = <ThrowOnError extends boolean = false>(options: Options<LinkSsoData, ThrowOnError>) => (options.client ?? client).post<LinkSsoResponses, LinkSsoErrors, ThrowOnError>({
    url: '/auth/sso/link',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Ask for a code to link a provider's sign-in
 *
 * Mails a code of 8 digits to the account of a 401 `link_required`, for POST /auth/sso/link. It is good for 10 minutes
 * after it was mailed, for 5 tries and once; a later one replaces it. 422 `code_invalid` if the ticket is used, expired or
 * unknown, 429 `rate_limited` with `Retry-After` after 3 mails with codes to the address in an hour. Limited to 10
 * requests per minute and client address.
 *
 */
export const requestSsoLinkCode = <ThrowOnError extends boolean = false>(options: Options<RequestSsoLinkCodeData, ThrowOnError>) => (options.client ?? client).post<RequestSsoLinkCodeResponses, RequestSsoLinkCodeErrors, ThrowOnError>({
    url: '/auth/sso/link/code',
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
 * are answered with 429 `budget_exceeded` until `period_end`. Members who have the plan of their
 * team share its tokens: the numbers are those of all of them together.
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
 * `tier` and `seats` are those last paid for. The plan that a member of a team has by the subscription of another
 * account is not here; `GET /auth/me` has it.
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
 * Describe the team
 *
 * Describes the account's team and what the account is in it. An account whose own plan is Team has one, which is made
 * when it is first asked for, and is its owner. 404 `not_found` for an account without a team.
 *
 */
export const getTeam = <ThrowOnError extends boolean = false>(options?: Options<GetTeamData, ThrowOnError>) => (options?.client ?? client).get<GetTeamResponses, GetTeamErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/team',
    ...options
});

/**
 * Rename the team
 *
 * Gives the team a name, which its members see. Owner and admins may do this, 403 `role_required` otherwise. 404
 * `not_found` for an account without a team.
 *
 */
export const updateTeam = <ThrowOnError extends boolean = false>(options: Options<UpdateTeamData, ThrowOnError>) => (options.client ?? client).patch<UpdateTeamResponses, UpdateTeamErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/team',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * List the members
 *
 * Lists the members of the team, the owner among them, by their ids, which are in the order in which the accounts were
 * made. For the next page, send the last `user_id` as `after`. 404 `not_found` for an account without a team.
 *
 */
export const listTeamMembers = <ThrowOnError extends boolean = false>(options?: Options<ListTeamMembersData, ThrowOnError>) => (options?.client ?? client).get<ListTeamMembersResponses, ListTeamMembersErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/team/members',
    ...options
});

/**
 * Remove a member, or leave the team
 *
 * Ends the account's membership; its data stays. With the caller's own id it leaves the team. The owner may remove anybody
 * else, admins may remove members who are no admins, 403 `role_required` otherwise. 409 `owner_cannot_leave` for the
 * owner. Within 10 seconds every server treats the account by its own plan. 404 `not_found` for an account that is not in
 * the team, also when it was removed before.
 *
 */
export const removeTeamMember = <ThrowOnError extends boolean = false>(options: Options<RemoveTeamMemberData, ThrowOnError>) => (options.client ?? client).delete<RemoveTeamMemberResponses, RemoveTeamMemberErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/team/members/{user_id}',
    ...options
});

/**
 * Make a member an admin, or an admin a member
 *
 * Only the owner may do this, 403 `role_required` otherwise. 409 `owner_cannot_leave` for the owner, who stays the owner
 * until `PUT /team/owner`. 404 `not_found` for an account that is not in the team.
 *
 */
export const setTeamRole = <ThrowOnError extends boolean = false>(options: Options<SetTeamRoleData, ThrowOnError>) => (options.client ?? client).put<SetTeamRoleResponses, SetTeamRoleErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/team/members/{user_id}',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * List the open invitations
 *
 * Lists the invitations that were not accepted, revoked or replaced and have not expired, newest first. For the next page,
 * send the last id as `before`. Owner and admins may do this, 403 `role_required` otherwise. 404 `not_found` for an
 * account without a team.
 *
 */
export const listTeamInvitations = <ThrowOnError extends boolean = false>(options?: Options<ListTeamInvitationsData, ThrowOnError>) => (options?.client ?? client).get<ListTeamInvitationsResponses, ListTeamInvitationsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/team/invitations',
    ...options
});

/**
 * Invite somebody into the team
 *
 * Mails a code to the address, with which the owner of the address joins by `POST /team/join` within 7 days. The address
 * may have an account or not. Inviting an address again mails a new code, which replaces the old one and takes no further
 * seat.
 *
 * Owner and admins may do this, 403 `role_required` otherwise, with a verified address of their own, 403
 * `email_unverified` otherwise. 409 `seats_exhausted` if members and open invitations have taken all seats, 409
 * `already_member` for the address of a member, 403 `tier_required` while the plan of the team has ended. An address gets
 * at most 3 invitations an hour, a team sends at most 100 and two for each seat in 24 hours; 429 `rate_limited` beyond
 * that. 404 `not_found` for an account without a team.
 *
 */
export const inviteTeamMember = <ThrowOnError extends boolean = false>(options: Options<InviteTeamMemberData, ThrowOnError>) => (options.client ?? client).post<InviteTeamMemberResponses, InviteTeamMemberErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/team/invitations',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Revoke an invitation
 *
 * Ends the invitation, so that its code is refused and its seat is free. Repeating it succeeds. Owner and admins may do
 * this, 403 `role_required` otherwise. 404 `not_found` for an unknown id, for another team's, and for an account without
 * a team.
 *
 */
export const revokeTeamInvitation = <ThrowOnError extends boolean = false>(options: Options<RevokeTeamInvitationData, ThrowOnError>) => (options.client ?? client).delete<RevokeTeamInvitationResponses, RevokeTeamInvitationErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/team/invitations/{id}',
    ...options
});

/**
 * Join a team
 *
 * Accepts an invitation with the code from its mail. The account's address must be the one that was invited, and
 * verified: 403 `email_unverified` while it is not. 422 `invitation_invalid` for a code that is wrong, expired, revoked,
 * replaced, used, or was mailed to another address. 409 `already_member` if the account is in a team: it leaves that
 * first. An account that owns a team without other members leaves it by joining, unless its own plan is Team. 409
 * `seats_exhausted` if the team has fewer seats by now, or its plan has ended.
 *
 * From then on the account has the Team plan for as long as the team has a seat for it. Fewer seats than members take the
 * plan from those who joined last; nothing is deleted.
 *
 */
export const joinTeam = <ThrowOnError extends boolean = false>(options: Options<JoinTeamData, ThrowOnError>) => (options.client ?? client).post<JoinTeamResponses, JoinTeamErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/team/join',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Remove the team's single sign-on
 *
 * Removes the team's provider and its domains. Members keep their accounts and sessions; who has no password sets one with
 * POST /auth/password/reset. Only the owner may do this, 403 `role_required` otherwise. Repeating it succeeds. 404
 * `not_found` for an account without a team.
 *
 */
export const deleteTeamSso = <ThrowOnError extends boolean = false>(options?: Options<DeleteTeamSsoData, ThrowOnError>) => (options?.client ?? client).delete<DeleteTeamSsoResponses, DeleteTeamSsoErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/team/sso',
    ...options
});

/**
 * Describe the team's single sign-on
 *
 * Describes the provider that the team signs in with, without the client secret, and its domains with what proves them.
 * Owner and admins may see it, 403 `role_required` otherwise. 404 `not_found` for an account without a team, and for a
 * team without a provider.
 *
 */
export const getTeamSso = <ThrowOnError extends boolean = false>(options?: Options<GetTeamSsoData, ThrowOnError>) => (options?.client ?? client).get<GetTeamSsoResponses, GetTeamSsoErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/team/sso',
    ...options
});

/**
 * Set up the team's single sign-on
 *
 * Sets the OpenID Connect provider that the team signs in with, and its domains. Only the owner may do this, 403
 * `role_required` otherwise, and the team needs a Team plan, 403 `tier_required`. 422 `validation_failed` with the pointer
 * `/issuer` if the provider does not answer as one, and with `/domains/…` if a domain cannot be proved. Register
 * `callback_url` with the provider.
 *
 * A domain counts from when its TXT record `_adiuva.<domain>` holds the domain's `token`: then addresses under it sign in
 * here. Records are looked up at once, every few minutes while they are missing, and then every day: a domain whose record
 * is gone does not count any more. Repeat the request to look at once. A domain is of one team at a time: while another
 * team has proved it, its state is `taken`.
 *
 * `required` refuses passwords, passkeys, resets of the password, and the operator's providers to members with an address
 * of a proved domain, 403 `sso_required`, and ends their sessions of other kinds. The owner is excepted, so that a broken
 * provider locks nobody out for good.
 *
 */
export const setTeamSso = <ThrowOnError extends boolean = false>(options: Options<SetTeamSsoData, ThrowOnError>) => (options.client ?? client).put<SetTeamSsoResponses, SetTeamSsoErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/team/sso',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Hand the team over
 *
 * Makes another member the owner; the caller becomes an admin. Only the owner may do this, 403 `role_required` otherwise,
 * with the password, 403 `password_wrong` if it is wrong. 404 `not_found` for an account that is not in the team.
 *
 * The subscription stays with whoever pays for it and goes on to pay for the team, until it ends or the new owner has a
 * Team plan by a checkout of their own. An account that pays for a team and leaves it has no seat by that subscription.
 *
 */
export const handOverTeam = <ThrowOnError extends boolean = false>(options: Options<HandOverTeamData, ThrowOnError>) => (options.client ?? client).put<HandOverTeamResponses, HandOverTeamErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/team/owner',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Check that the process is alive
 *
 * Answers as long as the process runs. It does not check the database or any other dependency.
 *
 */
export const getHealth = <ThrowOnError extends boolean = false>(options?: Options<GetHealthData, ThrowOnError>) => (options?.client ?? client).get<GetHealthResponses, GetHealthErrors, ThrowOnError>({ url: '/health', ...options });
