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
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

func TestPutReplacesTheLatestBackup(t *testing.T) {
	t.Parallel()
	e := setup(t)
	u := e.user(tier.Pro)
	if _, err := e.svc.Latest(t.Context(), u); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("Latest before the first upload: %v, want %v", err, fault.ErrNotFound)
	}
	e.put(u, blob(1000), "")
	second := e.put(u, blob(2000), "")
	e.wantLatest(u, second, blob(2000))
	e.wantUsage(u, 3000, 0, 0)
	e.wantConsistent()
}

// unreadBody fails the test when it is read.
type unreadBody struct{ t *testing.T }

func (r unreadBody) Read([]byte) (int, error) {
	r.t.Error("the body of a refused upload was read")
	return 0, io.EOF
}

func TestRefusedUploadsNeverReadTheBody(t *testing.T) {
	t.Parallel()
	e := setup(t)
	free, pro := e.user(tier.Free), e.user(tier.Pro)
	e.setCommitted(pro, 5*tier.GB-999)
	up := upload(blob(1000), "")
	ahead, huge := up, up
	ahead.Timestamp = e.clock.now().Add(24*time.Hour + time.Second)
	huge.Size = backup.MaxBytes + 1
	_, err := e.svc.Put(t.Context(), free, up, unreadBody{t})
	if f := fault.From(err); !errors.Is(err, backup.ErrTierRequired) || len(f.Extra["required"].([]tier.Tier)) != 3 {
		t.Errorf("free tier: %v", err)
	}
	if _, err := e.svc.Put(t.Context(), pro, ahead, unreadBody{t}); !errors.Is(err, backup.ErrTimestampInFuture) {
		t.Errorf("timestamp too far ahead: %v", err)
	}
	if _, err := e.svc.Put(t.Context(), e.user(tier.Team), huge, unreadBody{t}); !errors.Is(err, backup.ErrTooLarge) {
		t.Errorf("larger than the maximum: %v", err)
	}
	_, err = e.svc.Put(t.Context(), pro, up, unreadBody{t})
	f := fault.From(err)
	if !errors.Is(err, backup.ErrQuota) ||
		f.Extra["limit_bytes"] != 5*tier.GB || f.Extra["used_bytes"] != 5*tier.GB-999 ||
		f.Extra["reserved_bytes"] != int64(0) || f.Extra["requested_bytes"] != int64(1000) {
		t.Errorf("over quota: %v %v", err, f.Extra)
	}
	up = upload(blob(999), "")
	if _, err := e.svc.Put(t.Context(), pro, up, bytes.NewReader(blob(999))); err != nil {
		t.Errorf("filling the quota exactly: %v", err)
	}
	e.wantUsage(pro, 5*tier.GB, 0, 0)
}

