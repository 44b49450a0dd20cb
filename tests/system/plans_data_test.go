package system_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Sizes of the tables for the tests of query plans, as multiples of the number of users.
const (
	sessionsPerUser = 3
	heavySessions   = 100
)

// Ids are made of a kind and a number, so that parameters can name rows. heavyUser has more of everything.
const (
	userKind    = 1
	sessionKind = 2
	backupKind  = 3
	subKind     = 4
	reserveKind = 5
	keyKind     = 6
	eventKind   = 7
	codeKind    = 8
	mailKind    = 9
	heavyUser   = 1
)

func testID(kind, n int) string { return fmt.Sprintf("'0%d000000-0000-7000-8000-%012x'", kind, n) }

// seed statements fill the tables for $users users. The first backups are committed, one in five has been removed, one
// in ten was due for pruning, and a few of each kind are in progress.
var seed = []string{
	`CREATE FUNCTION test_id(kind integer, n bigint) RETURNS uuid IMMUTABLE LANGUAGE sql AS
	 $f$ SELECT ('0' || kind || '000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $f$`,

	`INSERT INTO users (id, email, password_hash, password_changed_at, stripe_customer_id, created_at, updated_at,
	        deleted_at)
	 SELECT test_id(1, n), 'user' || n || '@example.com', 'x', now(), 'cus_' || n, now(), now(),
	        CASE WHEN n % 1000 = 999 THEN now() END
	 FROM generate_series(1, $users) n`,

	`INSERT INTO refresh_tokens (id, user_id, token_hash, rotated_at, expires_at, ends_at, last_used_at, created_at)
	 SELECT test_id(2, n), test_id(1, n / 3 + 1), '\x00', now(), now() + interval '1 day',
	        now() + (n % 100 - 40) * interval '1 day', now(), now() - n * interval '1 second'
	 FROM generate_series(1, 3 * $users - 1) n`,
	`INSERT INTO refresh_tokens (id, user_id, token_hash, rotated_at, expires_at, ends_at, last_used_at, created_at)
	 SELECT test_id(2, 3 * $users + n), test_id(1, 1), '\x00', now(), now() + interval '1 day',
	        now() + interval '10 days', now(), now() - n * interval '1 second'
	 FROM generate_series(1, 100) n`,

	`INSERT INTO login_attempts (account, attempts, started_at)
	 SELECT decode(lpad(to_hex(n), 64, '0'), 'hex'), 1, now() - (n % 40) * interval '1 minute'
	 FROM generate_series(1, $users / 10) n`,

	`INSERT INTO password_attempts (key, tried_at, ends_at)
	 SELECT decode(lpad(to_hex(n), 64, '0'), 'hex'), ARRAY[now()], now() + (n % 40 - 20) * interval '1 minute'
	 FROM generate_series(1, $users) n`,

	`INSERT INTO known_networks (user_id, network, seen_at)
	 SELECT test_id(1, n), decode(lpad(to_hex(n), 64, '0'), 'hex'), now() - (n % 100) * interval '1 day'
	 FROM generate_series(2, $users) n`,
	`INSERT INTO known_networks (user_id, network, seen_at)
	 SELECT test_id(1, 1), decode(lpad(to_hex(n), 64, '0'), 'hex'), now() - n * interval '1 hour'
	 FROM generate_series(1, 33) n`,

	`INSERT INTO deleted_customers (user_id, stripe_customer_id, deleted_at)
	 SELECT test_id(1, $users + n), 'cus_' || $users + n, now() - n * interval '1 minute'
	 FROM generate_series(1, $users / 10) n`,

	`INSERT INTO customer_updates (user_id, changed_at, next_try_at)
	 SELECT test_id(1, n), now(), now() + (n % 40 - 1) * interval '1 minute' FROM generate_series(1, $users / 10) n`,

	`INSERT INTO account_deletions (user_id, requested_at, next_try_at)
	 SELECT test_id(1, n), now(), now() + (n % 7 - 3) * interval '1 minute'
	 FROM generate_series(999, $users, 1000) n`,

	`INSERT INTO subscriptions (id, user_id, stripe_subscription_id, tier, status, created_at, updated_at)
	 SELECT test_id(4, n), test_id(1, n), 'sub_' || lpad(n::text, 9, '0'), 'pro',
	        CASE WHEN n % 3 = 0 THEN 'canceled' ELSE 'active' END, now(), now()
	 FROM generate_series(1, $users / 5) n`,

	`INSERT INTO stripe_inbox (event_id, type, object_id, livemode, occurred_at, received_at, state, next_try_at)
	 SELECT 'evt_' || n, 'invoice.paid', 'in_' || n, true, now(), now() - (n % 120) * interval '1 day',
	        CASE WHEN n % 500 = 0 THEN 'pending' ELSE 'done' END, now()
	 FROM generate_series(1, $users / 2) n`,

	`INSERT INTO token_usage (user_id, day, used, reserved, requests)
	 SELECT test_id(1, n), current_date - d, 1000, CASE WHEN d = 0 THEN 1000 ELSE 0 END, 3
	 FROM generate_series(1, $users) n, generate_series(0, 3) d`,
	`INSERT INTO token_reservations (id, user_id, day, tokens, lease_until)
	 SELECT test_id(5, n), test_id(1, n), current_date, 1000, now() + (n % 40 - 20) * interval '1 minute'
	 FROM generate_series(1, $users) n`,

	`INSERT INTO api_keys (id, user_id, name, prefix, key_hash, scopes, created_at, expires_at, revoked_at)
	 SELECT test_id(6, n), test_id(1, CASE WHEN n <= 60 THEN 1 ELSE n / 2 END), 'key', 'adv_abcd',
	        decode(lpad(to_hex(n), 64, '0'), 'hex'), '{chat}', now(),
	        CASE WHEN n % 3 = 1 THEN now() + (n % 100 - 50) * interval '1 day' END,
	        CASE WHEN n % 3 = 2 THEN now() - (n % 100) * interval '1 day' END
	 FROM generate_series(2, 2 * $users) n`,
	`INSERT INTO audit_events (id, user_id, at, kind, network, device)
	 SELECT test_id(7, n), test_id(1, CASE WHEN n <= 1000 THEN 1 ELSE n / 5 END), now(), 'signed_in', '203.0.113.0/24',
	        'curl'
	 FROM generate_series(5, 5 * $users) n`,

	`INSERT INTO mail_codes (id, purpose, user_id, handle, scope, counted_as, digest, created_at, expires_at, ended_at)
	 SELECT test_id(8, n), CASE WHEN n % 2 = 0 THEN 'reset' ELSE 'verification' END, test_id(1, n / 2),
	        CASE WHEN n % 2 = 0 THEN decode(lpad(to_hex(n), 64, '0'), 'hex') END,
	        decode(lpad(to_hex(n / 2), 64, '0'), 'hex'), decode(lpad(to_hex(n / 2), 64, '0'), 'hex'),
	        CASE WHEN n % 3 = 0 THEN '\x01'::bytea END, now() - (n % 1500) * interval '1 minute', now(),
	        CASE WHEN n % 3 = 1 THEN now() END
	 FROM generate_series(2, 2 * $users) n`,
	`INSERT INTO mail_outbox (id, kind, user_id, code_id, language, created_at, next_try_at)
	 SELECT test_id(9, n), 'reset_password', test_id(1, n), test_id(8, 2 * n), 'en', now(),
	        now() + (n % 40 - 1) * interval '1 minute'
	 FROM generate_series(2, $users) n`,

	`INSERT INTO totp_secrets (user_id, secret, key_id, created_at, confirmed_at)
	 SELECT test_id(1, n), '\x01', CASE n % 50 WHEN 0 THEN '\x01' WHEN 1 THEN '\x09' ELSE '\x05' END::bytea,
	        now() - (n % 100) * interval '1 minute', CASE WHEN n % 20 > 0 THEN now() END
	 FROM generate_series(1, $users) n`,
	`INSERT INTO recovery_codes (digest, user_id)
	 SELECT decode(lpad(to_hex(n), 64, '0'), 'hex'), test_id(1, n / 10 + 1) FROM generate_series(0, 10 * $users - 1) n`,
	`INSERT INTO second_factor_tickets (digest, user_id, verified_at, expires_at)
	 SELECT decode(lpad(to_hex(n), 64, '0'), 'hex'), test_id(1, n), now(), now() + (n % 40 - 1) * interval '1 minute'
	 FROM generate_series(1, $users) n`,
	`INSERT INTO passkeys (id, user_id, name, credential_id, public_key, sign_count, backup_eligible, backed_up,
	        transports, created_at)
	 SELECT test_id(6, n), test_id(1, CASE WHEN n <= 20 THEN 1 ELSE n / 2 END), 'laptop',
	        decode(lpad(to_hex(n), 64, '0'), 'hex'), '\x01', 0, true, true, '{usb}', now()
	 FROM generate_series(2, 2 * $users) n`,
	`INSERT INTO passkey_ceremonies (digest, kind, user_id, passkey_id, challenge, options, code_digest, expires_at)
	 SELECT decode(lpad(to_hex(n), 64, '0'), 'hex'), 'login', test_id(1, n), test_id(6, 2 * n), '{}', '{}',
	        CASE WHEN n % 2 = 0 THEN decode(lpad(to_hex(n), 64, '0'), 'hex') END,
	        now() + (n % 40 - 1) * interval '1 minute'
	 FROM generate_series(1, $users) n`,
	// Every 20th user owns a team of nine, with two invitations. The heavy user's team has 19.
	`INSERT INTO teams (id, owner_id, payer_id, created_at)
	 SELECT test_id(4, n), test_id(1, greatest(20 * n, 1)), CASE WHEN n % 5 = 4 THEN test_id(1, 20 * n + 1) END, now()
	 FROM generate_series(0, $users / 20 - 1) n`,
	`INSERT INTO team_members (user_id, team_id, role, place, joined_at)
	 SELECT test_id(1, n), test_id(4, n / 20), CASE WHEN n % 20 = 0 THEN 'admin' ELSE 'member' END, n, now()
	 FROM generate_series(1, $users - 1) n WHERE n < 20 OR n % 20 < 9`,
	`INSERT INTO team_invitations (id, team_id, email, digest, created_at, expires_at, ended_at)
	 SELECT test_id(5, n), test_id(4, n / 2), 'user' || n || '@example.com', '\x01', now(),
	        now() + (n % 8 - 1) * interval '1 day', CASE WHEN n % 3 = 0 THEN now() END
	 FROM generate_series(1, $users / 10 - 1) n`,
	`UPDATE users SET tier = 'team', seats = 5 WHERE id IN (SELECT t.owner_id FROM teams t)`,
	// Every team has a provider and two domains; every 20th of the providers is required.
	`INSERT INTO sso_connections (team_id, issuer, client_id, client_secret, key_id, required, updated_at)
	 SELECT test_id(4, n), 'https://idp.example.com/' || n, 'adiuva', '\x01',
	        CASE n % 50 WHEN 0 THEN '\x01' ELSE '\x05' END::bytea, n % 20 = 3, now()
	 FROM generate_series(0, $users / 20 - 1) n`,
	`INSERT INTO sso_domains (team_id, domain, token, created_at, proved_at, next_check_at)
	 SELECT test_id(4, n / 2), 'd' || n || '.example.com', 'token', now(), CASE WHEN n % 3 > 0 THEN now() END,
	        now() + (n % 40 - 1) * interval '1 hour'
	 FROM generate_series(0, $users / 10 - 1) n`,
	`INSERT INTO sso_identities (id, user_id, team_id, issuer, subject, email, created_at, last_used_at)
	 SELECT test_id(2, n), test_id(1, CASE WHEN n <= 20 THEN 1 ELSE n / 2 END),
	        CASE WHEN n % 2 = 0 THEN test_id(4, n / 40) END, 'https://idp.example.com/1', 'subject-' || n,
	        'user' || n || '@example.com', now(), now()
	 FROM generate_series(2, 2 * $users - 2) n`,
	`INSERT INTO sso_starts (digest, browser, provider, team_id, code_challenge, redirect_uri, state, expires_at)
	 SELECT decode(lpad(to_hex(n), 64, '0'), 'hex'), '\x01', CASE WHEN n % 2 = 1 THEN 'google' END,
	        CASE WHEN n % 2 = 0 THEN test_id(4, n / 20) END, 'x', 'adiuva://auth', '',
	        now() + (n % 40 - 1) * interval '1 minute'
	 FROM generate_series(1, $users - 1) n`,
	`INSERT INTO sso_answers (digest, user_id, team_id, code_challenge, issuer, subject, email, email_verified,
	        expires_at)
	 SELECT decode(lpad(to_hex(n), 64, '0'), 'hex'), CASE WHEN n % 2 = 0 THEN test_id(1, n) END,
	        CASE WHEN n % 3 = 0 THEN test_id(4, n / 20) END, CASE WHEN n % 2 = 1 THEN 'x' END,
	        'https://idp.example.com/1', 'subject-' || n, 'user' || n || '@example.com', true,
	        now() + (n % 40 - 1) * interval '1 minute'
	 FROM generate_series(1, $users - 1) n`,

	backupRows("n / 10 + 1", "generate_series(1, 10 * $users - 1) n"),
	backupRows("1", "generate_series(10 * $users, 10 * $users + $heavy - 1) n"),

	`INSERT INTO backup_usage (user_id, committed, reserved, uploads)
	 SELECT user_id, coalesce(sum(size_bytes) FILTER (WHERE state = 'committed'), 0),
	        coalesce(sum(size_bytes) FILTER (WHERE state = 'uploading'), 0), count(*) FILTER (WHERE state = 'uploading')
	 FROM backup_metadata GROUP BY user_id`,
}

