package livecheck_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/livecheck"
)

// table is a database with who owns what is live.
type table struct {
	mu      sync.Mutex
	owners  map[uuid.UUID]uuid.UUID
	err     error
	queries [][]uuid.UUID
}

func (t *table) find(_ context.Context, ids []uuid.UUID) (map[uuid.UUID]uuid.UUID, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queries = append(t.queries, ids)
	if t.err != nil {
		return nil, t.err
	}
	found := map[uuid.UUID]uuid.UUID{}
	for _, id := range ids {
		if owner, ok := t.owners[id]; ok {
			found[id] = owner
		}
	}
	return found, nil
}

func TestChecksOfOneMomentAreOneQuery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows := &table{owners: map[uuid.UUID]uuid.UUID{}}
		checks := livecheck.New(rows.find)
		var ended atomic.Int32
		var running sync.WaitGroup
		for n := range 900 {
			id, owner := uuid.New(), uuid.New()
			if n%3 > 0 {
				rows.owners[id] = owner
			}
			if n%3 == 1 {
				rows.owners[id] = uuid.New() // somebody else's
			}
			running.Go(func() {
				got, err := checks.Ended(t.Context(), id, owner)
				if err != nil {
					t.Error(err)
				}
				if got != (n%3 < 2) {
					t.Errorf("check %d: ended is %v", n, got)
				}
				if got {
					ended.Add(1)
				}
			})
		}
		running.Wait()
		if len(rows.queries) != 1 || ended.Load() != 600 {
			t.Errorf("%d queries, %d ended", len(rows.queries), ended.Load())
		}
	})
}

func TestFullQueryDoesNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows := &table{}
		checks := livecheck.New(rows.find)
		began := time.Now()
		var running sync.WaitGroup
		for range 2500 {
			running.Go(func() {
				if ended, err := checks.Ended(t.Context(), uuid.New(), uuid.New()); err != nil || !ended {
					t.Errorf("ended is %v, error %v", ended, err)
				}
			})
		}
		synctest.Wait()
		if rows.mu.Lock(); len(rows.queries) != 2 || time.Since(began) > 0 {
			t.Errorf("%d queries after %v", len(rows.queries), time.Since(began))
		}
		rows.mu.Unlock()
		running.Wait()
		for _, ids := range rows.queries {
			if len(ids) > 1000 {
				t.Errorf("a query has %d ids", len(ids))
			}
		}
	})
}

func TestOutageEndsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows := &table{err: errors.New("no connection")}
		checks := livecheck.New(rows.find)
		if ended, err := checks.Ended(t.Context(), uuid.New(), uuid.New()); ended || !errors.Is(err, rows.err) {
			t.Errorf("ended is %v, error %v", ended, err)
		}
		rows.err = nil
		if ended, err := checks.Ended(t.Context(), uuid.New(), uuid.New()); !ended || err != nil {
			t.Errorf("after the outage: ended is %v, error %v", ended, err)
		}
	})
}

func TestWhoLeavesEndsTheQueryForNobodyElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		checks := livecheck.New((&table{}).find)
		leaving, leave := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if ended, err := checks.Ended(leaving, uuid.New(), uuid.New()); ended || !errors.Is(err, context.Canceled) {
				t.Errorf("who left: ended is %v, error %v", ended, err)
			}
		})
		running.Go(func() {
			if ended, err := checks.Ended(t.Context(), uuid.New(), uuid.New()); !ended || err != nil {
				t.Errorf("who stayed: ended is %v, error %v", ended, err)
			}
		})
		synctest.Wait()
		leave()
		running.Wait()
	})
}
