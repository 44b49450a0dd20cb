// Package auth manages accounts: registration, log-in, sessions with rotating refresh tokens, access tokens, password
// changes, account deletion, and the operator's commands on accounts.
//
// A session is one row of refresh_tokens, written at log-in. Its refresh tokens are a family: each carries the
// session's id and a counter, and each refresh replaces the current token with the next.
//
//	Register, Login ──► createSession ──► access token + refresh token (counter 1)
//
//	Login, ConfirmPasswordReset of a guarded account ──► second_factor_required with a ticket
//	ticket + code ──► LoginWithSecondFactor ──► createSession (package secondfactor)
//	passkey       ──► FinishPasskeyLogin ──► a code ──► LoginWithPasskey ──► createSession (package passkey)
//
//	access token  ──► Authenticate: signature and expiry ──► sessioncache, or the database ──► identity.User
//
//	refresh token ──► Refresh: verify the MAC, lock the session's row, compare counters
//	                    current                 ──► counter+1, new tokens
//	                    previous, within 10 s   ──► the same new tokens again (racing clients)
//	                    previous, same key      ──► the same new tokens again (a response was lost)
//	                    anything older          ──► the session is revoked: refresh_reused
//
//	Logout, EndSession, ChangePassword, RevokeSessions, deletion
//	                ──► revoke the rows ──► invalidate the cache (other replicas follow within 10 s)
//
// Auth is the only package that handles passwords. It never stores one, only a bcrypt hash under a key that is not
// in the database. It stores no usable refresh token either, and it never trusts the tier that an access token
// names.
package auth
