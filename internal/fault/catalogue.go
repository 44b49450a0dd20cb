package fault

import "slices"

// The stream's close codes: those of RFC 6455 that we use, and our own from 4000 up. openapi/asyncapi.yaml documents
// them.
const (
	CloseGoingAway       = 1001
	CloseUnsupportedData = 1003
	ClosePolicyViolation = 1008
	CloseMessageTooBig   = 1009
	CloseInternalError   = 1011
	CloseToken           = 4401
	CloseTooSlow         = 4408
	CloseRateLimited     = 4429
)

// Entry is what the catalogue says about one code.
type Entry struct {
	Code      Code
	Status    int    // of the HTTP answer
	CloseCode int    // close code of the stream when the fault ends it
	Cause     string // what happened, for the code's page under /docs/errors
	Remedy    string // what the caller should do, for the same page
}

// Catalogue returns a copy of every entry, in the order of the contract's ErrorCode.
func Catalogue() []Entry { return slices.Clone(catalogue) }

// Status returns the HTTP status of the code, 500 for one that is not in the catalogue.
func (c Code) Status() int { return c.entry().Status }

// CloseCode returns the close code with which the code ends a stream, 1011 for one that is not in the catalogue.
func (c Code) CloseCode() int { return c.entry().CloseCode }

// EndsSocket reports whether an answer that fails with the code ends its socket of version 2 of the stream. After other
// codes another request on it can succeed.
func (c Code) EndsSocket() bool {
	switch c {
	case TokenMissing, TokenInvalid, TokenExpired, KeyExpired, ScopeRequired, Draining, UnsupportedMediaType,
		BodyTooLarge, UploadTooSlow, Internal:
		return true
	}
	return false
}

func (c Code) entry() Entry {
	for _, e := range catalogue {
		if e.Code == c {
			return e
		}
	}
	return Entry{Code: c, Status: 500, CloseCode: CloseInternalError}
}

// Remedies that several codes share.
const (
	retryLater = "Wait as long as Retry-After says, then send the request again."
	logIn      = "Log in again."
)

