package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

func status(t *testing.T, dsn string) postgres.Status {
	t.Helper()
	s, err := postgres.MigrateStatus(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func execute(t *testing.T, dsn, sql string) {
	t.Helper()
	db, err := postgres.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Pool.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func TestMigrateUpAndDown(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Start(t).DSN()
	empty := status(t, dsn)
	if empty.Version != 0 || empty.Latest == 0 || empty.Dirty {
		t.Fatalf("status of an empty database: %+v", empty)
	}

	replicas, ctx := errgroup.WithContext(t.Context())
	for range 4 {
		replicas.Go(func() error { return postgres.MigrateUp(ctx, dsn) })
	}
	if err := replicas.Wait(); err != nil {
		t.Fatalf("four concurrent replicas: %v", err)
	}
	if got := status(t, dsn); got.Version != got.Latest || got.Dirty {
		t.Fatalf("after up: %+v", got)
	}

	for range int(empty.Latest) + 1 { // once more than there are migrations, which is no error
		if err := postgres.MigrateDown(t.Context(), dsn); err != nil {
			t.Fatalf("down: %v", err)
		}
	}
	if got := status(t, dsn); got.Version != 0 {
		t.Fatalf("after reverting everything: %+v", got)
	}
	if err := postgres.MigrateUp(t.Context(), dsn); err != nil {
		t.Fatalf("up after down: %v", err)
	}

	t.Run("NewerSchemaIsLeftUnchanged", func(t *testing.T) {
		execute(t, dsn, "UPDATE schema_migrations SET version = 9000")
		if err := postgres.MigrateUp(t.Context(), dsn); err != nil {
			t.Errorf("up: %v, want no error", err)
		}
		if err := postgres.MigrateDown(t.Context(), dsn); err == nil {
			t.Error("down reverted a migration that the binary does not know")
		}
		if got := status(t, dsn); got.Version != 9000 || got.String() == "" {
			t.Errorf("status: %+v", got)
		}
	})
	t.Run("DirtySchemaIsAnErrorWithAdvice", func(t *testing.T) {
		execute(t, dsn, "UPDATE schema_migrations SET version = 1, dirty = true")
		if err := postgres.MigrateUp(t.Context(), dsn); err == nil || !strings.Contains(err.Error(), "dirty") {
			t.Errorf("up: %v, want advice about the dirty schema", err)
		}
		if got := status(t, dsn); !got.Dirty {
			t.Errorf("status: %+v, want dirty", got)
		}
	})
}

func TestMigrateUpWaitsForTheLockUntilTheContextEnds(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Start(t).DSN()
	db, err := postgres.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	if _, err := db.Pool.Exec(t.Context(), "SELECT pg_advisory_lock($1)", 0x61646975); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := postgres.MigrateUp(ctx, dsn); err == nil {
		t.Fatal("migrated while another replica held the lock")
	}
	if got := status(t, dsn); got.Version != 0 {
		t.Errorf("status: %+v, want nothing applied", got)
	}
}

// migrateTo reverts migrations until the schema has that version.
func migrateTo(t *testing.T, dsn string, version uint) {
	t.Helper()
	for status(t, dsn).Version > version {
		if err := postgres.MigrateDown(t.Context(), dsn); err != nil {
			t.Fatal(err)
		}
	}
}

// A transaction is open on the table while its indexes are built. Others go on writing meanwhile, and an index that an
// earlier attempt left invalid is replaced.
func TestIndexesAreBuiltWhileTheTableIsWritten(t *testing.T) {
	t.Attr("case", "S8")
	t.Parallel()
	server := pgtest.Start(t)
	db, dsn := server.DB(), server.DSN()
	migrateTo(t, dsn, 1)
	write := func(tx interface {
		Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
	}) {
		t.Helper()
		_, err := tx.Exec(t.Context(), `
			WITH u AS (INSERT INTO users (id, email, password_hash, password_changed_at, created_at, updated_at)
				VALUES (gen_random_uuid(), gen_random_uuid(), 'x', now(), now(), now()) RETURNING id)
			INSERT INTO backup_metadata (id, user_id, s3_key, version, timestamp, checksum, size_bytes, state, owner,
				lease_until, created_at)
			SELECT id, id, id::text, 1, 0, 'a', 1, 'uploading', id, now(), now() FROM u`)
		if err != nil {
			t.Fatal(err)
		}
	}
	execute(t, dsn, "CREATE INDEX backup_removal_idx ON backup_metadata (id)")
	execute(t, dsn, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'backup_removal_idx'::regclass")
	migrated := make(chan error, 1)
	err := db.Tx(t.Context(), func(tx pgx.Tx) error {
		write(tx)
		go func() { migrated <- postgres.MigrateUp(t.Context(), dsn) }()
		for waiting := false; !waiting; {
			const query = `SELECT EXISTS (SELECT FROM pg_stat_activity
				WHERE query LIKE '%CREATE INDEX CONCURRENTLY%'
				AND wait_event_type = 'Lock' AND pid <> pg_backend_pid())`
			if err := db.Pool.QueryRow(t.Context(), query).Scan(&waiting); err != nil {
				return err
			}
		}
		write(db.Pool) // fails by its lock_timeout where writers have to wait
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; err != nil {
		t.Fatal(err)
	}
	if got := status(t, dsn); got.Version != got.Latest || got.Dirty {
		t.Errorf("status: %+v", got)
	}
	var invalid int
	err = db.Pool.QueryRow(t.Context(), "SELECT count(*) FROM pg_index WHERE NOT indisvalid").Scan(&invalid)
	if err != nil || invalid > 0 {
		t.Errorf("%d invalid indexes, %v", invalid, err)
	}
}

// The index that an earlier version needs comes back.
func TestIndexMigrationCanBeReverted(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Start(t).DSN()
	for range 2 {
		if err := postgres.MigrateUp(t.Context(), dsn); err != nil {
			t.Fatal(err)
		}
		migrateTo(t, dsn, 1)
	}
	execute(t, dsn, "SELECT 'backup_sweep_idx'::regclass")
}
