package backup_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// crashingReplica is a replica that stops working when crash is called: from then on neither its database nor its store
// responds.
type crashingReplica struct {
	svc     *backup.Service
	store   *faultyStore
	crash   func()
	crashed *atomic.Bool
}

// put repeats the upload when a busy machine makes the database time out before the replica has crashed.
func (replica crashingReplica) put(t *testing.T, u identity.User, body func() io.Reader) (r backup.Receipt, err error) {
	t.Helper()
	for {
		r, err = replica.svc.Put(t.Context(), u, upload(blob(1000), "k"), body())
		if replica.crashed.Load() || !errors.Is(err, fault.ErrDatabase) {
			return r, err
		}
	}
}

func (e *env) newCrashingReplica(options ...func(*backup.Config)) crashingReplica {
	e.t.Helper()
	db, err := pgtest.Open(e.t.Context(), e.db.Pool.Config().ConnString())
	must(e.t, err)
	e.t.Cleanup(db.Close)
	replica := crashingReplica{store: &faultyStore{Store: e.disk}, crashed: new(atomic.Bool)}
	options = append(options, func(c *backup.Config) { c.DB, c.Store = db, replica.store })
	replica.svc = e.replica(options...)
	replica.crash = func() {
		replica.crashed.Store(true)
		db.Close()
		replica.store.before("Delete", storeDown)
	}
	return replica
}

// A replica crashes ten times at each point of an upload. Before the commit there is no backup and one sweep
// removes what is left of it; after the commit the backup exists. A retry with the same key leads to exactly one
// backup.
func TestKilledUploadIsStoredWhollyOrNotAtAll(t *testing.T) {
	t.Attr("case", "C98")
	t.Parallel()
	e := setup(t)
	points := map[string]struct {
		arrange   func(replica crashingReplica) io.Reader
		committed bool
	}{
		"reserved": {func(replica crashingReplica) io.Reader {
			replica.store.before("Put", func() error { replica.crash(); return errStoreDown })
			return bytes.NewReader(blob(1000))
		}, false},
		"in the middle of the body": {func(replica crashingReplica) io.Reader {
			return io.MultiReader(bytes.NewReader(blob(1000)[:500]), hookReader(replica.crash), truncatedBody{})
		}, false},
		"stored, not committed": {func(replica crashingReplica) io.Reader {
			replica.store.after("Put", func() error { replica.crash(); return nil })
			return bytes.NewReader(blob(1000))
		}, false},
		"committed, not acknowledged": {func(crashingReplica) io.Reader {
			return bytes.NewReader(blob(1000))
		}, true},
	}
	const times = 10
	for name, p := range points {
		var users [times]identity.User
		var receipts [times]backup.Receipt
		var group sync.WaitGroup
		for i := range times {
			replica, u := e.newCrashingReplica(), e.user(tier.Pro)
			users[i] = u
			group.Go(func() {
				r, err := replica.put(t, u, func() io.Reader { return p.arrange(replica) })
				if p.committed != (err == nil) {
					t.Errorf("%s: %v", name, err)
				}
				receipts[i] = r
				replica.crash()
			})
		}
		group.Wait()
		for _, u := range users {
			if !p.committed {
				e.leavePartialFile(u)
			}
		}
		e.wantConsistent()
		for i, u := range users {
			if before, err := e.svc.Latest(t.Context(), u); p.committed != (err == nil) || before.ID != receipts[i].ID {
				t.Errorf("%s: after the sweep the latest backup is %+v, %v", name, before, err)
			}
			id := e.put(u, blob(1000), "k")
			if p.committed && id != receipts[i].ID {
				t.Errorf("%s: the retry stored another backup", name)
			}
			e.wantUsage(u, 1000, 0, 0)
			e.wantLatest(u, id, blob(1000))
		}
	}
	e.wantConsistent()
}

// leavePartialFile creates the file that a killed process leaves for the user's upload in progress.
func (e *env) leavePartialFile(u identity.User) {
	e.t.Helper()
	var key string
	const query = `SELECT s3_key FROM backup_metadata WHERE user_id = $1 AND state = 'uploading'`
	err := e.db.Pool.QueryRow(e.t.Context(), query, u.ID).Scan(&key)
	must(e.t, err)
	name := filepath.Join(e.folder, key+".partial")
	must(e.t, os.MkdirAll(filepath.Dir(name), 0o700))
	must(e.t, os.WriteFile(name, blob(500), 0o600))
}

