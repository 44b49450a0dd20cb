package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Pool runs statements on pooled connections; it implements db.DBTX for the generated queries. Every call ends
// within Timeouts.Call even when the server hangs. Errors are translated, see Translate.
type Pool struct {
	pool     *pgxpool.Pool
	timeouts Timeouts
}

// Config returns a copy of the pool's configuration.
func (p *Pool) Config() *pgxpool.Config { return p.pool.Config() }

// Stat returns the numbers of the pool's connections.
func (p *Pool) Stat() *pgxpool.Stat { return p.pool.Stat() }

// acquire waits at most Timeouts.Acquire for a connection, which the caller must release.
func (p *Pool) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeouts.Acquire)
	defer cancel()
	conn, err := p.pool.Acquire(ctx)
	return conn, Translate(err)
}

// Exec runs a statement that returns no rows.
func (p *Pool) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeouts.Call)
	defer cancel()
	conn, err := p.acquire(ctx)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	defer conn.Release()
	tag, err := conn.Exec(ctx, sql, args...)
	return tag, Translate(err)
}

// Query runs a statement that returns rows. The time limit includes reading them; the caller closes them.
func (p *Pool) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeouts.Call)
	conn, err := p.acquire(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	rows, err := conn.Query(ctx, sql, args...)
	release := func() {
		cancel()
		conn.Release()
	}
	if err != nil {
		release()
		return nil, Translate(err)
	}
	return &timeoutRows{Rows: rows, release: release}, nil
}

// QueryRow runs a statement that returns at most one row; Scan returns pgx.ErrNoRows when there is none.
func (p *Pool) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := p.Query(ctx, sql, args...)
	return timeoutRow{rows: rows, err: err}
}

// timeoutTx gives each statement of a transaction the time limit of Pool.
type timeoutTx struct {
	pgx.Tx
	timeout time.Duration
}

func (t timeoutTx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	tag, err := t.Tx.Exec(ctx, sql, args...)
	return tag, Translate(err)
}

func (t timeoutTx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	rows, err := t.Tx.Query(ctx, sql, args...)
	if err != nil {
		cancel()
		return nil, Translate(err)
	}
	return &timeoutRows{Rows: rows, release: cancel}, nil
}

func (t timeoutTx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := t.Query(ctx, sql, args...)
	return timeoutRow{rows: rows, err: err}
}

// timeoutRows releases its timer and connection once it is closed or read to the end.
type timeoutRows struct {
	pgx.Rows
	release func()
}

// Next closes the rows when there are no more.
func (r *timeoutRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

// Close releases the connection. It may be called more than once.
func (r *timeoutRows) Close() {
	r.Rows.Close()
	if r.release != nil {
		r.release()
		r.release = nil
	}
}

func (r *timeoutRows) Err() error { return Translate(r.Rows.Err()) }

func (r *timeoutRows) Scan(dest ...any) error { return Translate(r.Rows.Scan(dest...)) }

type timeoutRow struct {
	rows pgx.Rows
	err  error
}

// Scan returns pgx.ErrNoRows when there is no row.
func (r timeoutRow) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	r.rows.Close()
	return r.rows.Err()
}
