package postgres

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	mpgx "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/adiuva/cloud-api/sql/migrations"
)

const (
	migrateLock = 0x61646975 // "adiu"; the same for every replica, and not a number that golang-migrate computes
	lockPoll    = 100 * time.Millisecond
)

// Status is the state of the schema of a database.
type Status struct {
	Version uint // of the last migration applied; 0 when there is none
	Latest  uint // version of the newest embedded migration; below Version when the schema is newer than the binary
	Dirty   bool // a migration failed, and an operator has to repair the schema
}

// String returns one line for operators.
func (s Status) String() string {
	switch {
	case s.Dirty:
		return fmt.Sprintf("version %d of %d, dirty: its migration failed", s.Version, s.Latest)
	case s.Version > s.Latest:
		return fmt.Sprintf("version %d, newer than this binary's %d", s.Version, s.Latest)
	case s.Version < s.Latest:
		return fmt.Sprintf("version %d of %d: run migrate up", s.Version, s.Latest)
	}
	return fmt.Sprintf("version %d of %d: up to date", s.Version, s.Latest)
}

// MigrateUp applies all missing migrations. Replicas may call it concurrently: one applies the migrations while the
// others wait for it, or until ctx ends. A schema newer than the binary is left unchanged, without an error.
func MigrateUp(ctx context.Context, dsn string) error {
	return withMigrationLock(ctx, dsn, func(m *migrate.Migrate, s Status) error {
		if s.Version >= s.Latest {
			return nil
		}
		return m.Up()
	})
}

// MigrateDown reverts the last migration. It does nothing when none is applied, and fails when the schema is newer
// than the binary.
func MigrateDown(ctx context.Context, dsn string) error {
	return withMigrationLock(ctx, dsn, func(m *migrate.Migrate, s Status) error {
		if s.Version == 0 {
			return nil
		}
		if s.Version > s.Latest {
			const format = "postgres: the schema is at version %d and this binary knows only %d: use the newer binary"
			return fmt.Errorf(format, s.Version, s.Latest)
		}
		return m.Steps(-1)
	})
}

// MigrateStatus returns the state of the schema without changing it.
func MigrateStatus(ctx context.Context, dsn string) (Status, error) {
	conn, err := connectUnbounded(ctx, dsn)
	if err != nil {
		return Status{}, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return readStatus(ctx, conn)
}

// connectUnbounded opens a connection without a statement timeout, since a migration may take long.
func connectUnbounded(ctx context.Context, dsn string) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errBadDSN
	}
	cfg.ConnectTimeout = DefaultTimeouts().Connect
	for name := range cfg.RuntimeParams {
		if strings.HasPrefix(name, "pool_") { // settings of the pool, which the server does not know
			delete(cfg.RuntimeParams, name)
		}
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	return conn, Translate(err)
}

// withMigrationLock runs migrateFunc while it holds the advisory lock that all replicas share, or returns an error
// when ctx ends before the lock is free. It polls, because a session waiting inside pg_advisory_lock holds a
// snapshot, for which a CREATE INDEX CONCURRENTLY of the lock's holder would wait: a deadlock.
func withMigrationLock(ctx context.Context, dsn string, migrateFunc func(*migrate.Migrate, Status) error) error {
	conn, err := connectUnbounded(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) // releases the lock
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for locked := false; ; {
		if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", migrateLock).Scan(&locked); err != nil {
			return Translate(err)
		}
		if locked {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("postgres: another process is migrating this database: %w", ctx.Err())
		case <-tick.C:
		}
	}
	current, err := readStatus(ctx, conn)
	if err != nil {
		return err
	}
	if current.Dirty {
		return dirtyError(current.Version)
	}
	return runMigrations(ctx, conn.Config(), func(m *migrate.Migrate) error { return migrateFunc(m, current) })
}

func runMigrations(ctx context.Context, cfg *pgx.ConnConfig, migrateFunc func(*migrate.Migrate) error) error {
	source, err := iofs.New(migrations.Files, ".")
	if err != nil {
		return fmt.Errorf("postgres: embedded migrations: %w", err)
	}
	pool := stdlib.OpenDB(*cfg)
	defer func(pool *sql.DB) { _ = pool.Close() }(pool)
	target, err := mpgx.WithInstance(pool, &mpgx.Config{})
	if err != nil {
		return Translate(err)
	}
	m, err := migrate.NewWithInstance("embedded", source, "postgres", statementwise{target})
	if err != nil {
		return fmt.Errorf("postgres: prepare migrations: %w", err)
	}
	defer func() { _, _ = m.Close() }()
	defer context.AfterFunc(ctx, func() { m.GracefulStop <- true })()
	if err := migrateFunc(m); err != nil && !errors.Is(err, migrate.ErrNoChange) {
		return fmt.Errorf("postgres: migrate: %w", err)
	}
	return ctx.Err()
}

// noTransaction is the first line of a migration that PostgreSQL must not run in a transaction, such as CREATE INDEX
// CONCURRENTLY. Such a migration can be run again as a whole after it has failed half-way.
const noTransaction = "-- no transaction\n"

// statementwise is a driver that runs the statements of a migration marked noTransaction one at a time, and any other
// migration as one transaction. A marked migration has a semicolon at the end of each statement's last line and of no
// other line.
type statementwise struct{ database.Driver }

func (d statementwise) Run(migration io.Reader) error {
	text, err := io.ReadAll(migration)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(text, []byte(noTransaction)) {
		return d.Driver.Run(bytes.NewReader(text))
	}
	for statement := range bytes.SplitSeq(text, []byte(";\n")) {
		if err := d.Driver.Run(bytes.NewReader(statement)); err != nil {
			return err
		}
	}
	return nil
}

func readStatus(ctx context.Context, conn *pgx.Conn) (Status, error) {
	var s Status
	var err error
	if s.Latest, err = latestEmbedded(); err != nil {
		return s, err
	}
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass('schema_migrations') IS NOT NULL").Scan(&exists); err != nil {
		return s, Translate(err)
	}
	if !exists {
		return s, nil
	}
	err = conn.QueryRow(ctx, "SELECT version, dirty FROM schema_migrations LIMIT 1").Scan(&s.Version, &s.Dirty)
	if errors.Is(err, pgx.ErrNoRows) {
		return s, nil
	}
	return s, Translate(err)
}

// latestEmbedded returns the version of the newest embedded migration.
func latestEmbedded() (uint, error) {
	names, err := fs.Glob(migrations.Files, "*.up.sql")
	if err != nil || len(names) == 0 {
		return 0, fmt.Errorf("postgres: no embedded migrations: %w", err)
	}
	number, _, _ := strings.Cut(names[len(names)-1], "_")
	n, err := strconv.ParseUint(number, 10, 32)
	return uint(n), err
}

func dirtyError(version uint) error {
	return fmt.Errorf("postgres: migration %d failed before and left the schema marked dirty. Each migration is one "+
		"transaction, so nothing of it was applied, or can be run again: fix the cause, then reset the mark with "+
		"UPDATE schema_migrations SET version = %d, dirty = false (DELETE FROM schema_migrations when that is 0), "+
		"and run migrate up again", version, version-1)
}
