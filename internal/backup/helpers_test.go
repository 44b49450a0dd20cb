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

// env is a service on a real database and a real folder. Its clock advances only on demand, and its store can be
// made to fail.
type env struct {
	t      *testing.T
	db     *postgres.DB
	folder string
	disk   *diskblob.Store
	store  *faultyStore
	clock  *fakeClock
	svc    *backup.Service
}

type fakeClock struct{ at atomic.Int64 }

func (c *fakeClock) now() time.Time          { return time.UnixMicro(c.at.Load()).UTC() }
func (c *fakeClock) advance(d time.Duration) { c.at.Add(d.Microseconds()) }

func setup(t *testing.T, options ...func(*backup.Config)) *env {
	t.Helper()
	return setupOn(t, pgtest.New(t), options...)
}

func setupOn(t *testing.T, db *postgres.DB, options ...func(*backup.Config)) *env {
	t.Helper()
	folder := t.TempDir()
	disk, err := diskblob.New(folder)
	must(t, err)
	t.Cleanup(func() { must(t, disk.Close()) })
	e := &env{t: t, db: db, folder: folder, disk: disk, store: &faultyStore{Store: disk}, clock: &fakeClock{}}
	e.clock.at.Store(time.Now().UnixMicro())
	e.svc = e.replica(options...)
	return e
}

// advance lets time pass: on the clock of the replicas, and for what the database compares with its own clock.
func (e *env) advance(d time.Duration) {
	e.t.Helper()
	e.clock.advance(d)
	_, err := e.db.Pool.Exec(e.t.Context(), `UPDATE backup_metadata
		SET lease_until = lease_until - $1::interval, deleted_at = deleted_at - $1::interval`, d)
	must(e.t, err)
}

// replica returns another service on the same database and store.
func (e *env) replica(options ...func(*backup.Config)) *backup.Service {
	cfg := backup.Config{DB: e.db, Store: e.store, Now: e.clock.now, Log: slog.New(slog.DiscardHandler)}
	for _, o := range options {
		o(&cfg)
	}
	return backup.New(cfg)
}

func withMaxUploads(n int) func(*backup.Config) { return func(c *backup.Config) { c.MaxUploads = n } }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// user creates an account with that tier.
func (e *env) user(at tier.Tier) identity.User {
	e.t.Helper()
	u := identity.User{ID: uuid.New(), Tier: at}
	_, err := e.db.Pool.Exec(e.t.Context(), `
		INSERT INTO users (id, email, password_hash, password_changed_at, created_at, updated_at)
		VALUES ($1, $2, 'x', now(), now(), now())`, u.ID, u.ID.String()+"@example.com")
	must(e.t, err)
	return u
}

// setCommitted sets the committed bytes of the user's quota counter, so that a test need not store gigabytes.
// Recount would correct it.
func (e *env) setCommitted(u identity.User, committed int64) {
	e.t.Helper()
	_, err := e.db.Pool.Exec(e.t.Context(), `INSERT INTO backup_usage (user_id, committed) VALUES ($1, $2)
		ON CONFLICT (user_id) DO UPDATE SET committed = $2`, u.ID, committed)
	must(e.t, err)
}

func upload(blob []byte, key string) backup.Upload {
	sum := sha256.Sum256(blob)
	return backup.Upload{Version: 1, Timestamp: time.UnixMilli(1_767_225_600_000), Checksum: hex.EncodeToString(sum[:]),
		Size: int64(len(blob)), ChunkCount: 1, IdempotencyKey: key}
}

func (e *env) put(u identity.User, blob []byte, key string) uuid.UUID {
	e.t.Helper()
	r, err := e.svc.Put(e.t.Context(), u, upload(blob, key), bytes.NewReader(blob))
	must(e.t, err)
	return r.ID
}

// tryPut declares an upload of data and sends body. It returns the error of Put.
func (e *env) tryPut(u identity.User, data []byte, key string, body io.Reader) error {
	e.t.Helper()
	_, err := e.svc.Put(e.t.Context(), u, upload(data, key), body)
	return err
}

func (e *env) read(b backup.Backup) []byte {
	e.t.Helper()
	body, err := e.svc.Open(e.t.Context(), b, 0, b.Size)
	must(e.t, err)
	data, err := io.ReadAll(body)
	must(e.t, errors.Join(err, body.Close()))
	return data
}

