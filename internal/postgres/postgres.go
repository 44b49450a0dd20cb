// Package postgres opens the service's database: a pool on which every call has a time limit, transactions,
// migrations, and the translation of the driver's errors. Its errors never contain a DSN, a host, a user, a
// password or a value of a row.
package postgres

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Timeouts bound the calls of a DB.
type Timeouts struct {
	Connect   time.Duration // for a new connection
	Acquire   time.Duration // for a connection of the pool
	Call      time.Duration // for one statement, Acquire included
	Statement time.Duration // after which the server ends a statement
	Lock      time.Duration // after which the server ends a statement that waits for a lock
}

// DefaultTimeouts let a caller respond within 3 s whatever the server does.
func DefaultTimeouts() Timeouts {
	return Timeouts{
		Connect: 2 * time.Second, Acquire: time.Second, Call: 2500 * time.Millisecond,
		Statement: 2 * time.Second, Lock: 1500 * time.Millisecond,
	}
}

// CommandTimeouts are for commands that an operator runs: nobody waits for a response, and an answer that comes late
// is better than none.
func CommandTimeouts() Timeouts {
	return Timeouts{
		Connect: 30 * time.Second, Acquire: 30 * time.Second, Call: time.Minute, Statement: time.Minute,
		Lock: 30 * time.Second,
	}
}

const (
	defaultMaxConns   = 16
	healthCheckPeriod = 15 * time.Second
	maxConnLifetime   = time.Hour
	maxConnIdleTime   = 5 * time.Minute
)

// DB is an open database. It is safe for concurrent use.
type DB struct{ Pool *Pool }

// Open returns a database with DefaultTimeouts that connects when it is first used: an unreachable server is no error
// here, a malformed dsn is. Settings in the dsn (statement_timeout, pool_max_conns and so on) take precedence over the
// defaults.
func Open(ctx context.Context, dsn string) (*DB, error) {
	return OpenWithTimeouts(ctx, dsn, DefaultTimeouts())
}

// OpenWithTimeouts is Open with other timeouts.
func OpenWithTimeouts(ctx context.Context, dsn string, timeouts Timeouts) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errBadDSN // the text of the parser's error contains the dsn
	}
	if !strings.Contains(dsn, "pool_max_conns") {
		cfg.MaxConns = defaultMaxConns
	}
	cfg.ConnConfig.ConnectTimeout = timeouts.Connect
	cfg.PingTimeout = timeouts.Acquire
	cfg.HealthCheckPeriod = healthCheckPeriod
	cfg.MaxConnLifetime = maxConnLifetime
	cfg.MaxConnIdleTime = maxConnIdleTime
	for name, value := range map[string]string{
		"application_name":                    "adiuva-api",
		"timezone":                            "UTC",
		"statement_timeout":                   milliseconds(timeouts.Statement),
		"lock_timeout":                        milliseconds(timeouts.Lock),
		"idle_in_transaction_session_timeout": "5000",
	} {
		if _, set := cfg.ConnConfig.RuntimeParams[name]; !set {
			cfg.ConnConfig.RuntimeParams[name] = value
		}
	}
	cfg.AfterConnect = setTypes
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, Translate(err)
	}
	return &DB{Pool: &Pool{pool: pool, timeouts: timeouts}}, nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

var errBadDSN = errors.New("postgres: the database URL cannot be read; it should look like " +
	"postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=require")

// setTypes makes a connection scan timestamptz values in UTC instead of the time zone of the process, and write UUIDs
// as bytes.
func setTypes(_ context.Context, conn *pgx.Conn) error {
	types := conn.TypeMap()
	types.TryWrapEncodePlanFuncs = slices.Insert(slices.Clone(types.TryWrapEncodePlanFuncs), 0, wrapUUID)
	types.RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}

// Ping runs a trivial statement. It returns fault.ErrDatabase within 3 s when the server does not respond, or the
// error of a cancelled ctx.
func (db *DB) Ping(ctx context.Context) error {
	_, err := db.Pool.Exec(ctx, "SELECT 1")
	return err
}

// Close waits for calls in progress and closes all connections.
func (db *DB) Close() { db.Pool.pool.Close() }

// Tx runs f in a transaction, which is committed when f returns nil; otherwise it is rolled back and the error of f
// is returned unchanged. Each statement of tx has the time limit of Pool. The commit is not cancelled with ctx, so
// that its outcome is known; even so, after fault.ErrDatabase from the commit the changes may have been written.
func (db *DB) Tx(ctx context.Context, f func(tx pgx.Tx) error) error {
	conn, err := db.Pool.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	timeout := db.Pool.timeouts.Call
	beginCtx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tx, err := conn.Begin(beginCtx)
	if err != nil {
		return Translate(err)
	}
	defer func() { // does nothing after a commit
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
		defer cancel()
		_ = tx.Rollback(ctx) // on failure the connection is closed, which rolls back too
	}()
	if err := f(timeoutTx{Tx: tx, timeout: timeout}); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return Translate(err)
	}
	commitCtx, cancelCommit := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancelCommit()
	return Translate(tx.Commit(commitCtx))
}
