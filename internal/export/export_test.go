package export_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/internal/export"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// sections says in which section of an export the rows of each table with a user_id are, or in parentheses why they are
// in none. A new table needs a row.
var sections = map[string]string{
	"refresh_tokens": "sessions", "api_keys": "keys", "audit_events": "events", "known_networks": "known_networks",
	"subscriptions": "subscriptions", "backup_metadata": "backups", "backup_usage": "backup_usage",
	"token_usage":  "token_usage",
	"totp_secrets": "second_factors", "passkeys": "passkeys",
	"recovery_codes":        "(their number is in second_factors)",
	"second_factor_tickets": "(sign-ins that wait for a code; at most 5 minutes)",
	"passkey_ceremonies":    "(registrations and sign-ins under way; at most 5 minutes)",
	"token_reservations":    "(live for the length of a request; their sum is in token_usage)",
	"mail_codes":            "(codes that wait for an answer; at most a day)",
	"mail_outbox":           "(mails that wait to be sent)",
	"account_deletions":     "(an account that is being deleted has no owner who could ask)",
	"deleted_customers":     "(of deleted accounts)",
	"team_members":          "memberships",
	"team_invitations":      "invitations",
	"sso_identities":        "sso_links",
	"sso_answers":           "(sign-ins that wait for the account's owner; at most 10 minutes)",
	"customer_updates":      "(addresses that wait to be written to Stripe)",
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func exec(t *testing.T, db *postgres.DB, sql string, args ...any) {
	t.Helper()
	_, err := db.Pool.Exec(t.Context(), sql, args...)
	check(t, err)
}

// account inserts an account with n rows of everything that the export has as pages.
func account(t *testing.T, db *postgres.DB, email string, n int) uuid.UUID {
	t.Helper()
	id := uuid.New()
	exec(t, db, `INSERT INTO users (id, email, password_hash, password_changed_at, created_at, updated_at)
		VALUES ($1, $2, 'secret hash', now(), now(), now())`, id, email)
	for _, sql := range []string{
		`INSERT INTO refresh_tokens
		     (id, user_id, token_hash, rotated_at, expires_at, ends_at, last_used_at, created_at)
		 SELECT gen_random_uuid(), $1::uuid, 'secret hash', now(), now(), now(), now(), now()
		 FROM generate_series(1, $2::int)`,
		`INSERT INTO api_keys (id, user_id, name, prefix, key_hash, scopes, created_at)
		 SELECT gen_random_uuid(), $1::uuid, 'say "hi"', 'adv_abcd', decode(md5($1::uuid::text || n), 'hex'), '{chat}',
		     now()
		 FROM generate_series(1, $2::int) n`,
		`INSERT INTO audit_events (id, user_id, at, kind, network, device)
		 SELECT gen_random_uuid(), $1::uuid, now(), 'signed_in', '203.0.113.0/24', 'curl'
		 FROM generate_series(1, $2::int)`,
		`INSERT INTO totp_secrets (user_id, secret, key_id, created_at)
		 SELECT $1::uuid, 'secret hash', 'secret', now() WHERE $2::int > 0`,
		`INSERT INTO passkeys (id, user_id, name, credential_id, public_key, sign_count, backup_eligible, backed_up,
		     transports, created_at)
		 SELECT gen_random_uuid(), $1::uuid, 'laptop', decode(md5($1::uuid::text || n), 'hex'), 'secret hash', 0, true,
		     true, '{usb}', now()
		 FROM generate_series(1, $2::int) n`,
		`INSERT INTO known_networks (user_id, network, seen_at)
		 SELECT $1::uuid, 'secret hash', now() WHERE $2::int > 0`,
		`INSERT INTO subscriptions (id, user_id, stripe_subscription_id, tier, status, created_at, updated_at)
		 SELECT gen_random_uuid(), $1::uuid, 'sub_' || $1::uuid::text || n, 'pro', 'active', now(), now()
		 FROM generate_series(1, $2::int) n`,
		`INSERT INTO backup_metadata (id, user_id, s3_key, version, timestamp, checksum, size_bytes, state, owner,
		     lease_until, created_at)
		 SELECT gen_random_uuid(), $1::uuid, $1::uuid::text || n, 1, 0, 'x', 10,
		     CASE WHEN n % 2 = 0 THEN 'removed' ELSE 'committed' END, $1::uuid, now(), now()
		 FROM generate_series(1, $2::int) n`,
		`INSERT INTO backup_usage (user_id, committed) SELECT $1::uuid, 10 WHERE $2::int > 0`,
		`INSERT INTO teams (id, owner_id, created_at) SELECT $1::uuid, $1::uuid, now() WHERE $2::int > 0`,
		`INSERT INTO team_members (user_id, team_id, role, joined_at)
		 SELECT $1::uuid, $1::uuid, 'admin', now() WHERE $2::int > 0`,
		`INSERT INTO team_invitations (id, team_id, email, digest, created_at, expires_at, ended_at)
		 SELECT gen_random_uuid(), $1::uuid, u.email, 'secret hash', now(), now(), now()
		 FROM users u, generate_series(1, $2::int) WHERE u.id = $1`,
		`INSERT INTO sso_identities (id, user_id, issuer, subject, email, created_at, last_used_at)
		 SELECT gen_random_uuid(), $1::uuid, 'https://idp.example.com', $1::uuid::text || n, 'x@example.com',
		     now(), now()
		 FROM generate_series(1, $2::int) n`,
		`INSERT INTO token_usage (user_id, day, used) SELECT $1::uuid, current_date - n, 5
		 FROM generate_series(1, $2::int) n`,
	} {
		exec(t, db, sql, id, n)
	}
	return id
}

func TestExportHasEveryTableOfAnAccount(t *testing.T) {
	t.Attr("case", "K17")
	t.Parallel()
	db := pgtest.New(t)
	rows, err := db.Pool.Query(t.Context(),
		`SELECT c.table_name FROM information_schema.columns c
		 JOIN information_schema.tables t USING (table_schema, table_name)
		 WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
		     AND (c.column_name = 'user_id' OR c.table_name = 'team_invitations' AND c.column_name = 'email')`)
	check(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	check(t, err)
	slices.Sort(tables)
	if known := slices.Sorted(maps.Keys(sections)); !slices.Equal(tables, known) {
		t.Errorf("tables %v, known are %v", tables, known)
	}
}

func TestExportIsCompleteAndOfOneAccount(t *testing.T) {
	t.Attr("case", "K17")
	t.Parallel()
	db := pgtest.New(t)
	const n = 1203 // more than two pages
	mine, other := account(t, db, "anna@example.com", n), account(t, db, "bob@example.com", 3)
	now := time.UnixMilli(1767225600000)
	document, err := export.New(db, func() time.Time { return now }).Open(t.Context(), mine)
	check(t, err)
	var text bytes.Buffer
	check(t, document.WriteTo(t.Context(), &text))
	var got map[string]any
	check(t, json.Unmarshal(text.Bytes(), &got))
	if got["exported_at"] != float64(now.UnixMilli()) ||
		got["account"].(map[string]any)["email"] != "anna@example.com" {
		t.Errorf("exported at %v: %v", got["exported_at"], got["account"])
	}
	for table, name := range sections {
		if strings.HasPrefix(name, "(") {
			continue
		}
		want := n
		if name == "known_networks" || name == "backup_usage" || name == "second_factors" || name == "memberships" {
			want = 1
		}
		list := got[name].([]any)
		distinct := map[string]bool{}
		for _, row := range list {
			distinct[fmt.Sprint(row)] = true
		}
		if len(list) != want || len(distinct) != want {
			t.Errorf("%s: %d rows, %d distinct, want %d", table, len(list), len(distinct), want)
		}
	}
	for _, secret := range []string{"secret hash", "736563726574", other.String(), "bob@", "hash"} {
		if strings.Contains(text.String(), secret) {
			t.Errorf("the export has %q", secret)
		}
	}
}

func TestExportOfAFreshAccountHasEmptyLists(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	document, err := export.New(db, nil).Open(t.Context(), account(t, db, "anna@example.com", 0))
	check(t, err)
	var text bytes.Buffer
	check(t, document.WriteTo(t.Context(), &text))
	var got map[string]json.RawMessage
	check(t, json.Unmarshal(text.Bytes(), &got))
	if len(got) != 15 || string(got["sessions"]) != "[]" || string(got["backups"]) != "[]" {
		t.Errorf("export %s", text.String())
	}
}

func TestExportEndsWhereTheClientLeavesOrTheDatabaseFails(t *testing.T) {
	t.Attr("case", "K18")
	t.Parallel()
	db := pgtest.New(t)
	mine := account(t, db, "anna@example.com", 10)
	service := export.New(db, nil)
	if _, err := service.Open(t.Context(), uuid.New()); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("unknown account: %v", err)
	}
	document, err := service.Open(t.Context(), mine)
	check(t, err)
	left := errors.New("the client left")
	if err := document.WriteTo(t.Context(), failingWriter{left}); !errors.Is(err, left) {
		t.Errorf("client that left: %v", err)
	}
	db.Close()
	var text bytes.Buffer
	if err := document.WriteTo(t.Context(), &text); err == nil || json.Valid(text.Bytes()) {
		t.Errorf("without the database: %v, %s", err, text.String())
	}
}

type failingWriter struct{ err error }

var _ io.Writer = failingWriter{}

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }
