package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

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
