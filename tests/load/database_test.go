//go:build load

package load_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/internal/auth/token"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// database is the service's, with made-up accounts.
type database struct {
	dsn   string
	users int
	pid   int // of PostgreSQL
}

// senders are the accounts that send requests. They have the plan Team with many seats, so that no limit is reached.
const senders = 2000

const testID = `CREATE OR REPLACE FUNCTION test_id(kind integer, n bigint) RETURNS uuid IMMUTABLE LANGUAGE sql AS
	$f$ SELECT ('0' || kind || '000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $f$`

// fill statements make the accounts with the numbers above $from up to $to. Each has two sessions, a known network, the
// usage of two days, four events and a backup, and one in five a subscription.
var fill = []string{
	`INSERT INTO users (id, email, password_hash, password_changed_at, stripe_customer_id, created_at, updated_at)
	 SELECT test_id(1, n), 'user' || n || '@example.com', '$2a$10$' || repeat('x', 53), now(), 'cus_' || n, now(), now()
	 FROM generate_series($from + 1, $to) n`,
	`INSERT INTO refresh_tokens (id, user_id, token_hash, rotated_at, expires_at, ends_at, last_used_at, created_at)
	 SELECT test_id(2, n), test_id(1, n / 2 + 1), sha256(n::text::bytea), now(), now() + interval '30 days',
	        now() + interval '90 days', now(), now() FROM generate_series(2 * $from, 2 * $to - 1) n`,
	`INSERT INTO known_networks (user_id, network, seen_at)
	 SELECT test_id(1, n), sha256(n::text::bytea), now() FROM generate_series($from + 1, $to) n`,
	`INSERT INTO subscriptions (id, user_id, stripe_subscription_id, tier, status, created_at, updated_at)
	 SELECT test_id(4, n), test_id(1, n), 'sub_' || n, 'pro', 'active', now(), now()
	 FROM generate_series($from + 1, $to) n WHERE n % 5 = 0`,
	`INSERT INTO token_usage (user_id, day, used, requests)
	 SELECT test_id(1, n / 2 + 1), current_date - (n % 2)::int, 1000, 3 FROM generate_series(2 * $from, 2 * $to - 1) n`,
	`INSERT INTO audit_events (id, user_id, at, kind, network, device)
	 SELECT test_id(7, n), test_id(1, n / 4 + 1), now(), 'signed_in', '203.0.113.0/24', 'Firefox on Windows'
	 FROM generate_series(4 * $from, 4 * $to - 1) n`,
	`INSERT INTO backup_metadata (id, user_id, s3_key, version, timestamp, checksum, size_bytes, state, owner,
	        lease_until, sequence, created_at, committed_at)
	 SELECT test_id(3, n), test_id(1, n), test_id(1, n) || '/' || test_id(3, n), 1, 0, repeat('a', 64),
	        1000, 'committed', test_id(1, n), now(), n, now(), now() FROM generate_series($from + 1, $to) n`,
	`INSERT INTO backup_usage (user_id, committed, reserved, uploads)
	 SELECT test_id(1, n), 1000, 0, 0 FROM generate_series($from + 1, $to) n`,
}

// indexes finds the indexes that no constraint needs, and the statements that drop and make them.
const indexes = `SELECT 'DROP INDEX ' || i.indexname, i.indexdef FROM pg_indexes i WHERE i.schemaname = 'public'
	AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname)`

// open makes the database, and finds the process of its server.
func (d *database) open(t testing.TB) {
	t.Helper()
	d.dsn = pgtest.New(t).Pool.Config().ConnString()
	var folder string
	d.query(t, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(t.Context(), testID); err != nil {
			return err
		}
		return conn.QueryRow(t.Context(), "SHOW data_directory").Scan(&folder)
	})
	text, err := os.ReadFile(filepath.Join(folder, "postmaster.pid"))
	check(t, err)
	first, _, _ := strings.Cut(string(text), "\n")
	d.pid, err = strconv.Atoi(first)
	check(t, err)
}

// query runs do on a connection of its own, without a time limit for its statements.
func (d *database) query(t testing.TB, do func(conn *pgx.Conn) error) {
	t.Helper()
	cfg, err := pgx.ParseConfig(d.dsn)
	check(t, err)
	cfg.RuntimeParams = map[string]string{"timezone": "UTC"}
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	check(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	check(t, do(conn))
}

// grow makes accounts until there are that many. Indexes are dropped meanwhile, which takes a third of the time.
func (d *database) grow(t testing.TB, users int) {
	t.Helper()
	numbers := strings.NewReplacer("$from", strconv.Itoa(d.users), "$to", strconv.Itoa(users))
	d.query(t, func(conn *pgx.Conn) error {
		rows, err := conn.Query(t.Context(), indexes)
		if err != nil {
			return err
		}
		type index struct{ Drop, Create string }
		found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[index])
		if err != nil {
			return err
		}
		statements := []string{"SET session_replication_role = replica", "SET maintenance_work_mem = '1GB'"}
		for _, i := range found {
			statements = append(statements, i.Drop)
		}
		for _, s := range fill {
			statements = append(statements, numbers.Replace(s))
		}
		for _, i := range found {
			statements = append(statements, i.Create)
		}
		for _, s := range append(statements, "VACUUM ANALYZE") {
			if _, err := conn.Exec(t.Context(), s); err != nil {
				return fmt.Errorf("%.40s: %w", s, err)
			}
		}
		return nil
	})
	d.users = users
}

// tokens returns access tokens of accounts that are spread over all of them.
func (d *database) tokens(t testing.TB) (list []string) {
	t.Helper()
	keys, err := token.NewKeys(token.Config{Secret: jwtSecret, Algorithm: "HS256", AccessTTL: time.Hour, Now: time.Now})
	check(t, err)
	count := min(senders, d.users)
	var numbers []string
	for i := range count {
		n := 1 + i*d.users/count
		numbers = append(numbers, strconv.Itoa(n))
		signed, _, err := keys.SignAccess(token.Access{User: id(1, n), Session: id(2, 2*(n-1)), Version: 1,
			Tier: tier.Team, IssuedAt: time.Now()})
		check(t, err)
		list = append(list, signed)
	}
	d.query(t, func(conn *pgx.Conn) error {
		_, err := conn.Exec(t.Context(), `UPDATE users SET grant_tier = 'team', grant_seats = 1000
			WHERE id IN (SELECT test_id(1, n) FROM unnest('{`+strings.Join(numbers, ",")+`}'::bigint[]) n)`)
		return err
	})
	return list
}

func id(kind, n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("0%d000000-0000-7000-8000-%012x", kind, n))
}

// tableSize is what a table takes with its indexes.
type tableSize struct {
	Name        string
	Rows        int64
	Heap, Total int64
}

// sizes returns the sizes of the largest tables.
func (d *database) sizes(t testing.TB) (list []tableSize) {
	t.Helper()
	d.query(t, func(conn *pgx.Conn) error {
		rows, err := conn.Query(t.Context(), `SELECT relname, reltuples::bigint, pg_table_size(oid),
			pg_total_relation_size(oid) FROM pg_class
			WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples > 10
			ORDER BY pg_total_relation_size(oid) DESC LIMIT 8`)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[tableSize])
		return err
	})
	return list
}
