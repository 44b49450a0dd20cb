// Package postgres is the way to the service's database: a pool whose every call ends in bounded time, transactions,
// migrations, and the one translation of the driver's errors into the product's. No error that leaves it prints a DSN,
// a host, a user, a password or a value of a row.
package postgres

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Bounds of one call. Together they let a caller answer within 3 s whatever the server does.
const (
	connectTimeout = 2 * time.Second
	acquireTimeout = time.Second
	callTimeout    = 2500 * time.Millisecond // acquire and statement together
)

const (
	defaultMaxConns   = 16
	healthCheckPeriod = 15 * time.Second
	maxConnLifetime   = time.Hour
	maxConnIdleTime   = 5 * time.Minute
)

// DB is an open database. It is safe for concurrent use.
type DB struct{ Pool *Pool }

// Open returns a database that connects when first used, so a server that is away is no error here; a dsn that cannot
// be read is. Settings in the dsn (statement_timeout, pool_max_conns and so on) win over the defaults.
func Open(ctx context.Context, dsn string) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errBadDSN // the parser's own text repeats the dsn
	}
	if !strings.Contains(dsn, "pool_max_conns") {
		cfg.MaxConns = defaultMaxConns
	}
	cfg.ConnConfig.ConnectTimeout = connectTimeout
	cfg.PingTimeout = acquireTimeout
	cfg.HealthCheckPeriod = healthCheckPeriod
	cfg.MaxConnLifetime = maxConnLifetime
	cfg.MaxConnIdleTime = maxConnIdleTime
	for name, value := range map[string]string{
		"application_name":                    "adiuva-api",
		"timezone":                            "UTC",
		"statement_timeout":                   "2000", // ms
		"lock_timeout":                        "1500",
		"idle_in_transaction_session_timeout": "5000",
	} {
		if _, set := cfg.ConnConfig.RuntimeParams[name]; !set {
			cfg.ConnConfig.RuntimeParams[name] = value
		}
	}
	cfg.AfterConnect = scanTimesInUTC
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, Translate(err)
	}
	return &DB{Pool: &Pool{pool: pool}}, nil
}

var errBadDSN = errors.New("postgres: the database URL cannot be read; it should look like " +
	"postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=require")

// timesInUTC makes timestamptz values come back in UTC instead of the process's zone.
func scanTimesInUTC(_ context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}

// Ping asks the server for an answer: nil, fault.ErrDatabase within 3 s, or the caller's own cancellation.
func (db *DB) Ping(ctx context.Context) error {
	_, err := db.Pool.Exec(ctx, "SELECT 1")
	return err
}

// Close ends every connection; calls in progress end first.
func (db *DB) Close() { db.Pool.pool.Close() }

// Tx runs f in one transaction: committed when f returns nil, else rolled back and f's error returned as it is. Each
// statement of tx is bounded like one of the pool. The commit itself outlives the caller's cancellation, so that its
// outcome is known; an error from it (fault.ErrDatabase) still does not prove that nothing was written.
func (db *DB) Tx(ctx context.Context, f func(tx pgx.Tx) error) error {
	conn, err := db.Pool.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	begun, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	tx, err := conn.Begin(begun)
	if err != nil {
		return Translate(err)
	}
	defer func() { // after a commit this does nothing
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
		defer cancel()
		_ = tx.Rollback(ctx) // a connection that cannot roll back is closed, which rolls back too
	}()
	if err := f(timeoutTx{tx}); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return Translate(err)
	}
	end, cancelEnd := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancelEnd()
	return Translate(tx.Commit(end))
}