type truncatedBody struct{}

func (truncatedBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// PostgreSQL is killed between the last byte in the store and the commit. The row decides: it was not committed, so
// a sweep removes the object, and the retry stores the backup once.
func TestDatabaseKilledBeforeTheCommitStoresNothing(t *testing.T) {
	t.Attr("case", "C99")
	t.Parallel()
	server := pgtest.Start(t)
	e := setupOn(t, server.DB())
	u := e.user(tier.Pro)
	old := e.put(u, blob(500), "")
	e.store.after("Put", func() error { server.Kill(); return nil })
	if err := e.tryPut(u, blob(1000), "k", bytes.NewReader(blob(1000))); !errors.Is(err, fault.ErrDatabase) {
		t.Errorf("Put: %v, want %v", err, fault.ErrDatabase)
	}
	for call, err := range map[string]error{
		"Delete": e.svc.Delete(t.Context(), u, old, backup.Precondition{}),
		"Latest": func() error { _, err := e.svc.Latest(t.Context(), u); return err }(),
		"Put":    e.tryPut(u, blob(1), "", unreadBody{t}),
		"Sweep":  func() error { _, err := e.svc.Sweep(t.Context()); return err }(),
	} {
		if !errors.Is(err, fault.ErrDatabase) {
			t.Errorf("%s without a database: %v, want %v", call, err, fault.ErrDatabase)
		}
	}
	e.store.reset()
	server.Start()
	e.wantLatest(u, old, blob(500))
	e.wantConsistent()
	e.wantUsage(u, 500, 0, 0)
	id := e.put(u, blob(1000), "k")
	e.wantLatest(u, id, blob(1000))
	e.wantUsage(u, 1500, 0, 0)
	e.wantConsistent()
}

func TestDatabaseRestartDuringCommitKeepsTheUpload(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	e := setupOn(t, server.DB())
	u := e.user(tier.Pro)
	e.store.after("Put", func() error { server.Kill(); server.Start(); return nil })
	id := e.put(u, blob(1000), "k")
	e.store.reset()
	e.wantLatest(u, id, blob(1000))
	e.wantUsage(u, 1000, 0, 0)
	e.wantConsistent()
}

// The database goes away before the commit. The pauses between the retries are those of the injected Sleep, and the
// error of the database is returned after the last retry or when a pause is interrupted.
func TestCommitRetriesWithGrowingPauses(t *testing.T) {
	t.Parallel()
	e := setup(t)
	for name, c := range map[string]struct {
		interruptedAt time.Duration
		want          []time.Duration
	}{
		"to the end":  {0, []time.Duration{200 * time.Millisecond, 400 * time.Millisecond, 600 * time.Millisecond}},
		"interrupted": {400 * time.Millisecond, []time.Duration{200 * time.Millisecond, 400 * time.Millisecond}},
	} {
		var pauses []time.Duration
		replica, u := e.newCrashingReplica(func(cfg *backup.Config) {
			cfg.Sleep = func(_ context.Context, d time.Duration) error {
				pauses = append(pauses, d)
				if d == c.interruptedAt {
					return context.Canceled
				}
				return nil
			}
		}), e.user(tier.Pro)
		replica.store.after("Put", func() error { replica.crash(); return nil })
		_, err := replica.put(t, u, func() io.Reader { return bytes.NewReader(blob(1000)) })
		if !errors.Is(err, fault.ErrDatabase) {
			t.Errorf("%s: %v, want %v", name, err, fault.ErrDatabase)
		}
		if !slices.Equal(pauses, c.want) {
			t.Errorf("%s: paused for %v, want %v", name, pauses, c.want)
		}
	}
	e.wantConsistent()
}

// Four replicas sweep the same twenty expired uploads and twenty deleted backups.
func TestConcurrentSweepsRemoveEverythingOnce(t *testing.T) {
	t.Parallel()
	e := setup(t)
	var dying sync.WaitGroup
	for i := range 20 {
		u, replica := e.user(tier.Pro), e.newCrashingReplica()
		must(t, e.svc.Delete(t.Context(), u, e.put(u, blob(10+i), ""), backup.Precondition{}))
		replica.store.after("Put", func() error { replica.crash(); return nil })
		dying.Go(func() {
			_, err := replica.put(t, u, func() io.Reader { return bytes.NewReader(blob(1000)) })
			if !errors.Is(err, fault.ErrDatabase) {
				t.Error(err)
			}
		})
	}
	dying.Wait()
	e.advance(time.Minute)
	var total backup.SweepStats
	var mu sync.Mutex
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			swept, err := e.replica().Sweep(t.Context())
			mu.Lock()
			defer mu.Unlock()
			total.Uploads += swept.Uploads
			total.Objects += swept.Objects
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if total.Uploads != 20 || total.Objects != 40 {
		t.Errorf("%+v, want 20 uploads and 40 objects", total)
	}
	e.wantConsistent()
}

func TestRetryAfterAnExpiredLeaseNeedsNoSweep(t *testing.T) {
	t.Parallel()
	e := setup(t)
	replica, u := e.newCrashingReplica(), e.user(tier.Pro)
	replica.store.after("Put", func() error { replica.crash(); return nil })
	_, err := replica.svc.Put(t.Context(), u, upload(blob(1000), "k"), bytes.NewReader(blob(1000)))
	if !errors.Is(err, fault.ErrDatabase) {
		t.Fatalf("Put with the database closed before the commit: %v", err)
	}
	if err := e.tryPut(u, blob(1000), "k", unreadBody{t}); !errors.Is(err, backup.ErrInProgress) {
		t.Errorf("retry before the lease expired: %v, want %v", err, backup.ErrInProgress)
	}
	e.advance(time.Minute)
	id := e.put(u, blob(1000), "k")
	e.wantUsage(u, 1000, 0, 0)
	e.wantLatest(u, id, blob(1000))
	e.wantConsistent()
}

// failingStore fails uploads after reading some bytes.
type failingStore struct {
	backup.Store
	after int64
}

func (d failingStore) Put(_ context.Context, _ string, body io.Reader, _ int64) error {
	if _, err := io.CopyN(io.Discard, body, d.after); err != nil {
		return err
	}
	return errStoreDown
}

func TestStoreOutageKeepsExistingBackups(t *testing.T) {
	t.Parallel()
	e := setup(t)
	u := e.user(tier.Pro)
	old := e.put(u, blob(500), "")
	for name, svc := range map[string]*backup.Service{
		"before the first byte": e.svc,
		"in the middle":         e.replica(func(c *backup.Config) { c.Store = failingStore{e.store, 300} }),
	} {
		e.store.before("Put", storeDown)
		e.store.before("Get", storeDown)
		e.store.before("Stat", storeDown)
		e.store.before("Delete", storeDown)
		_, err := svc.Put(t.Context(), u, upload(blob(1000), "k"), bytes.NewReader(blob(1000)))
		if !errors.Is(err, backup.ErrStorage) {
			t.Errorf("%s: Put: %v, want %v", name, err, backup.ErrStorage)
		}
		e.wantUsage(u, 500, 0, 0)
		b, err := e.svc.Latest(t.Context(), u)
		must(t, err)
		if _, err := e.svc.Open(t.Context(), b, 0, b.Size); !errors.Is(err, backup.ErrStorage) {
			t.Errorf("%s: Open: %v, want %v", name, err, backup.ErrStorage)
		}
		if list, err := e.svc.History(t.Context(), u, 50, fromNewest); err != nil || len(list) != 1 {
			t.Errorf("%s: History: %v, %v, want one backup", name, list, err)
		}
		e.store.reset()
		e.wantLatest(u, old, blob(500))
		e.wantConsistent()
		id := e.put(u, blob(1000), "k")
		e.wantLatest(u, id, blob(1000))
		e.wantUsage(u, 1500, 0, 0)
		must(t, e.svc.Delete(t.Context(), u, id, backup.Precondition{}))
		e.wantConsistent()
	}
}