// backupRows returns the statement that inserts backups of the users with those numbers.
func backupRows(user, numbers string) string {
	return `INSERT INTO backup_metadata (id, user_id, s3_key, version, timestamp, checksum, size_bytes, state, owner,
	        lease_until, idempotency_key, sequence, created_at, committed_at, deleted_at)
	 SELECT id, u, u || '/' || id, 1, 0, repeat('a', 64), 1000, state, u,
	        now() + CASE WHEN n % 3 = 0 THEN interval '1 minute' ELSE interval '-1 minute' END,
	        CASE WHEN state IN ('committed', 'uploading') AND n % 2 = 0 THEN 'sha256:' || n END,
	        CASE WHEN state NOT IN ('uploading', 'aborting') THEN n END, now(),
	        CASE WHEN state NOT IN ('uploading', 'aborting') THEN now() - (n % 100000) * interval '1 minute' END,
	        CASE WHEN state IN ('deleted', 'removed') THEN
	             now() - CASE WHEN n % 20 IN (17, 18) THEN interval '100 days' ELSE interval '10 days' END END
	 FROM (SELECT n, test_id(3, n) AS id, test_id(1, ` + user + `) AS u, CASE
	              WHEN n % 20 BETWEEN 13 AND 18 THEN 'removed'
	              WHEN n % 2000 = 19 THEN 'deleted'
	              WHEN n % 2000 = 39 THEN 'aborting'
	              WHEN n % 2000 = 59 THEN 'uploading'
	              ELSE 'committed' END AS state
	       FROM ` + numbers + ` OFFSET 0) rows`
}

