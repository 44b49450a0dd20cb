package backup_test

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/tier"
)

func TestPutThenLatest(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user(tier.Pro)
	if _, err := w.svc.Latest(t.Context(), u); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("before the first: %v", err)
	}
	w.put(u, blob(1000), "")
	second := w.put(u, blob(2000), "")
	w.latestIs(u, second, blob(2000))
	w.used(u, 3000, 0, 0)
	w.settled()
}

// unread fails the test when a refused upload's body is touched.
type unread struct{ t *testing.T }

func (r unread) Read([]byte) (int, error) {
	r.t.Error("the body of a refused upload was read")
	return 0, io.EOF
}

func TestRefusedBeforeTheBody(t *testing.T) {
	t.Parallel()
	w := setup(t)
	free, pro := w.user(tier.Free), w.user(tier.Pro)
	w.fill(pro, 5*tier.GB-999)
	up := upload(blob(1000), "")
	ahead, huge := up, up
	ahead.Timestamp = w.clock.now().Add(24*time.Hour + time.Second)
	huge.Size = backup.MaxBytes + 1
	_, err := w.svc.Put(t.Context(), free, up, unread{t})
	if f := fault.From(err); !errors.Is(err, backup.ErrTierRequired) || len(f.Extra["required"].([]tier.Tier)) != 3 {
		t.Errorf("free: %v", err)
	}
	if _, err := w.svc.Put(t.Context(), pro, ahead, unread{t}); !errors.Is(err, backup.ErrTimestampInFuture) {
		t.Errorf("ahead: %v", err)
	}
	if _, err := w.svc.Put(t.Context(), w.user(tier.Team), huge, unread{t}); !errors.Is(err, backup.ErrTooLarge) {
		t.Errorf("huge: %v", err)
	}
	_, err = w.svc.Put(t.Context(), pro, up, unread{t})
	f := fault.From(err)
	if !errors.Is(err, backup.ErrQuota) || f.Extra["limit_bytes"] != 5*tier.GB || f.Extra["used_bytes"] != 5*tier.GB-999 ||
		f.Extra["reserved_bytes"] != int64(0) || f.Extra["requested_bytes"] != int64(1000) {
		t.Errorf("over quota: %v %v", err, f.Extra)
	}
	up = upload(blob(999), "")
	if _, err := w.svc.Put(t.Context(), pro, up, bytes.NewReader(blob(999))); err != nil {
		t.Errorf("exactly full: %v", err)
	}
	w.used(pro, 5*tier.GB, 0, 0)
}

// TestC90_QuotaRace sends sixty uploads at once through two replicas at a quota with room for ten, three times.
func TestC90_QuotaRace(t *testing.T) {
	t.Parallel()
	w := setup(t, uploads(60))
	second, err := postgres.Open(t.Context(), w.db.Pool.Config().ConnString())
	check(t, err)
	t.Cleanup(second.Close)
	replicas := []*backup.Service{w.svc, w.replica(uploads(60), func(c *backup.Config) { c.DB = second })}
	const size = 1000
	for round := range 3 {
		u := w.user(tier.Pro)
		w.fill(u, 5*tier.GB-10*size)
		var accepted, refused atomic.Int32
		var group sync.WaitGroup
		start := make(chan struct{})
		for i := range 60 {
			group.Go(func() {
				<-start
				var err error = fault.ErrDatabase // as a client does when a busy machine kept a statement waiting for too long
				for errors.Is(err, fault.ErrDatabase) {
					_, err = replicas[i%2].Put(t.Context(), u, upload(blob(size), strconv.Itoa(i)), bytes.NewReader(blob(size)))
				}
				switch {
				case err == nil:
					accepted.Add(1)
				case errors.Is(err, backup.ErrQuota):
					refused.Add(1)
				default:
					t.Errorf("round %d: %v", round, err)
				}
			})
		}
		close(start)
		group.Wait()
		if accepted.Load() != 10 || refused.Load() != 50 {
			t.Errorf("round %d: %d accepted, %d refused, want 10 and 50", round, accepted.Load(), refused.Load())
		}
		w.used(u, 5*tier.GB, 0, 0)
		w.fill(u, 10*size)
	}
	w.settled()
}

