package backup_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/testing/storetest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// An upload pauses until its lease has expired: a sweep releases its reservation, and when it continues it can no
// longer commit.
func TestExpiredUploadCannotCommit(t *testing.T) {
	t.Parallel()
	e := setup(t)
	u := e.user(tier.Pro)
	body, done := e.startUpload(func(r io.Reader) (backup.Receipt, error) {
		return e.svc.Put(t.Context(), u, upload(blob(1000), ""), r)
	}, blob(1000))
	e.advance(50 * time.Second)
	if swept, err := e.svc.Sweep(t.Context()); err != nil || swept.Uploads != 0 {
		t.Errorf("Sweep before the lease expired: %+v, %v, want nothing aborted", swept, err)
	}
	e.advance(10 * time.Second)
	if swept, err := e.svc.Sweep(t.Context()); err != nil || swept.Uploads != 1 || swept.Objects != 1 {
		t.Errorf("Sweep after the lease expired: %+v, %v, want 1 upload and 1 object", swept, err)
	}
	e.wantUsage(u, 0, 0, 0)
	close(body.resume)
	if err := <-done; !errors.Is(err, backup.ErrExpired) {
		t.Errorf("the aborted upload: %v, want %v", err, backup.ErrExpired)
	}
	e.wantUsage(u, 0, 0, 0)
	e.wantConsistent()
}

// An upload takes longer than its lease, a third of which passes between two looks.
func TestLeaseRenewalKeepsASlowUploadAlive(t *testing.T) {
	t.Parallel()
	const lease = 9 * time.Second
	e := setup(t)
	svc := e.replica(func(c *backup.Config) { c.Lease = lease })
	u := e.user(tier.Pro)
	body, done := e.startUpload(func(r io.Reader) (backup.Receipt, error) {
		return svc.Put(t.Context(), u, upload(blob(1000), ""), r)
	}, blob(1000))
	for range 3 {
		e.advance(lease / 3)
		for renewed := false; !renewed; {
			const query = `SELECT lease_until > now() + $2::interval FROM backup_metadata
				WHERE user_id = $1 AND lease_until > now()` // no row once the lease has expired
			must(t, e.db.Pool.QueryRow(t.Context(), query, u.ID, lease*2/3).Scan(&renewed))
		}
		if swept, err := e.svc.Sweep(t.Context()); err != nil || swept.Uploads != 0 {
			t.Errorf("Sweep: %+v, %v, want the live upload untouched", swept, err)
		}
	}
	close(body.resume)
	must(t, <-done)
	e.wantUsage(u, 1000, 0, 0)
	e.wantConsistent()
}

// The caller's context ends once every byte is stored: the backup is committed nevertheless. In the middle of the
// body it ends the upload.
func TestCommitOutlivesTheCaller(t *testing.T) {
	t.Parallel()
	e := setup(t)
	u := e.user(tier.Pro)
	ctx, cancel := context.WithCancel(t.Context())
	e.store.after("Put", func() error { cancel(); return nil })
	r, err := e.svc.Put(ctx, u, upload(blob(1000), "k"), bytes.NewReader(blob(1000)))
	must(t, err)
	e.wantLatest(u, r.ID, blob(1000))
	e.store.reset()
	ctx, cancel = context.WithCancel(t.Context())
	body := io.MultiReader(bytes.NewReader(blob(1000)[:10]), hookReader(cancel), bytes.NewReader(blob(1000)[10:]))
	if _, err := e.svc.Put(ctx, u, upload(blob(1000), "l"), body); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled in the middle of the body: %v, want %v", err, context.Canceled)
	}
	e.wantUsage(u, 1000, 0, 0)
	e.wantConsistent()
}

func TestMissingObjectIsReportedAsInconsistent(t *testing.T) {
	t.Parallel()
	e := setup(t)
	u := e.user(tier.Pro)
	e.put(u, blob(1000), "")
	b, err := e.svc.Latest(t.Context(), u)
	must(t, err)
	key := u.ID.String() + "/" + b.ID.String()
	must(t, os.Truncate(filepath.Join(e.folder, key), 999))
	if _, err := e.svc.Open(t.Context(), b, 0, 10); !errors.Is(err, backup.ErrInconsistent) {
		t.Errorf("Open of a truncated object: %v, want %v", err, backup.ErrInconsistent)
	}
	must(t, e.disk.Delete(t.Context(), key))
	if _, err := e.svc.Open(t.Context(), b, 0, b.Size); !errors.Is(err, backup.ErrInconsistent) {
		t.Errorf("Open of a missing object: %v, want %v", err, backup.ErrInconsistent)
	}
	if err := e.svc.CheckObject(t.Context(), b); !errors.Is(err, backup.ErrInconsistent) {
		t.Errorf("CheckObject: %v, want %v", err, backup.ErrInconsistent)
	}
	must(t, e.svc.Delete(t.Context(), u, b.ID, backup.Precondition{}))
	if _, err := e.svc.Open(t.Context(), b, 0, b.Size); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("Open of a deleted backup: %v, want %v", err, fault.ErrNotFound)
	}
	e.wantConsistent()
}

func TestOrphansAreRemovedAfterADay(t *testing.T) {
	t.Parallel()
	e := setup(t)
	u := e.user(tier.Pro)
	id := e.put(u, blob(1000), "")
	orphan := storetest.Key()
	must(t, e.disk.Put(t.Context(), orphan, bytes.NewReader(blob(10)), 10))
	if n, err := e.svc.RemoveOrphans(t.Context()); n != 0 || err != nil {
		t.Errorf("RemoveOrphans with a young orphan = %d, %v, want 0", n, err)
	}
	e.advance(25 * time.Hour)
	e.store.before("Delete", storeDown)
	if _, err := e.svc.RemoveOrphans(t.Context()); !errors.Is(err, backup.ErrStorage) {
		t.Errorf("RemoveOrphans during a store outage: %v, want %v", err, backup.ErrStorage)
	}
	e.store.reset()
	if n, err := e.svc.RemoveOrphans(t.Context()); n != 1 || err != nil {
		t.Errorf("RemoveOrphans = %d, %v, want 1", n, err)
	}
	e.wantLatest(u, id, blob(1000))
	e.wantConsistent()
}

func TestRecountCorrectsADriftedCounter(t *testing.T) {
	t.Parallel()
	e := setup(t)
	u, other := e.user(tier.Pro), e.user(tier.Pro)
	e.put(u, blob(1000), "")
	e.put(other, blob(700), "")
	e.setCommitted(u, 77)
	drifts, err := e.svc.Recount(t.Context())
	must(t, err)
	want := backup.Drift{UserID: u.ID, Was: backup.Usage{Committed: 77}, Is: backup.Usage{Committed: 1000}}
	if len(drifts) != 1 || drifts[0] != want {
		t.Errorf("Recount = %+v, want %+v", drifts, want)
	}
	e.wantUsage(u, 1000, 0, 0)
	e.wantConsistent()
}
