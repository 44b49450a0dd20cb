package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Pool runs statements on pooled connections. Every call ends within 2.5 s even when the server hangs, and its errors
// are translated already (pgx.ErrNoRows stays itself). It has the methods that generated queries ask of a database.
type Pool struct{ pool *pgxpool.Pool }

// Config returns a copy of the pool's configuration.
func (p *Pool) Config() *pgxpool.Config { return p.pool.Config() }

// acquire waits at most acquireTimeout for a connection; the caller releases it.
func (p *Pool) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, acquireTimeout)
	defer cancel()
	conn, err := p.pool.Acquire(ctx)
	return conn, Translate(err)
}

// Exec runs a statement that returns no rows.
func (p *Pool) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	conn, err := p.acquire(ctx)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	defer conn.Release()
	tag, err := conn.Exec(ctx, sql, args...)
	return tag, Translate(err)
}

// Query runs a statement that returns rows. The bound covers reading them; the caller closes them.
func (p *Pool) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	conn, err := p.acquire(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	rows, err := conn.Query(ctx, sql, args...)
	end := func() { cancel(); conn.Release() }
	if err != nil {
		end()
		return nil, Translate(err)
	}
	return &timeoutRows{Rows: rows, end: end}, nil
}

// QueryRow runs a statement that returns at most one row; Scan returns pgx.ErrNoRows when there is none.
func (p *Pool) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := p.Query(ctx, sql, args...)
	return timeoutRow{rows: rows, err: err}
}

// boundedTx gives each statement of a transaction the bound that one of the pool has.
type timeoutTx struct{ pgx.Tx }

// Exec runs a statement that returns no rows.
func (t timeoutTx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	tag, err := t.Tx.Exec(ctx, sql, args...)
	return tag, Translate(err)
}

// Query runs a statement that returns rows.
func (t timeoutTx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	rows, err := t.Tx.Query(ctx, sql, args...)
	if err != nil {
		cancel()
		return nil, Translate(err)
	}
	return &timeoutRows{Rows: rows, end: cancel}, nil
}

// QueryRow runs a statement that returns at most one row.
func (t timeoutTx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := t.Query(ctx, sql, args...)
	return timeoutRow{rows: rows, err: err}
}

// boundedRows ends its bound, and gives its connection back, once it is closed or read to the end.
type timeoutRows struct {
	pgx.Rows
	end func()
}

// Next prepares the next row for Scan, or closes the rows and returns false.
func (r *timeoutRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

// Close may be called more than once.
func (r *timeoutRows) Close() {
	r.Rows.Close()
	if r.end != nil {
		r.end()
		r.end = nil
	}
}

// Err returns the translated error that ended the rows, if any.
func (r *timeoutRows) Err() error { return Translate(r.Rows.Err()) }

// Scan reads the current row.
func (r *timeoutRows) Scan(dest ...any) error { return Translate(r.Rows.Scan(dest...)) }

type timeoutRow struct {
	rows pgx.Rows
	err  error
}

// Scan reads the row and closes; it returns pgx.ErrNoRows when there is none.
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
