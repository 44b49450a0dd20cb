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
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// victim is a replica that dies when kill is called: from then on neither its database nor its store answers.
type victim struct {
	svc   *backup.Service
	store *faulty
	kill  func()
	dead  *atomic.Bool
}

// put tries again while a busy machine keeps the victim from getting as far as its death.
func (v victim) put(t *testing.T, u identity.User, body func() io.Reader) (r backup.Receipt, err error) {
	t.Helper()
	for {
		r, err = v.svc.Put(t.Context(), u, upload(blob(1000), "k"), body())
		if v.dead.Load() || !errors.Is(err, fault.ErrDatabase) {
			return r, err
		}
	}
}

func (w *world) victim(options ...func(*backup.Config)) victim {
	w.t.Helper()
	db, err := postgres.Open(w.t.Context(), w.db.Pool.Config().ConnString())
	check(w.t, err)
	w.t.Cleanup(db.Close)
	v := victim{store: &faulty{Store: w.disk}, dead: new(atomic.Bool)}
	options = append(options, func(c *backup.Config) { c.DB, c.Store = db, v.store })
	v.svc = w.replica(options...)
	v.kill = func() {
		v.dead.Store(true)
		db.Close()
		v.store.on("Delete", down)
	}
	return v
}

// TestKilledUpload kills the process at each point of an upload, ten times. Before the commit the backup is absent and
// one sweep leaves no trace of it; after it the backup is there; and the retry with the same key gives exactly one.
func TestKilledUpload(t *testing.T) {
	t.Parallel()
	w := setup(t)
	points := map[string]struct {
		arrange   func(v victim) io.Reader
		committed bool
	}{
		"reserved": {func(v victim) io.Reader {
			v.store.on("Put", func() error { v.kill(); return errDown })
			return bytes.NewReader(blob(1000))
		}, false},
		"in the middle of the body": {func(v victim) io.Reader {
			return io.MultiReader(bytes.NewReader(blob(1000)[:500]), gate(v.kill), brokenBody{})
		}, false},
		"stored, not committed": {func(v victim) io.Reader {
			v.store.done("Put", func() error { v.kill(); return nil })
			return bytes.NewReader(blob(1000))
		}, false},
		"committed, not answered": {func(v victim) io.Reader { return bytes.NewReader(blob(1000)) }, true},
	}
	const times = 10
	for name, p := range points {
		var users [times]identity.User
		var died [times]backup.Receipt
		var group sync.WaitGroup
		for i := range times {
			v, u := w.victim(), w.user(tier.Pro)
			users[i] = u
			group.Go(func() {
				r, err := v.put(t, u, func() io.Reader { return p.arrange(v) })
				if p.committed != (err == nil) {
					t.Errorf("%s: %v", name, err)
				}
				died[i] = r
				v.kill()
			})
		}
		group.Wait()
		for _, u := range users {
			w.leavePartial(u, p.committed)
		}
		w.settled()
		for i, u := range users {
			if before, err := w.svc.Latest(t.Context(), u); p.committed != (err == nil) || before.ID != died[i].ID {
				t.Errorf("%s: after the sweep %+v, %v", name, before, err)
			}
			id := w.put(u, blob(1000), "k")
			if p.committed && id != died[i].ID {
				t.Errorf("%s: the retry stored a second backup", name)
			}
			w.used(u, 1000, 0, 0)
			w.latestIs(u, id, blob(1000))
		}
	}
	w.settled()
}

// leavePartial puts a file there as a killed process leaves it, where the upload had not been committed.
func (w *world) leavePartial(u identity.User, committed bool) {
	w.t.Helper()
	if committed {
		return
	}
	var key string
	err := w.db.Pool.QueryRow(w.t.Context(), `SELECT s3_key FROM backup_metadata WHERE user_id = $1 AND state = 'uploading'`, u.ID).Scan(&key)
	check(w.t, err)
	name := filepath.Join(w.folder, key+".partial")
	check(w.t, os.MkdirAll(filepath.Dir(name), 0o700))
	check(w.t, os.WriteFile(name, blob(500), 0o600))
}

type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestC99_DatabaseKilledAfterTheObject kills PostgreSQL between the store's last byte and the commit. The rows decide: the
// sweep removes the object that has none, and the retry stores the backup once.
func TestC99_DatabaseKilledAfterTheObject(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	w := setupOn(t, server.DB())
	u := w.user(tier.Pro)
	old := w.put(u, blob(500), "")
	w.store.done("Put", func() error { server.Kill(); return nil })
	if _, err := w.svc.Put(t.Context(), u, upload(blob(1000), "k"), bytes.NewReader(blob(1000))); !errors.Is(err, fault.ErrDatabase) {
		t.Errorf("PUT: %v", err)
	}
	for call, err := range map[string]error{
		"DELETE": w.svc.Delete(t.Context(), u, old),
		"GET":    func() error { _, err := w.svc.Latest(t.Context(), u); return err }(),
		"PUT":    func() error { _, err := w.svc.Put(t.Context(), u, upload(blob(1), ""), unread{t}); return err }(),
		"sweep":  func() error { _, err := w.svc.Sweep(t.Context()); return err }(),
	} {
		if !errors.Is(err, fault.ErrDatabase) {
			t.Errorf("%s without a database: %v", call, err)
		}
	}
	w.store.heal()
	server.Start()
	w.latestIs(u, old, blob(500))
	w.settled()
	w.used(u, 500, 0, 0)
	id := w.put(u, blob(1000), "k")
	w.latestIs(u, id, blob(1000))
	w.used(u, 1500, 0, 0)
	w.settled()
}