// heavyBackups is the number of backups that the heavy user has besides.
func heavyBackups(users int) int { return min(25_000, 2*users) }

// unindexed finds what can be dropped while the tables are filled, and the statements that drop it and make it again:
// all indexes, except those of constraints that a foreign key needs.
const unindexed = `
	SELECT 'ALTER TABLE ' || c.conrelid::regclass || ' DROP CONSTRAINT ' || c.conname,
	       'ALTER TABLE ' || c.conrelid::regclass || ' ADD CONSTRAINT ' || c.conname || ' ' ||
	       pg_get_constraintdef(c.oid)
	FROM pg_constraint c WHERE c.contype IN ('p', 'u') AND c.connamespace = 'public'::regnamespace
	  AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.confrelid = c.conrelid)
	UNION ALL
	SELECT 'DROP INDEX ' || i.indexname, i.indexdef
	FROM pg_indexes i WHERE i.schemaname = 'public'
	  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname)`

// fillTables fills the database for that many users, and returns how long it took. Foreign keys hold by construction.
func fillTables(t *testing.T, dsn string, users int) time.Duration {
	t.Helper()
	start := time.Now()
	ctx := t.Context()
	conn := connectAs(ctx, t, dsn)
	defer func() { check(t, conn.Close(context.WithoutCancel(ctx))) }()
	rows, err := conn.Query(ctx, unindexed)
	check(t, err)
	type index struct{ Drop, Create string }
	indexes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[index])
	check(t, err)
	statements := []string{"SET session_replication_role = replica", "SET maintenance_work_mem = '1GB'",
		"SET work_mem = '256MB'", "ALTER TABLE backup_metadata SET UNLOGGED", "ALTER TABLE refresh_tokens SET UNLOGGED"}
	for _, i := range indexes {
		statements = append(statements, i.Drop)
	}
	for _, s := range seed {
		statements = append(statements, strings.NewReplacer(
			"$users", fmt.Sprint(users), "$heavy", fmt.Sprint(heavyBackups(users))).Replace(s))
	}
	for _, i := range indexes {
		statements = append(statements, i.Create)
	}
	for _, s := range append(statements, "VACUUM ANALYZE") {
		if _, err := conn.Exec(ctx, s); err != nil {
			t.Fatalf("%.60s: %v", s, err)
		}
	}
	return time.Since(start)
}

// connectAs opens a connection without a time limit for its statements.
func connectAs(ctx context.Context, t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	cfg, err := pgx.ParseConfig(dsn)
	check(t, err)
	cfg.RuntimeParams = map[string]string{"timezone": "UTC"}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	check(t, err)
	return conn
}