// wantLatest fails the test unless the user's latest backup has that id and exactly these bytes.
func (e *env) wantLatest(u identity.User, id uuid.UUID, blob []byte) {
	e.t.Helper()
	b, err := e.svc.Latest(e.t.Context(), u)
	must(e.t, err)
	if b.ID != id || !bytes.Equal(e.read(b), blob) {
		e.t.Errorf("the latest backup is %s, want %s; or its bytes differ", b.ID, id)
	}
}

// wantUsage fails the test unless the quota counter has these values.
func (e *env) wantUsage(u identity.User, committed, reserved int64, uploads int) {
	e.t.Helper()
	got, err := e.svc.Usage(e.t.Context(), u.ID)
	must(e.t, err)
	if want := (backup.Usage{Committed: committed, Reserved: reserved, Uploads: uploads}); got != want {
		e.t.Errorf("usage is %+v, want %+v", got, want)
	}
}

// wantConsistent sweeps once and then fails the test unless every quota counter matches its rows and the store has
// exactly the objects of the committed rows.
func (e *env) wantConsistent() {
	e.t.Helper()
	e.advance(2 * time.Minute) // past every lease
	_, err := e.svc.Sweep(e.t.Context())
	must(e.t, err)
	drifts, err := e.svc.Recount(e.t.Context())
	must(e.t, err)
	if len(drifts) > 0 {
		e.t.Errorf("wrong quota counters: %+v", drifts)
	}
	rows, err := e.db.Pool.Query(e.t.Context(), `SELECT s3_key FROM backup_metadata WHERE state = 'committed'
		UNION ALL SELECT 'leftover ' || state FROM backup_metadata WHERE state IN ('uploading', 'aborting', 'deleted')`)
	must(e.t, err)
	var want, have []string
	for rows.Next() {
		var key string
		must(e.t, rows.Scan(&key))
		want = append(want, key)
	}
	must(e.t, rows.Err())
	must(e.t, e.disk.List(e.t.Context(), func(o backup.Object) error {
		have = append(have, o.Key)
		return nil
	}))
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(want, have) {
		e.t.Errorf("the store has the objects %v, want %v", have, want)
	}
}

// faultyStore is a store with hooks, by method name, that can make its calls fail.
type faultyStore struct {
	backup.Store
	mu          sync.Mutex
	beforeHooks map[string]func() error // run first; their errors are returned instead of calling the store
	afterHooks  map[string]func() error // run after the store has succeeded
}

func (f *faultyStore) before(method string, do func() error) { f.setHook(&f.beforeHooks, method, do) }
func (f *faultyStore) after(method string, do func() error) {
	f.setHook(&f.afterHooks, method, do)
}

func (f *faultyStore) setHook(hooks *map[string]func() error, method string, do func() error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if *hooks == nil {
		*hooks = map[string]func() error{}
	}
	(*hooks)[method] = do
}

// reset removes all hooks.
func (f *faultyStore) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.beforeHooks, f.afterHooks = nil, nil
}

func (f *faultyStore) runHook(hooks *map[string]func() error, method string) error {
	f.mu.Lock()
	do := (*hooks)[method]
	f.mu.Unlock()
	if do == nil {
		return nil
	}
	return do()
}

func (f *faultyStore) Put(ctx context.Context, key string, body io.Reader, size int64) error {
	if err := f.runHook(&f.beforeHooks, "Put"); err != nil {
		return err
	}
	if err := f.Store.Put(ctx, key, body, size); err != nil {
		return err
	}
	return f.runHook(&f.afterHooks, "Put")
}

func (f *faultyStore) Get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := f.runHook(&f.beforeHooks, "Get"); err != nil {
		return nil, err
	}
	return f.Store.Get(ctx, key, offset, length)
}

func (f *faultyStore) Stat(ctx context.Context, key string) (int64, error) {
	if err := f.runHook(&f.beforeHooks, "Stat"); err != nil {
		return 0, err
	}
	return f.Store.Stat(ctx, key)
}

func (f *faultyStore) Delete(ctx context.Context, key string) error {
	if err := f.runHook(&f.beforeHooks, "Delete"); err != nil {
		return err
	}
	return f.Store.Delete(ctx, key)
}

var errStoreDown = errors.New("connection refused")

func storeDown() error { return errStoreDown }

func blob(n int) []byte { return storetest.Blob(n) }