func TestWrongBodies(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user(tier.Power)
	slow := fault.New(fault.UploadTooSlow, "slow")
	for name, c := range map[string]struct {
		body io.Reader
		want error
	}{
		"other bytes":    {bytes.NewReader(append([]byte{1}, blob(1000)[1:]...)), backup.ErrChecksum},
		"one byte short": {bytes.NewReader(blob(1000)[:999]), backup.ErrSizeMismatch},
		"empty":          {strings.NewReader(""), backup.ErrSizeMismatch},
		"one byte more":  {bytes.NewReader(append(blob(1000), 0)), backup.ErrSizeMismatch},
		"endless":        {endless{}, backup.ErrSizeMismatch},
		"cut":            {io.MultiReader(bytes.NewReader(blob(500)), iotest.ErrReader(io.ErrUnexpectedEOF)), backup.ErrSizeMismatch},
		"too slow":       {io.MultiReader(bytes.NewReader(blob(500)), iotest.ErrReader(slow)), slow},
	} {
		if _, err := w.svc.Put(t.Context(), u, upload(blob(1000), name), c.body); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		w.used(u, 0, 0, 0)
		w.put(u, blob(1000), name) // the key is free again
		b, err := w.svc.Latest(t.Context(), u)
		check(t, err)
		check(t, w.svc.Delete(t.Context(), u, b.ID))
	}
	w.settled()
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestIdempotency(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u, other := w.user(tier.Pro), w.user(tier.Pro)
	id := w.put(u, blob(1000), "k")
	r, err := w.svc.Put(t.Context(), u, upload(blob(1000), "k"), unread{t})
	if err != nil || r.ID != id || !r.Replayed {
		t.Errorf("again: %+v, %v", r, err)
	}
	if _, err := w.svc.Put(t.Context(), u, upload(blob(1001), "k"), unread{t}); !errors.Is(err, backup.ErrKeyReused) {
		t.Errorf("other bytes: %v", err)
	}
	if w.put(other, blob(1001), "k") == id {
		t.Error("one user's key reached another's backup")
	}
	w.used(u, 1000, 0, 0)
	check(t, w.svc.Delete(t.Context(), u, id))
	if w.put(u, blob(1001), "k") == id {
		t.Error("a deleted backup came back")
	}
	w.settled()
}

// TestSameKeyAtOnce sends one upload twenty times at once over two replicas: one is stored, and repeating gives its id.
func TestSameKeyAtOnce(t *testing.T) {
	t.Parallel()
	w := setup(t, uploads(20))
	replicas := []*backup.Service{w.svc, w.replica(uploads(20))}
	u := w.user(tier.Pro)
	var mu sync.Mutex
	ids := map[uuid.UUID]bool{}
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			r, err := replicas[i%2].Put(t.Context(), u, upload(blob(5000), "k"), bytes.NewReader(blob(5000)))
			if err != nil && !errors.Is(err, backup.ErrInProgress) {
				t.Error(err)
			}
			if err == nil {
				mu.Lock()
				ids[r.ID] = true
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if len(ids) != 1 {
		t.Errorf("%d backups for one key", len(ids))
	}
	w.used(u, 5000, 0, 0)
	w.settled()
}

// stalled is a body that waits after its first bytes until it is told to go on.
type stalled struct {
	io.Reader
	begun, goOn chan struct{}
}

func stall(data []byte) *stalled {
	s := &stalled{begun: make(chan struct{}), goOn: make(chan struct{})}
	s.Reader = io.MultiReader(bytes.NewReader(data[:1]), s.gate(), bytes.NewReader(data[1:]))
	return s
}

func (s *stalled) gate() io.Reader { return gate(func() { close(s.begun); <-s.goOn }) }

type gate func()

func (g gate) Read([]byte) (int, error) {
	g()
	return 0, io.EOF
}

// start begins an upload and returns when its first bytes went through.
func (w *world) start(put func(body io.Reader) (backup.Receipt, error), data []byte) (*stalled, chan error) {
	body, ended := stall(data), make(chan error, 1)
	go func() {
		_, err := put(body)
		ended <- err
	}()
	<-body.begun
	return body, ended
}

func TestUploadsInProgress(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user(tier.Pro)
	put := func(key string) func(io.Reader) (backup.Receipt, error) {
		return func(body io.Reader) (backup.Receipt, error) {
			return w.svc.Put(t.Context(), u, upload(blob(1000), key), body)
		}
	}
	first, firstEnd := w.start(put("a"), blob(1000))
	second, secondEnd := w.start(put("b"), blob(1000))
	w.used(u, 0, 2000, 2)
	if _, err := w.svc.Put(t.Context(), u, upload(blob(1000), "a"), unread{t}); !errors.Is(err, backup.ErrInProgress) {
		t.Errorf("the same key: %v", err)
	}
	if _, err := w.svc.Put(t.Context(), u, upload(blob(1001), "a"), unread{t}); !errors.Is(err, backup.ErrKeyReused) {
		t.Errorf("the same key, other bytes: %v", err)
	}
	if _, err := w.svc.Put(t.Context(), u, upload(blob(1000), "c"), unread{t}); !errors.Is(err, backup.ErrTooManyUploads) {
		t.Errorf("a third: %v", err)
	}
	close(first.goOn)
	check(t, <-firstEnd)
	w.put(u, blob(3000), "c")
	close(second.goOn)
	check(t, <-secondEnd)
	w.used(u, 5000, 0, 0)
	b, err := w.svc.Latest(t.Context(), u)
	check(t, err)
	if b.Size != 1000 {
		t.Error("the latest is not the one committed last")
	}
	w.settled()
}

func TestDowngrade(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user(tier.Pro)
	first := w.put(u, blob(1000), "")
	second := w.put(u, blob(2000), "")
	u.Tier = tier.Free
	w.latestIs(u, second, blob(2000))
	if _, err := w.svc.Put(t.Context(), u, upload(blob(1), ""), unread{t}); !errors.Is(err, backup.ErrTierRequired) {
		t.Errorf("PUT: %v", err)
	}
	check(t, w.svc.Delete(t.Context(), u, second))
	w.settled()
	w.latestIs(u, first, blob(1000))
}
