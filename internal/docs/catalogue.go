package docs

import "slices"

// Entry explains one error code of the contract to the people who meet it.
type Entry struct {
	Code   string
	Status int
	Cause  string // what happened
	Remedy string // what to do
}

// Catalogue returns every code of the contract's ErrorCode, in its order.
func Catalogue() []Entry { return slices.Clone(catalogue) }

const (
	again  = "Wait as long as Retry-After says, then send the request again."
	report = "Try again; if it stays, report the request_id."
	login  = "Log in again."
)

// catalogue is read only.
var catalogue = []Entry{
	{"invalid_json", 400, "The body is not acceptable JSON: a syntax error, a name twice, bad UTF-8, or nesting too deep.", "Send one well-formed JSON value in UTF-8."},
	{"signature_invalid", 400, "The webhook's signature is missing, wrong or too old.", "Check the signing secret and both clocks; send the body unchanged."},
	{"token_in_url", 400, "The stream's handshake had a token in its query string, where logs would keep it.", "Send it as Authorization: Bearer, or as a sub-protocol. Treat the token as leaked."},
	{"token_missing", 401, "The operation needs an access token and the request has none.", "Send Authorization: Bearer with an access token."},
	{"token_invalid", 401, "The access token is not one of ours, or its session has ended.", login},
	{"token_expired", 401, "The access token has expired.", "Exchange the refresh token for new tokens and send the request again."},
	{"invalid_credentials", 401, "The e-mail or the password is wrong.", "Check both. We do not say which one is wrong."},
	{"refresh_invalid", 401, "The refresh token is not one of ours, or its session has ended.", login},
	{"refresh_reused", 401, "The refresh token was spent before, so its session was ended: it may have been stolen.", "Log in again. Keep only the newest refresh token and exchange it in one place."},
	{"refresh_expired", 401, "The refresh token has expired.", login},
	{"tier_required", 403, "The account's plan does not include this.", "Upgrade the plan. GET /billing/tiers lists what each includes."},
	{"origin_forbidden", 403, "The page's origin is not allowed to call this server.", "Ask the operator to allow the origin, or call from a main process."},
	{"not_found", 404, "There is no such thing here, or it is not yours.", "Check the path and the id."},
	{"method_not_allowed", 405, "The path exists, but not with this method.", "Use a method that the Allow header names."},
	{"upload_too_slow", 408, "The upload's bytes came too slowly and nothing was kept.", "Upload again over a better connection."},
	{"email_taken", 409, "There is an account with this e-mail already.", "Log in instead."},
	{"already_subscribed", 409, "The account has a running subscription.", "Change it in the billing portal."},
	{"idempotency_conflict", 409, "The Idempotency-Key was used for another request, or the first one still runs.", "Wait and repeat the same request, or use a new key for a new one."},
	{"upload_expired", 409, "The upload took longer than its reservation lasts and nothing was kept.", "Start the upload again."},
	{"backup_conflict", 409, "The backup clashes with another change of the same account.", "Read the history, then upload again."},
	{"length_required", 411, "The upload does not say how long it is.", "Send Content-Length or X-Backup-Size."},
	{"body_too_large", 413, "The body is larger than the operation takes.", "Send less: JSON bodies have at most 1 MiB, webhook bodies 512 KiB."},
	{"quota_exceeded", 413, "The backup does not fit into the plan's room.", "Delete old backups or upgrade the plan."},
	{"unsupported_media_type", 415, "The Content-Type is not one that the operation takes.", "Send the media type that the reference names."},
	{"range_not_satisfiable", 416, "No byte of the range asked for exists.", "Ask for a range inside the size that Content-Range names."},
	{"validation_failed", 422, "The request is readable but some of its members are wrong.", "Correct every member that errors points at."},
	{"checksum_mismatch", 422, "The bytes that came do not have the checksum announced; nothing was kept.", "Compute the SHA-256 again and upload again."},
	{"timestamp_in_future", 422, "The backup's timestamp is more than 24 hours ahead.", "Correct the device's clock; timestamps are in milliseconds."},
	{"rate_limited", 429, "Too many requests in this minute, or too many sockets at once.", again},
	{"header_too_large", 431, "The request's headers are larger than 32 KiB.", "Send fewer or shorter headers."},
	{"internal", 500, "Something went wrong on our side.", report},
	{"not_implemented", 501, "The operation is part of the contract but not available in this version.", "Do not call it until a later version has it."},
	{"llm_error", 502, "The language model gave no usable answer.", "Try again, or put the question differently."},
	{"agent_loop_limit", 502, "The agent did not reach an answer within its rounds of tool calls.", "Ask for less at once."},
	{"storage_inconsistent", 502, "A stored backup is not as it was committed.", "Use another backup of the history and report the request_id."},
	{"db_unavailable", 503, "Our database is unreachable. What was not acknowledged may not have been done.", again},
	{"storage_unavailable", 503, "The storage of backups is unreachable.", again},
	{"billing_unavailable", 503, "The payment service is unreachable.", again},
	{"llm_unavailable", 503, "The language model is unavailable.", again},
	{"auth_busy", 503, "Too many passwords are being checked at once.", again},
	{"draining", 503, "This server is shutting down.", "Connect again; another one will answer. " + again},
	{"llm_timeout", 504, "The language model took too long.", "Try again, or ask for less at once."},
}
