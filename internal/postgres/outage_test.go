package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// maxCallTime is how long a call may take whatever the server does.
const maxCallTime = 3 * time.Second

// wantUnavailable fails the test unless Ping returns fault.ErrDatabase in time.
func wantUnavailable(t *testing.T, db *postgres.DB) {
	t.Helper()
	start := time.Now()
	err := db.Ping(context.Background())
	if took := time.Since(start); took > maxCallTime {
		t.Errorf("Ping took %s, want at most %s", took, maxCallTime)
	}
	if !errors.Is(err, fault.ErrDatabase) {
		t.Errorf("Ping = %v, want %v", err, fault.ErrDatabase)
	}
}

func TestKilledServerIsUnavailableUntilItRestarts(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	db := server.DB()
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	for range 3 {
		wantUnavailable(t, db)
	}
	server.Start()
	pgtest.Eventually(t, 5*time.Second, func() error { return db.Ping(context.Background()) })
}

func TestHungServerIsUnavailableUntilItResumes(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	db := server.DB()
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Pause()
	const callers = 40 // more than the pool has connections
	for range 2 {
		var all sync.WaitGroup
		for range callers {
			all.Go(func() { wantUnavailable(t, db) })
		}
		all.Wait()
	}
	server.Resume()
	took := pgtest.Eventually(t, 5*time.Second, func() error { return db.Ping(context.Background()) })
	t.Logf("recovered %s after the server", took)
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			if err := db.Ping(context.Background()); err != nil {
				t.Errorf("Ping after the recovery: %v", err)
			}
		})
	}
	all.Wait()
}

func TestOpenSucceedsWhileTheServerIsDown(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	server.Stop()
	db, err := postgres.Open(t.Context(), server.DSN())
	if err != nil {
		t.Fatalf("open: %v, want no error while the server is down", err)
	}
	t.Cleanup(db.Close)
	wantUnavailable(t, db)
	server.Start()
	pgtest.Eventually(t, 5*time.Second, func() error { return db.Ping(context.Background()) })
}
