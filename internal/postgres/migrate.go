package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/golang-migrate/migrate/v4"
	mpgx "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/adiuva/cloud-api/sql/migrations"
)

const (
	migrateLock = 0x61646975 // "adiu": one number for every replica, unlike any that golang-migrate computes
	lockPoll    = 100 * time.Millisecond
)

// Status says where a schema stands.
type Status struct {
	Version uint // of the last migration applied; 0 when none is
	Latest  uint // that this binary carries; below Version when the schema is newer than the binary
	Dirty   bool // a migration failed half way and a person has to look
}

// String is one line for people.
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

// MigrateUp applies every migration that is missing. Any number of replicas may call it at once: one works, the others
// wait until ctx ends and find nothing left to do. A schema newer than the binary is left as it is, without an error.
func MigrateUp(ctx context.Context, dsn string) error {
	return withMigrationLock(ctx, dsn, func(m *migrate.Migrate, s Status) error {
		if s.Version >= s.Latest {
			return nil
		}
		return m.Up()
	})
}

// MigrateDown takes back the newest migration; with none applied it does nothing.
func MigrateDown(ctx context.Context, dsn string) error {
	return withMigrationLock(ctx, dsn, func(m *migrate.Migrate, s Status) error {
		if s.Version == 0 {
			return nil
		}
		if s.Version > s.Latest {
			return fmt.Errorf("postgres: the schema is at version %d and this binary knows only %d: use the newer binary",
				s.Version, s.Latest)
		}
		return m.Steps(-1)
	})
}

// MigrateStatus reads where the schema stands and changes nothing.
func MigrateStatus(ctx context.Context, dsn string) (Status, error) {
	conn, err := connectUnbounded(ctx, dsn)
	if err != nil {
		return Status{}, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return readStatus(ctx, conn)
}

// connectUnbounded opens one connection without the statement timeout: a migration may take its time.
func connectUnbounded(ctx context.Context, dsn string) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errBadDSN
	}
	cfg.ConnectTimeout = connectTimeout
	for name := range cfg.RuntimeParams {
		if strings.HasPrefix(name, "pool_") { // settings of the pool, unknown to the server
			delete(cfg.RuntimeParams, name)
		}
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	return conn, Translate(err)
}

// locked runs work as the only one of all replicas. It polls, because a session that waits inside pg_advisory_lock
// holds a snapshot that a CREATE INDEX CONCURRENTLY of the winner would wait for: a deadlock.
func withMigrationLock(ctx context.Context, dsn string, work func(*migrate.Migrate, Status) error) error {
	conn, err := connectUnbounded(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) // which gives the lock back
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for mine := false; !mine; {
		if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", migrateLock).Scan(&mine); err != nil {
			return Translate(err)
		}
		if mine {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("postgres: another process is migrating this database: %w", ctx.Err())
		case <-tick.C:
		}
	}
	now, err := readStatus(ctx, conn)
	if err != nil {
		return err
	}
	if now.Dirty {
		return dirtyError(now.Version)
	}
	return runMigrations(ctx, conn.Config(), func(m *migrate.Migrate) error { return work(m, now) })
}

func runMigrations(ctx context.Context, cfg *pgx.ConnConfig, work func(*migrate.Migrate) error) error {
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
	m, err := migrate.NewWithInstance("embedded", source, "postgres", target)
	if err != nil {
		return fmt.Errorf("postgres: prepare migrations: %w", err)
	}
	defer func() { _, _ = m.Close() }()
	defer context.AfterFunc(ctx, func() { m.GracefulStop <- true })()
	if err := work(m); err != nil && !errors.Is(err, migrate.ErrNoChange) {
		return fmt.Errorf("postgres: migrate: %w", err)
	}
	return ctx.Err()
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

// latest returns the highest number among the embedded migrations.
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
		"transaction, so nothing of it stayed: mend the cause, then set the mark back with "+
		"UPDATE schema_migrations SET version = %d, dirty = false (DELETE FROM schema_migrations when that is 0), "+
		"and run migrate up again", version, version-1)
}
