package system_test

import (
	"fmt"
	"strings"
)

// The values of the queries' parameters, as SQL. A new query needs nothing here while its parameters have names that
// are known; what is special about one query is under its own name, "Query.parameter".

// parameters are the values by name.
var parameters = map[string]string{
	"user_id": testID(userKind, heavyUser), "metadata_user_id": testID(userKind, 7),
	"except_id": testID(sessionKind, 2),
	"owner":     testID(userKind, 1), "after": testID(0, 0), "now": "now()", "most": "100", "page_size": "100",
	"limit":        "100",
	"most_backups": "1000", "lease_seconds": "60", "days": "90", "email": "'user77@example.com'", "account": `'\x2a'`,
	"tier": "'pro'", "grant_tier": "'pro'", "seats": "1", "grant_seats": "1", "revoked_for": "'logout'",
	"token_hash": `'\x01'`, "password_hash": "'y'", "old_hash": "'x'", "new_hash": "'y'", "verified_at": "now()",
	"counter": "2", "attempts": "0", "event_id": "'evt_500'", "state": "'done'", "type": "'invoice.paid'",
	"object_id": "'in_1'", "livemode": "true", "occurred_at": "now()", "as_of": "now()", "status": "'active'",
	"stripe_customer_id": "'cus_77'", "stripe_subscription_id": "'sub_000000077'", "cancel_at_period_end": "false",
	"current_period_end": "now()", "next_try_at": "now()", "claimed_until": "now()", "lease_until": "now()",
	"expires_at": "now()", "ends_at": "now()", "idempotency_key": "'k'", "key_hash": "'sha256:10'", "key_sent": "'k'",
	"version": "1", "timestamp": "0", "checksum": "'a'", "size_bytes": "10", "chunk_count": "1", "limit_bytes": "-1",
	"max_uploads": "2", "committed": "0", "reserved": "0", "uploads": "0",
	"since": "now() - interval '10 days'", "until": "now() + interval '1000 years'",
	"batch": "100", "batch_size": "100", "keys": passwordKeys(20, 24), "ends": "array_fill(now(), ARRAY[4])",
	"network": `'\\x01'`, "networks": passwordKeys(1, 4), "seen_after": "now() - interval '90 days'",
	"seen_before": "now() - interval '90 days'", "rewrite_before": "now() - interval '1 day'", "keep": "100",
	"paid_tier": "'pro'", "paid_seats": "1", "account_id": "'acct_1'", "holder": "gen_random_uuid()",
	"tried_at": "now()",
	"used":     "10", "wanted": "100", "minimum": "100",
	"limit_tokens": "100000", "day": "current_date", "requests": "1",
	"previous": testID(reserveKind, heavyUser),
	"name":     "'key'", "prefix": "'adv_abcd'", "scopes": "'{chat}'", "hour": "now()", "device": "'curl'",
	"kind": "'signed_in'", "subject_id": "NULL", "after_state": "''", "after_day": "current_date - 90",
	"language": "'en'", "window_start": "now() - interval '10 minutes'", "ended_before": "now() - interval '10 days'",
}

