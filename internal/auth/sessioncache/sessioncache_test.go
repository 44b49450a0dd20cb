package sessioncache_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/auth/sessioncache"
)

var (
	user    = uuid.MustParse("019a0000-0000-7000-8000-0000000000aa")
	session = uuid.MustParse("019a0000-0000-7000-8000-000000000001")
	other   = uuid.MustParse("019a0000-0000-7000-8000-000000000002")
)

// store counts loads; each returns its number. While slow is set, a load takes a second.
type store struct {
	loads atomic.Int32
	slow  atomic.Bool
	fail  atomic.Bool
	ended atomic.Bool
}

var (
	errStore = errors.New("the store is away")
	errEnded = errors.New("the session has ended")
)

func (s *store) load(ctx context.Context, _, _ uuid.UUID) (int32, error) {
	n := s.loads.Add(1)
	if s.slow.Load() {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	if s.fail.Load() {
		return 0, errStore
	}
	if s.ended.Load() {
		return 0, errEnded
	}
	return n, nil
}

func setup(t *testing.T) (*sessioncache.Cache[int32], *store) {
	t.Helper()
	s := new(store)
	c, err := sessioncache.New(time.Now, s.load, func(err error) bool { return errors.Is(err, errEnded) })
	if err != nil {
		t.Fatal(err)
	}
	return c, s
}

func wantGet(t *testing.T, c *sessioncache.Cache[int32], sessionID uuid.UUID, want int32) {
	t.Helper()
	if got, err := c.Get(t.Context(), user, sessionID); err != nil || got != want {
		t.Errorf("got the result of load %d, %v; want %d", got, err, want)
	}
}

func TestStateIsCachedUpToMaxAge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := setup(t)
		wantGet(t, c, session, 1)
		time.Sleep(sessioncache.MaxAge - time.Millisecond)
		wantGet(t, c, session, 1)
		time.Sleep(time.Millisecond)
		wantGet(t, c, session, 2)
	})
}

func TestRefreshLoadsAndStores(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := setup(t)
		wantGet(t, c, session, 1)
		if got, err := c.Refresh(t.Context(), user, session); err != nil || got != 2 {
			t.Errorf("refreshed to %d, %v", got, err)
		}
		wantGet(t, c, session, 2)
	})
}

func TestStateOfAnotherUserIsNotServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := setup(t)
		wantGet(t, c, session, 1)
		if got, err := c.Get(t.Context(), uuid.Nil, session); err != nil || got != 2 {
			t.Errorf("another user got the result of load %d, %v", got, err)
		}
	})
}

func TestConcurrentMissesShareOneLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, s := setup(t)
		s.slow.Store(true)
		for range 20 {
			go wantGet(t, c, session, 1)
		}
		time.Sleep(2 * time.Second)
		if n := s.loads.Load(); n != 1 {
			t.Errorf("%d loads", n)
		}
	})
}

func TestLeavingCallerDoesNotCancelTheSharedLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, s := setup(t)
		s.slow.Store(true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := c.Get(ctx, user, session); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the caller who left: %v", err)
		}
		time.Sleep(time.Second)
		wantGet(t, c, session, 1)
	})
}

func TestInvalidationReachesALoadInProgress(t *testing.T) {
	t.Parallel()
	for name, invalidate := range map[string]func(*sessioncache.Cache[int32]){
		"session": func(c *sessioncache.Cache[int32]) { c.Invalidate(session) },
		"user":    func(c *sessioncache.Cache[int32]) { c.InvalidateUser(user) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, s := setup(t)
				s.slow.Store(true)
				go wantGet(t, c, session, 1)
				time.Sleep(time.Millisecond)
				invalidate(c)
				wantGet(t, c, session, 2) // joins no load that started before
				time.Sleep(time.Minute)
				s.slow.Store(false)
				c.Invalidate(session)
				wantGet(t, c, session, 3)
			})
		})
	}
}

func TestLoadThatWasOvertakenIsNotStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, s := setup(t)
		s.slow.Store(true)
		go wantGet(t, c, session, 1)
		time.Sleep(time.Millisecond)
		c.Invalidate(session)
		time.Sleep(time.Second)
		wantGet(t, c, session, 2)
	})
}

func TestInvalidationLeavesOtherSessions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, s := setup(t)
		wantGet(t, c, session, 1)
		s.slow.Store(true)
		go wantGet(t, c, other, 2)
		time.Sleep(time.Millisecond)
		c.Invalidate(session)
		time.Sleep(time.Second)
		wantGet(t, c, other, 2) // its load was stored
		c.InvalidateUser(uuid.Nil)
		wantGet(t, c, other, 2)
		c.InvalidateUser(user)
		wantGet(t, c, other, 3)
	})
}

func TestFailedLoadIsNotStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, s := setup(t)
		wantGet(t, c, session, 1)
		s.fail.Store(true)
		if _, err := c.Refresh(t.Context(), user, session); !errors.Is(err, errStore) {
			t.Errorf("refresh: %v", err)
		}
		wantGet(t, c, session, 1) // what was known stays until it is too old
		if _, err := c.Get(t.Context(), user, other); !errors.Is(err, errStore) {
			t.Errorf("get: %v", err)
		}
		s.fail.Store(false)
		wantGet(t, c, other, 4)
	})
}

func TestSharedLoadHasADeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := sessioncache.New(time.Now, func(ctx context.Context, _, _ uuid.UUID) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}, func(error) bool { return false })
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err = c.Get(t.Context(), user, session)
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != 3*time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
}

func TestEndedSessionIsLoadedOncePerMaxAge(t *testing.T) {
	t.Attr("case", "S11")
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, s := setup(t)
		wantGet(t, c, session, 1)
		s.ended.Store(true)
		for i := range 1500 {
			get := c.Get
			if i == 0 || i%2 == 1 { // a fresh read finds out
				get = c.Refresh
			}
			if _, err := get(t.Context(), user, session); !errors.Is(err, errEnded) {
				t.Fatal(err)
			}
		}
		if n := s.loads.Load(); n != 2 {
			t.Errorf("%d loads, want 2", n)
		}
		s.ended.Store(false)
		c.Invalidate(session)
		wantGet(t, c, session, 3)
		s.ended.Store(true)
		time.Sleep(sessioncache.MaxAge)
		if _, err := c.Get(t.Context(), user, session); !errors.Is(err, errEnded) {
			t.Error(err)
		}
		s.ended.Store(false)
		time.Sleep(sessioncache.MaxAge)
		wantGet(t, c, session, 5)
	})
}

func TestEndedSessionLeavesOtherLoadsShared(t *testing.T) {
	t.Attr("case", "S11")
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, s := setup(t)
		s.slow.Store(true)
		go func() { _, _ = c.Get(t.Context(), user, other) }()
		synctest.Wait()
		s.slow.Store(false)
		s.ended.Store(true)
		if _, err := c.Get(t.Context(), user, session); !errors.Is(err, errEnded) {
			t.Fatal(err)
		}
		c.Invalidate(session)
		s.ended.Store(false)
		wantGet(t, c, other, 1) // joins the load that has begun
		if n := s.loads.Load(); n != 2 {
			t.Errorf("%d loads, want 2", n)
		}
	})
}