// Sixty concurrent uploads over two replicas compete for a quota with room for ten, three times.
func TestConcurrentUploadsNeverExceedTheQuota(t *testing.T) {
	t.Attr("case", "C90")
	t.Parallel()
	e := setup(t, withMaxUploads(60))
	second, err := pgtest.Open(t.Context(), e.db.Pool.Config().ConnString())
	must(t, err)
	t.Cleanup(second.Close)
	replicas := []*backup.Service{e.svc, e.replica(withMaxUploads(60), func(c *backup.Config) { c.DB = second })}
	const size = 1000
	for round := range 3 {
		u := e.user(tier.Pro)
		e.setCommitted(u, 5*tier.GB-10*size)
		var accepted, refused atomic.Int32
		var group sync.WaitGroup
		start := make(chan struct{})
		for i := range 60 {
			group.Go(func() {
				<-start
				var err error = fault.ErrDatabase // on a busy machine a statement may time out: retry as a client does
				for errors.Is(err, fault.ErrDatabase) {
					up := upload(blob(size), strconv.Itoa(i))
					_, err = replicas[i%2].Put(t.Context(), u, up, bytes.NewReader(blob(size)))
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
		e.wantUsage(u, 5*tier.GB, 0, 0)
		e.setCommitted(u, 10*size)
	}
	e.wantConsistent()
}

func TestWrongBodiesAreRefusedAndLeaveNothing(t *testing.T) {
	t.Attr("case", "C91")
	t.Parallel()
	e := setup(t)
	u := e.user(tier.Power)
	slow := fault.New(fault.UploadTooSlow, "slow")
	cutAt500 := func(err error) io.Reader {
		return io.MultiReader(bytes.NewReader(blob(500)), iotest.ErrReader(err))
	}
	for name, c := range map[string]struct {
		body io.Reader
		want error
	}{
		"other bytes":       {bytes.NewReader(append([]byte{1}, blob(1000)[1:]...)), backup.ErrChecksum},
		"one byte short":    {bytes.NewReader(blob(1000)[:999]), backup.ErrSizeMismatch},
		"empty":             {strings.NewReader(""), backup.ErrSizeMismatch},
		"one byte more":     {bytes.NewReader(append(blob(1000), 0)), backup.ErrSizeMismatch},
		"endless":           {endlessBody{}, backup.ErrSizeMismatch},
		"broken connection": {cutAt500(io.ErrUnexpectedEOF), backup.ErrSizeMismatch},
		"too slow":          {cutAt500(slow), slow},
	} {
		if _, err := e.svc.Put(t.Context(), u, upload(blob(1000), name), c.body); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		e.wantUsage(u, 0, 0, 0)
		e.put(u, blob(1000), name) // the idempotency key can be used again
		b, err := e.svc.Latest(t.Context(), u)
		must(t, err)
		must(t, e.svc.Delete(t.Context(), u, b.ID, backup.Precondition{}))
	}
	e.wantConsistent()
}

type endlessBody struct{}

func (endlessBody) Read(p []byte) (int, error) { return len(p), nil }

func TestIdempotencyKeyReplaysTheReceipt(t *testing.T) {
	t.Parallel()
	e := setup(t)
	u, other := e.user(tier.Pro), e.user(tier.Pro)
	id := e.put(u, blob(1000), "k")
	r, err := e.svc.Put(t.Context(), u, upload(blob(1000), "k"), unreadBody{t})
	if err != nil || r.ID != id || !r.Replayed {
		t.Errorf("repeated upload: %+v, %v, want a replay of %s", r, err, id)
	}
	if err := e.tryPut(u, blob(1001), "k", unreadBody{t}); !errors.Is(err, backup.ErrKeyReused) {
		t.Errorf("other bytes with the same key: %v, want %v", err, backup.ErrKeyReused)
	}
	if e.put(other, blob(1001), "k") == id {
		t.Error("the key of one user found the backup of another")
	}
	e.wantUsage(u, 1000, 0, 0)
	must(t, e.svc.Delete(t.Context(), u, id, backup.Precondition{}))
	if e.put(u, blob(1001), "k") == id {
		t.Error("the key of a deleted backup found it again")
	}
	e.wantConsistent()
}

// The same upload is sent twenty times at once over two replicas.
func TestConcurrentUploadsWithOneKeyStoreOneBackup(t *testing.T) {
	t.Parallel()
	e := setup(t, withMaxUploads(20))
	replicas := []*backup.Service{e.svc, e.replica(withMaxUploads(20))}
	u := e.user(tier.Pro)
	var mu sync.Mutex
	ids := map[uuid.UUID]bool{}
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			var r backup.Receipt
			var err error = fault.ErrDatabase // on a busy machine a statement may time out: retry as a client does
			for errors.Is(err, fault.ErrDatabase) {
				r, err = replicas[i%2].Put(t.Context(), u, upload(blob(5000), "k"), bytes.NewReader(blob(5000)))
			}
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
		t.Errorf("%d backups for one key, want 1", len(ids))
	}
	e.wantUsage(u, 5000, 0, 0)
	e.wantConsistent()
}

// pausedBody pauses after its first byte: it closes started and waits for resume to be closed.
type pausedBody struct {
	io.Reader
	started, resume chan struct{}
}

func newPausedBody(data []byte) *pausedBody {
	s := &pausedBody{started: make(chan struct{}), resume: make(chan struct{})}
	s.Reader = io.MultiReader(bytes.NewReader(data[:1]), s.pause(), bytes.NewReader(data[1:]))
	return s
}

func (s *pausedBody) pause() io.Reader { return hookReader(func() { close(s.started); <-s.resume }) }

// hookReader is an empty reader that calls a function when it is read.
type hookReader func()

func (g hookReader) Read([]byte) (int, error) {
	g()
	return 0, io.EOF
}

// startUpload starts an upload and returns once its first byte was read. The upload continues when resume is closed.
func (e *env) startUpload(put func(body io.Reader) (backup.Receipt, error), data []byte) (*pausedBody, chan error) {
	body, done := newPausedBody(data), make(chan error, 1)
	go func() {
		_, err := put(body)
		done <- err
	}()
	<-body.started
	return body, done
}

func TestUploadsInProgressAreLimited(t *testing.T) {
	t.Parallel()
	e := setup(t)
	u := e.user(tier.Pro)
	put := func(key string) func(io.Reader) (backup.Receipt, error) {
		return func(body io.Reader) (backup.Receipt, error) {
			return e.svc.Put(t.Context(), u, upload(blob(1000), key), body)
		}
	}
	first, firstDone := e.startUpload(put("a"), blob(1000))
	second, secondDone := e.startUpload(put("b"), blob(1000))
	e.wantUsage(u, 0, 2000, 2)
	if err := e.tryPut(u, blob(1000), "a", unreadBody{t}); !errors.Is(err, backup.ErrInProgress) {
		t.Errorf("the key of an upload in progress: %v, want %v", err, backup.ErrInProgress)
	}
	if err := e.tryPut(u, blob(1001), "a", unreadBody{t}); !errors.Is(err, backup.ErrKeyReused) {
		t.Errorf("the key of an upload in progress with other bytes: %v, want %v", err, backup.ErrKeyReused)
	}
	if err := e.tryPut(u, blob(1000), "c", unreadBody{t}); !errors.Is(err, backup.ErrTooManyUploads) {
		t.Errorf("a third upload: %v, want %v", err, backup.ErrTooManyUploads)
	}
	close(first.resume)
	must(t, <-firstDone)
	e.put(u, blob(3000), "c")
	close(second.resume)
	must(t, <-secondDone)
	e.wantUsage(u, 5000, 0, 0)
	b, err := e.svc.Latest(t.Context(), u)
	must(t, err)
	if b.Size != 1000 {
		t.Error("the latest backup is not the one committed last")
	}
	e.wantConsistent()
}

func TestDowngradedUserReadsAndDeletesButCannotUpload(t *testing.T) {
	t.Parallel()
	e := setup(t)
	u := e.user(tier.Pro)
	first := e.put(u, blob(1000), "")
	second := e.put(u, blob(2000), "")
	u.Tier = tier.Free
	e.wantLatest(u, second, blob(2000))
	if err := e.tryPut(u, blob(1), "", unreadBody{t}); !errors.Is(err, backup.ErrTierRequired) {
		t.Errorf("Put: %v, want %v", err, backup.ErrTierRequired)
	}
	must(t, e.svc.Delete(t.Context(), u, second, backup.Precondition{}))
	e.wantConsistent()
	e.wantLatest(u, first, blob(1000))
}