// TestDatabaseRestartsAtTheCommit: a database that is back at once does not cost the upload.
func TestDatabaseRestartsAtTheCommit(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	w := setupOn(t, server.DB())
	u := w.user(tier.Pro)
	w.store.done("Put", func() error { server.Kill(); server.Start(); return nil })
	id := w.put(u, blob(1000), "k")
	w.store.heal()
	w.latestIs(u, id, blob(1000))
	w.used(u, 1000, 0, 0)
	w.settled()
}

// TestCommitRetriesWithGrowingPauses kills the database before the commit: the pauses between the retries are asked of the
// configured clock, and the database's error is returned once they are used up or one of them is interrupted.
func TestCommitRetriesWithGrowingPauses(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for name, c := range map[string]struct {
		interruptedAt time.Duration
		want          []time.Duration
	}{
		"to the end":  {0, []time.Duration{200 * time.Millisecond, 400 * time.Millisecond, 600 * time.Millisecond}},
		"interrupted": {400 * time.Millisecond, []time.Duration{200 * time.Millisecond, 400 * time.Millisecond}},
	} {
		var pauses []time.Duration
		v, u := w.victim(func(cfg *backup.Config) {
			cfg.Sleep = func(_ context.Context, d time.Duration) error {
				pauses = append(pauses, d)
				if d == c.interruptedAt {
					return context.Canceled
				}
				return nil
			}
		}), w.user(tier.Pro)
		v.store.done("Put", func() error { v.kill(); return nil })
		if _, err := v.put(t, u, func() io.Reader { return bytes.NewReader(blob(1000)) }); !errors.Is(err, fault.ErrDatabase) {
			t.Errorf("%s: %v, want %v", name, err, fault.ErrDatabase)
		}
		if !slices.Equal(pauses, c.want) {
			t.Errorf("%s: paused for %v, want %v", name, pauses, c.want)
		}
	}
	w.settled()
}

// TestSweepsAtOnce lets four replicas sweep the same forty dead and deleted backups: each is done once.
func TestSweepsAtOnce(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var dying sync.WaitGroup
	for i := range 20 {
		u, v := w.user(tier.Pro), w.victim()
		check(t, w.svc.Delete(t.Context(), u, w.put(u, blob(10+i), "")))
		v.store.done("Put", func() error { v.kill(); return nil })
		dying.Go(func() {
			_, err := v.put(t, u, func() io.Reader { return bytes.NewReader(blob(1000)) })
			if !errors.Is(err, fault.ErrDatabase) {
				t.Error(err)
			}
		})
	}
	dying.Wait()
	w.clock.advance(time.Minute)
	var total backup.SweepStats
	var mu sync.Mutex
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			swept, err := w.replica().Sweep(t.Context())
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
	w.settled()
}

// TestRetryBeforeTheSweep retries as soon as the dead upload's lease has run out, with no sweep in between.
func TestRetryBeforeTheSweep(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v, u := w.victim(), w.user(tier.Pro)
	v.store.done("Put", func() error { v.kill(); return nil })
	if _, err := v.svc.Put(t.Context(), u, upload(blob(1000), "k"), bytes.NewReader(blob(1000))); !errors.Is(err, fault.ErrDatabase) {
		t.Fatalf("the database was gone at the commit: %v", err)
	}
	if _, err := w.svc.Put(t.Context(), u, upload(blob(1000), "k"), unread{t}); !errors.Is(err, backup.ErrInProgress) {
		t.Errorf("within the lease: %v", err)
	}
	w.clock.advance(time.Minute)
	id := w.put(u, blob(1000), "k")
	w.used(u, 1000, 0, 0)
	w.latestIs(u, id, blob(1000))
	w.settled()
}

// dying is a store that takes some bytes of an upload and then no more.
type dying struct {
	backup.Store
	after int64
}

func (d dying) Put(_ context.Context, _ string, body io.Reader, _ int64) error {
	if _, err := io.CopyN(io.Discard, body, d.after); err != nil {
		return err
	}
	return errDown
}

func TestStoreDown(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user(tier.Pro)
	old := w.put(u, blob(500), "")
	for name, svc := range map[string]*backup.Service{
		"from the start": w.svc,
		"in the middle":  w.replica(func(c *backup.Config) { c.Store = dying{w.store, 300} }),
	} {
		w.store.on("Put", down)
		w.store.on("Get", down)
		w.store.on("Stat", down)
		w.store.on("Delete", down)
		if _, err := svc.Put(t.Context(), u, upload(blob(1000), "k"), bytes.NewReader(blob(1000))); !errors.Is(err, backup.ErrStorage) {
			t.Errorf("%s: PUT: %v", name, err)
		}
		w.used(u, 500, 0, 0)
		b, err := w.svc.Latest(t.Context(), u)
		check(t, err)
		if _, err := w.svc.Open(t.Context(), b, 0, b.Size); !errors.Is(err, backup.ErrStorage) {
			t.Errorf("%s: GET: %v", name, err)
		}
		if list, err := w.svc.History(t.Context(), u, 50, nobody); err != nil || len(list) != 1 {
			t.Errorf("%s: history: %v, %v", name, list, err)
		}
		w.store.heal()
		w.latestIs(u, old, blob(500))
		w.settled()
		id := w.put(u, blob(1000), "k")
		w.latestIs(u, id, blob(1000))
		w.used(u, 1500, 0, 0)
		check(t, w.svc.Delete(t.Context(), u, id))
		w.settled()
	}
}