// parametersByFile are the values whose meaning depends on the table.
var parametersByFile = map[string]map[string]string{
	"users.sql":           {"id": testID(userKind, 77)},
	"subscriptions.sql":   {"id": testID(userKind, 77)},
	"refresh_tokens.sql":  {"id": testID(sessionKind, 1), "ids": idArray(sessionKind, 60, 90)},
	"backup_metadata.sql": {"id": testID(backupKind, 4)},
	"export.sql":          {"id": testID(userKind, 77)},
	"api_keys.sql": {"id": testID(keyKind, 3), "ids": idArray(keyKind, 0, 30),
		"key_hash": `'\x` + strings.Repeat("0", 62) + `03'`},
	"mail_codes.sql": {"id": testID(codeKind, 77), "purpose": "'reset'", "user_id": testID(userKind, 77),
		"address": "NULL", "handle": codeKey(78), "scope": codeKey(77), "counted_as": codeKey(77), "digest": `'\x01'`,
		"created_after": "now() - interval '1 hour'", "created_before": "now() - interval '1 day'", "max_tries": "5",
		"purposes": "'{reset,address}'", "lock_key": "77"},
	"mail_outbox.sql": {"id": testID(mailKind, 77), "kind": "'password_changed'", "user_id": testID(userKind, 77),
		"code_id": "NULL", "address": "NULL", "refusals": "0"},
	"second_factors.sql": {"secret": `'\x01'`, "old_secret": `'\x01'`, "key_id": `'\x05'`, "step": "1",
		"digest": codeKey(77), "digests": passwordKeys(1<<40, 1<<40+10), "device_id": "NULL", "max_tries": "5",
		"created_before": "now() - interval '1 hour'"},
	"passkeys.sql": {"id": testID(keyKind, 3), "credential_id": codeKey(77), "public_key": `'\x01'`,
		"sign_count": "1", "backup_eligible": "true", "backed_up": "true", "transports": "'{usb}'",
		"digest": codeKey(77), "kind": "'login'", "session_id": "NULL", "challenge": "'{}'", "options": "'{}'",
		"code_challenge": "NULL", "redirect_uri": "NULL", "passkey_id": testID(keyKind, 77),
		"code_digest": codeKey(78)},
	"teams.sql": {"id": testID(subKind, 3), "team_id": testID(subKind, 3), "user_id": testID(userKind, 61),
		"except_id": testID(userKind, 60), "before": "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "payer_id": "NULL",
		"owner_id": testID(userKind, 61), "one": testID(userKind, 60), "other": testID(userKind, 61),
		"role": "'admin'", "seats": "5", "expired_before": "now() - interval '1 day'", "digest": `'\x01'`,
		"created_after": "now() - interval '1 hour'"},
	"sso.sql": {"id": testID(sessionKind, 77), "team_id": testID(subKind, 3), "user_id": testID(userKind, 77),
		"digest": codeKey(77), "browser": `'\x01'`, "provider": "NULL", "code_challenge": "'x'",
		"redirect_uri": "'adiuva://auth'", "state": "''", "issuer": "'https://idp.example.com/1'",
		"subject": "'subject-78'", "email_verified": "true", "scope": testID(subKind, 1), "ticket": `'\xff'`,
		"keep": "19", "domain": "'d7.example.com'", "domains": "'{d7.example.com}'", "client_id": "'adiuva'",
		"client_secret": `'\x01'`, "old_secret": `'\x01'`, "key_id": `'\x05'`, "required": "false",
		"token": "'token'", "proved_at": "now()", "next_check_at": "now()"},
	"audit_events.sql": {
		"id": testID(eventKind, 0), "before": "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "since": testID(0, 0),
		"first": testID(eventKind, 900), "keep": "20", "network": "'203.0.113.0/24'",
	},
}

// parametersByQuery are the values of one query.
var parametersByQuery = map[string]string{
	"RefundPasswordAttempts.tried_at": "now()",
	"MoveReservation.id":              "gen_random_uuid()", "PruneTokenUsage.before": "current_date - 1",
	"LockAccount.id": testID(userKind, 77), "CreateKey.id": "gen_random_uuid()", "CreateKey.key_hash": `'\x01'`,
	"CreateSession.sso_team_id": "NULL", "CreateSession.network": "'203.0.113.0/24'", "CountKeys.keep": "20",
	"PruneAuditEvents.before": testID(eventKind, 50),
	"InsertUser.id":           "gen_random_uuid()", "InsertUser.email": "'new@example.com'",
	"CreateSession.id": "gen_random_uuid()", "SaveSubscription.id": "gen_random_uuid()",
	"ReserveBackup.id": "gen_random_uuid()", "ReserveBackup.s3_key": "'new'", "ReserveBackup.idempotency_key": "'new'",
	"KeysInUse.keys":       keysOfBackups(20, 30),
	"BackupsBefore.before": "9223372036854775807", "PruneEvents.before": "now() - interval '10 days'",
	"RecordEvent.event_id": "'evt_new'", "SetStripeCustomer.stripe_customer_id": "'cus_new'",
	"UnseenSubscriptions.after": "'sub_000000100'",
	"LiveSessions.before":       "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "ForgetOldestNetworks.keep": "32",
	"DeletedCustomers.before": "now()", "InsertCode.id": "gen_random_uuid()", "InsertCode.handle": `'\xff'`,
	"InsertMail.id": "gen_random_uuid()", "InsertMailInOwnLanguage.id": "gen_random_uuid()",
	"MailAddress.id": testID(userKind, 77), "InsertTicket.digest": `'\xff'`, "InsertPasskey.id": "gen_random_uuid()",
	"InsertPasskey.credential_id": `'\xff'`, "InsertCeremony.digest": `'\xff'`, "FinishLogin.code_digest": `'\xff'`,
	"LockTeamAccount.id": testID(userKind, 77), "TeamAccount.id": testID(userKind, 77),
	"StartTeamUsage.team_id": "gen_random_uuid()",
	"InsertTeam.id":          "gen_random_uuid()", "InsertTeam.owner_id": testID(userKind, 77),
	"InsertTeamMember.user_id": testID(userKind, 77), "InsertTeamInvitation.id": "gen_random_uuid()",
	"InsertTeamInvitation.email": "'new@example.com'", "LockTeamInvitation.id": testID(reserveKind, 7),
	"EndTeamInvitation.id": testID(reserveKind, 7), "AcceptTeamInvitation.id": testID(reserveKind, 7),
	"ActivateTeamInvitation.id":       testID(reserveKind, 7),
	"LockSignIns.lock_key":            "77",
	"FinishCustomerUpdate.changed_at": "now()", "TellPaymentFailed.told_before": "now()",
	"SignedInBefore.since":  testID(eventKind, 0),
	"InsertSSOStart.digest": `'\xff'`, "InsertSSOAnswer.digest": `'\xff'`,
	"InsertIdentity.id": "gen_random_uuid()", "InsertIdentity.subject": "'new'",
	"InsertSSODomain.domain": "'new.example.com'", "SessionCreatedAt.user_id": testID(userKind, 77),
}

