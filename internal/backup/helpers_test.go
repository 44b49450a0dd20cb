package backup_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/dev/diskblob"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/testing/storetest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// world is a service on a real database and a real folder, with a clock that stands still and faults on demand.
type world struct {
	t      *testing.T
	db     *postgres.DB
	folder string
	disk   *diskblob.Store
	store  *faulty
	clock  *clock
	svc    *backup.Service
}

type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time          { return time.UnixMicro(c.at.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.at.Add(d.Microseconds()) }

func setup(t *testing.T, options ...func(*backup.Config)) *world {
	t.Helper()
	return setupOn(t, pgtest.New(t), options...)
}

func setupOn(t *testing.T, db *postgres.DB, options ...func(*backup.Config)) *world {
	t.Helper()
	folder := t.TempDir()
	disk, err := diskblob.New(folder)
	check(t, err)
	t.Cleanup(func() { check(t, disk.Close()) })
	w := &world{t: t, db: db, folder: folder, disk: disk, store: &faulty{Store: disk}, clock: &clock{}}
	w.clock.at.Store(time.Now().UnixMicro())
	w.svc = w.replica(options...)
	return w
}

// replica is another service on the same database and store.
func (w *world) replica(options ...func(*backup.Config)) *backup.Service {
	cfg := backup.Config{DB: w.db, Store: w.store, Now: w.clock.now, Log: slog.New(slog.DiscardHandler)}
	for _, o := range options {
		o(&cfg)
	}
	return backup.New(cfg)
}

func uploads(n int) func(*backup.Config) { return func(c *backup.Config) { c.MaxUploads = n } }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// user opens an account of that tier.
func (w *world) user(at tier.Tier) identity.User {
	w.t.Helper()
	u := identity.User{ID: uuid.New(), Tier: at}
	_, err := w.db.Pool.Exec(w.t.Context(), `INSERT INTO users (id, email, password_hash, password_changed_at, created_at, updated_at)
		VALUES ($1, $2, 'x', now(), now(), now())`, u.ID, u.ID.String()+"@example.com")
	check(w.t, err)
	return u
}

// fill sets the user's committed bytes, so that a test need not store gigabytes. recount would mend it.
func (w *world) fill(u identity.User, committed int64) {
	w.t.Helper()
	_, err := w.db.Pool.Exec(w.t.Context(), `INSERT INTO backup_usage (user_id, committed) VALUES ($1, $2)
		ON CONFLICT (user_id) DO UPDATE SET committed = $2`, u.ID, committed)
	check(w.t, err)
}

func upload(blob []byte, key string) backup.Upload {
	sum := sha256.Sum256(blob)
	return backup.Upload{Version: 1, Timestamp: time.UnixMilli(1_767_225_600_000), Checksum: hex.EncodeToString(sum[:]),
		Size: int64(len(blob)), ChunkCount: 1, IdempotencyKey: key}
}

func (w *world) put(u identity.User, blob []byte, key string) uuid.UUID {
	w.t.Helper()
	r, err := w.svc.Put(w.t.Context(), u, upload(blob, key), bytes.NewReader(blob))
	check(w.t, err)
	return r.ID
}

func (w *world) read(b backup.Backup) []byte {
	w.t.Helper()
	body, err := w.svc.Open(w.t.Context(), b, 0, b.Size)
	check(w.t, err)
	data, err := io.ReadAll(body)
	check(w.t, errors.Join(err, body.Close()))
	return data
}

// latestIs fails unless the user's latest backup has that id and exactly these bytes.
func (w *world) latestIs(u identity.User, id uuid.UUID, blob []byte) {
	w.t.Helper()
	b, err := w.svc.Latest(w.t.Context(), u)
	check(w.t, err)
	if b.ID != id || !bytes.Equal(w.read(b), blob) {
		w.t.Errorf("the latest is %s, want %s, or its bytes differ", b.ID, id)
	}
}

// used fails unless the counter has these values.
func (w *world) used(u identity.User, committed, reserved int64, live int) {
	w.t.Helper()
	got, err := w.svc.Usage(w.t.Context(), u.ID)
	check(w.t, err)
	if want := (backup.Usage{Committed: committed, Reserved: reserved, Uploads: live}); got != want {
		w.t.Errorf("usage is %+v, want %+v", got, want)
	}
}

// settled sweeps once and then holds the two sums: every counter is that of its rows, and the store has exactly the
// objects of the committed rows.
func (w *world) settled() {
	w.t.Helper()
	w.clock.advance(2 * time.Minute) // past every lease
	_, err := w.svc.Sweep(w.t.Context())
	check(w.t, err)
	drifts, err := w.svc.Recount(w.t.Context())
	check(w.t, err)
	if len(drifts) > 0 {
		w.t.Errorf("counters had drifted: %+v", drifts)
	}
	rows, err := w.db.Pool.Query(w.t.Context(), `SELECT s3_key FROM backup_metadata WHERE state = 'committed'
		UNION ALL SELECT 'unsettled ' || state FROM backup_metadata WHERE state IN ('uploading', 'aborting', 'deleted')`)
	check(w.t, err)
	var want, have []string
	for rows.Next() {
		var key string
		check(w.t, rows.Scan(&key))
		want = append(want, key)
	}
	check(w.t, rows.Err())
	check(w.t, w.disk.List(w.t.Context(), func(o backup.Object) error {
		have = append(have, o.Key)
		return nil
	}))
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(want, have) {
		w.t.Errorf("rows say %v, the store has %v", want, have)
	}
}

// faulty is a store whose next calls a test can break.
type faulty struct {
	backup.Store
	mu     sync.Mutex
	before map[string]func() error // by method: runs first, and its error is the answer
	after  map[string]func() error // by method: runs when the call has done its work
}

func (f *faulty) on(method string, do func() error) { f.set(&f.before, method, do) }
func (f *faulty) done(method string, do func() error) {
	f.set(&f.after, method, do)
}

func (f *faulty) set(hooks *map[string]func() error, method string, do func() error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if *hooks == nil {
		*hooks = map[string]func() error{}
	}
	(*hooks)[method] = do
}

// heal takes every fault back.
func (f *faulty) heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before, f.after = nil, nil
}

func (f *faulty) run(hooks *map[string]func() error, method string) error {
	f.mu.Lock()
	do := (*hooks)[method]
	f.mu.Unlock()
	if do == nil {
		return nil
	}
	return do()
}

func (f *faulty) Put(ctx context.Context, key string, body io.Reader, size int64) error {
	if err := f.run(&f.before, "Put"); err != nil {
		return err
	}
	if err := f.Store.Put(ctx, key, body, size); err != nil {
		return err
	}
	return f.run(&f.after, "Put")
}

func (f *faulty) Get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := f.run(&f.before, "Get"); err != nil {
		return nil, err
	}
	return f.Store.Get(ctx, key, offset, length)
}

func (f *faulty) Stat(ctx context.Context, key string) (int64, error) {
	if err := f.run(&f.before, "Stat"); err != nil {
		return 0, err
	}
	return f.Store.Stat(ctx, key)
}

func (f *faulty) Delete(ctx context.Context, key string) error {
	if err := f.run(&f.before, "Delete"); err != nil {
		return err
	}
	return f.Store.Delete(ctx, key)
}

var errDown = errors.New("connection refused")

func down() error { return errDown }

func blob(n int) []byte { return storetest.Blob(n) }