// catalogue is the one place that says what a code means; CONTRIBUTING.md says what else a new code needs. It is never
// written to.
var catalogue = []Entry{
	{
		Code: InvalidJSON, Status: 400, CloseCode: ClosePolicyViolation,
		Cause: "The body is not acceptable JSON: a syntax error, a name twice, bad UTF-8, U+0000 in a string, or " +
			"nesting too deep.",
		Remedy: "Send one well-formed JSON value in UTF-8.",
	},
	{
		Code: SignatureInvalid, Status: 400, CloseCode: CloseInternalError,
		Cause:  "The webhook's signature is missing, wrong or too old.",
		Remedy: "Check the signing secret and both clocks; send the body unchanged.",
	},
	{
		Code: TokenInURL, Status: 400, CloseCode: CloseInternalError,
		Cause:  "The stream's handshake had a token in its query string, which ends up in logs.",
		Remedy: "Send it as Authorization: Bearer, or as a sub-protocol. Treat the token as leaked.",
	},
	{
		Code: TokenMissing, Status: 401, CloseCode: CloseToken,
		Cause:  "The operation needs an access token and the request has none.",
		Remedy: "Send Authorization: Bearer with an access token.",
	},
	{
		Code: TokenInvalid, Status: 401, CloseCode: CloseToken,
		Cause:  "The access token is not valid, or its session has ended.",
		Remedy: logIn,
	},
	{
		Code: TokenExpired, Status: 401, CloseCode: CloseToken,
		Cause:  "The access token has expired.",
		Remedy: "Exchange the refresh token for new tokens and send the request again.",
	},
	{
		Code: KeyExpired, Status: 401, CloseCode: CloseToken,
		Cause:  "The API key has expired.",
		Remedy: "Create another key with POST /keys, signed in as the account's owner, and use that.",
	},
	{
		Code: InvalidCredentials, Status: 401, CloseCode: CloseInternalError,
		Cause:  "The e-mail or the password is wrong.",
		Remedy: "Check both. We do not say which one is wrong.",
	},
	{
		Code: SecondFactorRequired, Status: 401, CloseCode: CloseInternalError,
		Cause: "The password, or the mailed code of a password reset, was right, and a second factor guards the " +
			"account. The answer's ticket stands for what was proved.",
		Remedy: "Ask for a code of the authenticator app or a recovery code, and send it with the ticket to POST " +
			"/auth/login/second-factor within 5 minutes. For a new ticket, start again.",
	},
	{
		Code: LinkRequired, Status: 401, CloseCode: CloseInternalError,
		Cause: "An account has the address that the person's provider vouches for, and the two are not linked. The " +
			"answer's ticket stands for what the provider said.",
		Remedy: "Ask for the account's password, or have a code mailed with POST /auth/sso/link/code, and send it " +
			"with the ticket to POST /auth/sso/link within 10 minutes.",
	},
	{
		Code: SSOFailed, Status: 401, CloseCode: CloseInternalError,
		Cause:  "The sign-in with the provider did not work. We do not say why to whoever tries.",
		Remedy: "Start again. If it fails again, ask the team's administrator or the operator: the log says why.",
	},
	{
		Code: RefreshInvalid, Status: 401, CloseCode: CloseInternalError,
		Cause:  "The refresh token is not valid, or its session has ended.",
		Remedy: logIn,
	},
	{
		Code: RefreshReused, Status: 401, CloseCode: CloseInternalError,
		Cause:  "The refresh token was used before, so its session was ended: it may have been stolen.",
		Remedy: "Log in again. Keep only the newest refresh token and exchange it in one place.",
	},
	{
		Code: RefreshExpired, Status: 401, CloseCode: CloseInternalError,
		Cause:  "The refresh token has expired.",
		Remedy: logIn,
	},
	{
		Code: TierRequired, Status: 403, CloseCode: ClosePolicyViolation,
		Cause:  "The account's plan does not include this.",
		Remedy: "Upgrade the plan. GET /billing/tiers lists what each includes.",
	},
	{
		Code: OriginForbidden, Status: 403, CloseCode: CloseInternalError,
		Cause:  "The page's origin is not allowed to call this server.",
		Remedy: "Ask the operator to allow the origin, or call from a main process.",
	},
	{
		Code: ScopeRequired, Status: 403, CloseCode: ClosePolicyViolation,
		Cause: "The API key is good, but its scopes do not include this operation.",
		Remedy: "required_scope names the missing scope: create a key that has it. Where it is none, no key is " +
			"accepted: sign in and use an access token.",
	},
	{
		Code: PasswordWrong, Status: 403, CloseCode: CloseInternalError,
		Cause:  "The access token is good, but the current password in the body is wrong.",
		Remedy: "Ask the person for the password again. Do not refresh the token: it is not the cause.",
	},
	{
		Code: RoleRequired, Status: 403, CloseCode: CloseInternalError,
		Cause:  "The account is in the team, but its role does not allow this.",
		Remedy: "required_role names the roles that may do it: ask somebody who has one. GET /team says your own.",
	},
	{
		Code: EmailUnverified, Status: 403, CloseCode: CloseInternalError,
		Cause:  "The account's address is not verified, and this needs a verified one.",
		Remedy: "Ask for a code with POST /auth/email/verification, confirm it, then try again.",
	},
	{
		Code: SSORequired, Status: 403, CloseCode: CloseInternalError,
		Cause:  "The account's team signs in with its own provider only.",
		Remedy: "Open GET /auth/sso/start with the address as email.",
	},
	{
		Code: SignInTooOld, Status: 403, CloseCode: CloseInternalError,
		Cause:  "The account has no password to confirm this with, and the last sign-in is more than 5 minutes ago.",
		Remedy: "Sign in again, then send the request within 5 minutes.",
	},
	{
		Code: NotFound, Status: 404, CloseCode: CloseInternalError,
		Cause:  "There is no such thing here, or it is not yours.",
		Remedy: "Check the path and the id.",
	},
	{
		Code: MethodNotAllowed, Status: 405, CloseCode: CloseInternalError,
		Cause:  "The path exists, but not with this method.",
		Remedy: "Use a method that the Allow header names.",
	},
	{
		Code: UploadTooSlow, Status: 408, CloseCode: CloseTooSlow,
		Cause:  "The upload's bytes arrived too slowly; nothing was stored.",
		Remedy: "Upload again over a better connection.",
	},
	{
		Code: EmailTaken, Status: 409, CloseCode: CloseInternalError,
		Cause: "There is an account with this e-mail already.",
		Remedy: "Log in instead. With a provider's sign-in: log in as before and verify the address, or ask for a " +
			"new password if the account is not yours. Then try again.",
	},
	{
		Code: AlreadySubscribed, Status: 409, CloseCode: CloseInternalError,
		Cause:  "The account has a running subscription.",
		Remedy: "Change it in the billing portal.",
	},
	{
		Code: IdempotencyConflict, Status: 409, CloseCode: CloseInternalError,
		Cause:  "The Idempotency-Key belongs to a backup with other bytes.",
		Remedy: "Use a new key for every new backup.",
	},
	{
		Code: Busy, Status: 409, CloseCode: CloseInternalError,
		Cause:  "Another answer is still running on this socket.",
		Remedy: "Wait for its done event, cancel it, or open another socket.",
	},
	{
		Code: ToolResultUnexpected, Status: 409, CloseCode: CloseInternalError,
		Cause:  "No call with this id waits for a result: it was answered before, took too long, or never existed.",
		Remedy: "Answer each tool_call once, within 60 seconds. The answer goes on.",
	},
	{
		Code: UploadExpired, Status: 409, CloseCode: CloseInternalError,
		Cause:  "The upload took longer than its reservation lasts; nothing was stored.",
		Remedy: "Start the upload again.",
	},
	{
		Code: BackupConflict, Status: 409, CloseCode: CloseInternalError,
		Cause: "An upload with the same Idempotency-Key is still in progress.",
		Remedy: "Wait for it to end, then send the request again: it answers with the backup that the first one " +
			"stored.",
	},
	{
		Code: TooManyKeys, Status: 409, CloseCode: CloseInternalError,
		Cause:  "The account has 20 API keys, which is as many as it may have. Expired keys count.",
		Remedy: "Revoke a key that is no longer used with DELETE /keys/{id}, then try again.",
	},
	{
		Code: SecondFactorActive, Status: 409, CloseCode: CloseInternalError,
		Cause:  "A second factor guards the account already.",
		Remedy: "Remove it with DELETE /auth/totp, then set up another one.",
	},
	{
		Code: TooManyPasskeys, Status: 409, CloseCode: CloseInternalError,
		Cause:  "The account has 20 passkeys, which is as many as it may have.",
		Remedy: "Remove a passkey that is no longer used with DELETE /auth/passkeys/{id}, then try again.",
	},
	{
		Code: SeatsExhausted, Status: 409, CloseCode: CloseInternalError,
		Cause:  "The team's plan has no free seat. Members and open invitations hold one each.",
		Remedy: "Revoke an invitation or remove a member, or have the owner add seats in the billing portal.",
	},
	{
		Code: AlreadyMember, Status: 409, CloseCode: CloseInternalError,
		Cause:  "The account is in a team already, and an account is in one team at most.",
		Remedy: "To join another team, leave the present one first with DELETE /team/members/{user_id}.",
	},
	{
		Code: OwnerCannotLeave, Status: 409, CloseCode: CloseInternalError,
		Cause: "The account owns a team, and a team has an owner always.",
		Remedy: "Hand the team over first with PUT /team/owner. To delete the account and end its team, send " +
			"end_team.",
	},
	{
		Code: LengthRequired, Status: 411, CloseCode: CloseInternalError,
		Cause:  "The upload does not say how long it is.",
		Remedy: "Send Content-Length or X-Backup-Size.",
	},
	{
		Code: PreconditionFailed, Status: 412, CloseCode: CloseInternalError,
		Cause:  "A precondition of the request, such as If-Match, does not hold for the backup as it is now.",
		Remedy: "Read the backup's current ETag and start again from it.",
	},
	{
		Code: BodyTooLarge, Status: 413, CloseCode: CloseMessageTooBig,
		Cause:  "The body is larger than the operation takes.",
		Remedy: "Send less: JSON bodies have at most 1 MiB, webhook bodies 512 KiB.",
	},
	{
		Code: ContextTooLarge, Status: 413, CloseCode: CloseMessageTooBig,
		Cause:  "The request is longer than what the language model can read at once, even without earlier turns.",
		Remedy: "Shorten the member that errors names. Summarise a long conversation with POST /chat/compact.",
	},
	{
		Code: QuotaExceeded, Status: 413, CloseCode: CloseInternalError,
		Cause:  "The backup does not fit into the plan's storage.",
		Remedy: "Delete old backups or upgrade the plan.",
	},
	{
		Code: UnsupportedMediaType, Status: 415, CloseCode: CloseUnsupportedData,
		Cause:  "The Content-Type is not one that the operation takes, or the body has a Content-Encoding.",
		Remedy: "Send the media type that detail names, and the body as it is, not compressed.",
	},
	{
		Code: RangeNotSatisfiable, Status: 416, CloseCode: CloseInternalError,
		Cause:  "No byte of the range asked for exists.",
		Remedy: "Ask for a range inside the size that Content-Range names.",
	},
	{
		Code: ExpectationFailed, Status: 417, CloseCode: CloseInternalError,
		Cause:  "The Expect header asks for something other than 100-continue.",
		Remedy: "Send the request without the Expect header, or with Expect: 100-continue.",
	},
	{
		Code: ValidationFailed, Status: 422, CloseCode: ClosePolicyViolation,
		Cause: "The request is readable but some of its members are wrong. That includes a variable that the " +
			"template of a step does not have, and more than one seat of a plan other than Team.",
		Remedy: "Correct every member that errors points at.",
	},
	{
		Code: ChecksumMismatch, Status: 422, CloseCode: CloseInternalError,
		Cause:  "The bytes received do not match the declared checksum; nothing was stored.",
		Remedy: "Compute the SHA-256 again and upload again.",
	},
	{
		Code: TimestampInFuture, Status: 422, CloseCode: CloseInternalError,
		Cause:  "The backup's timestamp is more than 24 hours ahead.",
		Remedy: "Correct the device's clock; timestamps are in milliseconds.",
	},
	{
		Code: CodeInvalid, Status: 422, CloseCode: CloseInternalError,
		Cause: "The code is wrong, was used, has expired or had too many tries, or belongs to something else. We do " +
			"not say which.",
		Remedy: "For a mailed code: type in the code of the newest mail, within 10 minutes, or ask for a new one. " +
			"For one of an authenticator app: wait for the next one, or start again if the ticket is older than 5 " +
			"minutes or had 5 tries.",
	},
	{
		Code: PasskeyRefused, Status: 422, CloseCode: CloseInternalError,
		Cause: "The passkey's answer was not accepted: it is not of an account, or the answer is of another site or " +
			"another challenge, without verification of the person, or from a copy. We do not say which.",
		Remedy: "Try again with another passkey, or sign in with the password.",
	},
	{
		Code: InvitationInvalid, Status: 422, CloseCode: CloseInternalError,
		Cause: "The code is of no open invitation to the account's address: mistyped, expired, revoked, replaced, " +
			"used, or mailed to another address.",
		Remedy: "Type in the code of the newest mail, signed in with the address that it went to, or ask for " +
			"another invitation.",
	},
	{
		Code: ModelUnknown, Status: 422, CloseCode: ClosePolicyViolation,
		Cause:  "The provider or the model that the request names is not one of this server.",
		Remedy: "Choose one that detail names; GET /models lists them all. Leave `model` out for the default.",
	},
	{
		Code: ModelKeyRefused, Status: 422, CloseCode: ClosePolicyViolation,
		Cause: "The provider refused the key in `model.api_key`: it is wrong, it has expired, it may not use the " +
			"model, or its quota is spent. Our own keys are not concerned.",
		Remedy: "Check the key and its quota with the provider, or leave it out to use the operator's.",
	},
	{
		Code: ContinuationInvalid, Status: 422, CloseCode: ClosePolicyViolation,
		Cause: "The continuation is older than 10 minutes, was changed, or was made for another account or plan, or " +
			"before the password was changed.",
		Remedy: "Ask the question again.",
	},
	{
		Code: UpgradeRequired, Status: 426, CloseCode: CloseInternalError,
		Cause: "The chat stream is a WebSocket, and the request did not ask for an upgrade. A proxy in between may " +
			"have dropped the Upgrade and Connection headers.",
		Remedy: "Connect with a WebSocket client, and let the proxy pass on Upgrade and Connection.",
	},
	{
		Code: RateLimited, Status: 429, CloseCode: CloseRateLimited,
		Cause:  "Too many requests in a short time, or too many sockets or connections at once.",
		Remedy: retryLater,
	},
	{
		Code: BudgetExceeded, Status: 429, CloseCode: CloseRateLimited,
		Cause: "The account has used up the tokens that its plan has for a day, or its running requests have " +
			"reserved the rest of them.",
		Remedy: "Wait as long as Retry-After says, at most until midnight UTC, or upgrade the plan. GET /usage has " +
			"the numbers.",
	},
	{
		Code: HeaderTooLarge, Status: 431, CloseCode: CloseInternalError,
		Cause:  "The request's headers are larger than 32 KiB.",
		Remedy: "Send fewer or shorter headers.",
	},
	{
		Code: Internal, Status: 500, CloseCode: CloseInternalError,
		Cause:  "Something went wrong on our side.",
		Remedy: "Try again; if it stays, report the request_id.",
	},
	{
		Code: NotSupported, Status: 501, CloseCode: CloseInternalError,
		Cause:  "The request uses a transfer coding that this server does not know.",
		Remedy: "Send the body with Content-Length, or with Transfer-Encoding: chunked alone.",
	},
	{
		Code: LLMError, Status: 502, CloseCode: CloseInternalError,
		Cause:  "The language model gave no usable answer.",
		Remedy: "Try again, or rephrase the question. If detail says that the model cannot call tools, choose another.",
	},
	{
		Code: AgentLoopLimit, Status: 502, CloseCode: CloseInternalError,
		Cause:  "The agent did not reach an answer within its rounds of tool calls.",
		Remedy: "Ask for less at once.",
	},
	{
		Code: StorageInconsistent, Status: 502, CloseCode: CloseInternalError,
		Cause:  "A stored backup differs from what was committed.",
		Remedy: "Use another backup of the history and report the request_id.",
	},
	{
		Code: DBUnavailable, Status: 503, CloseCode: CloseInternalError,
		Cause:  "Our database is unreachable. What was not acknowledged may not have been done.",
		Remedy: retryLater,
	},
	{
		Code: StorageUnavailable, Status: 503, CloseCode: CloseInternalError,
		Cause:  "The storage of backups is unreachable.",
		Remedy: retryLater,
	},
	{
		Code: BillingUnavailable, Status: 503, CloseCode: CloseInternalError,
		Cause:  "The payment service is unreachable.",
		Remedy: retryLater,
	},
	{
		Code: LLMUnavailable, Status: 503, CloseCode: CloseInternalError,
		Cause:  "The language model is unavailable.",
		Remedy: retryLater,
	},
	{
		Code: AuthBusy, Status: 503, CloseCode: CloseInternalError,
		Cause:  "Too many passwords are being checked at once.",
		Remedy: retryLater,
	},
	{
		Code: Draining, Status: 503, CloseCode: CloseGoingAway,
		Cause:  "This server is shutting down.",
		Remedy: "Connect again; another one will answer. " + retryLater,
	},
	{
		Code: LLMTimeout, Status: 504, CloseCode: CloseInternalError,
		Cause:  "The language model took too long.",
		Remedy: "Try again, or ask for less at once.",
	},
}