// readLimits are the rows that a query may read where they do not follow from the rows that it returns or changes:
// it counts or compares a bounded number of them.
var readLimits = map[string]float64{
	"CountKeys":            2 * 30,  // it stops at 20; beside them are the account's revoked ones
	"CountPage":            2 * 100, // a page of 100, that many below the aggregate
	"CountCommitted":       2 * 100,
	"CountUploads":         30,                                    // of the heavy user; a user has two at most
	"UsagesAfter":          100*10*3 + 2*1000,                     // a page; one user has more than are counted
	"ForgetOldestNetworks": 2 * 33,                                // all of a user
	"EndIdleSessions":      2 * (heavySessions + sessionsPerUser), // all of a user
	"ExportSessions":       2 * (heavySessions + sessionsPerUser), // all of a user
	"UsersAfter":           100 * (8 + 19),                        // a page, and the teams of its users
	"TeamsAfter":           100 * (6 + 19),                        // a page, and the members of its teams
	"EndRefusedSessions":   100 * (6 + 19),                        // the members of the team, and their sessions
	"OwnersOfLiveSessions": 30 * 32,                               // and whether providers are required
	"LiveSessions":         2 * (heavySessions + sessionsPerUser),
	// For the oldest of the jobs that are due next.
	"OldestInboxEvent": 1000, "OldestDeletion": 1000, "OldestRemoval": 1000, "OldestMail": 1000,
}

// singletons are the tables with one row at most, which is read without an index.
var singletons = []string{"stripe_account", "billing_reconcile"}

// unbounded are the queries that read or change more than they should, with the reason why that is known. A query that
// no longer belongs here fails the test.
var unbounded = map[string]string{}

// codeKey returns the scope, the count and the handle of the codes with that number.
func codeKey(n int) string { return fmt.Sprintf(`'\x%064x'`, n) }

// passwordKeys returns an array of the keys of the counters with those numbers.
func passwordKeys(from, to int) string {
	var keys []string
	for n := from; n < to; n++ {
		keys = append(keys, fmt.Sprintf(`"\\x%064x"`, n))
	}
	return "'{" + strings.Join(keys, ",") + "}'::bytea[]"
}

// idArray returns an array of the ids with those numbers.
func idArray(kind, from, to int) string {
	var ids []string
	for n := from; n < to; n++ {
		ids = append(ids, testID(kind, n))
	}
	return "ARRAY[" + strings.Join(ids, ",") + "]::uuid[]"
}

// keysOfBackups returns an array of the keys of the backups with those numbers.
func keysOfBackups(from, to int) string {
	var keys []string
	for n := from; n < to; n++ {
		keys = append(keys, strings.Trim(testID(userKind, n/10+1), "'")+"/"+strings.Trim(testID(backupKind, n), "'"))
	}
	return "'{" + strings.Join(keys, ",") + "}'"
}
