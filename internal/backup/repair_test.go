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

// TestDeadUploadIsFenced lets an upload outlive its lease without a heartbeat: a sweep gives its room back, and when it
// comes to itself it can no longer commit.
func TestDeadUploadIsFenced(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user(tier.Pro)
	body, ended := w.start(func(r io.Reader) (backup.Receipt, error) {
		return w.svc.Put(t.Context(), u, upload(blob(1000), ""), r)
	}, blob(1000))
	w.clock.advance(time.Minute - time.Microsecond)
	if swept, err := w.svc.Sweep(t.Context()); err != nil || swept.Uploads != 0 {
		t.Errorf("within the lease: %+v, %v", swept, err)
	}
	w.clock.advance(time.Microsecond)
	if swept, err := w.svc.Sweep(t.Context()); err != nil || swept.Uploads != 1 || swept.Objects != 1 {
		t.Errorf("after the lease: %+v, %v", swept, err)
	}
	w.used(u, 0, 0, 0)
	close(body.goOn)
	if err := <-ended; !errors.Is(err, backup.ErrExpired) {
		t.Errorf("the fenced upload: %v", err)
	}
	w.used(u, 0, 0, 0)
	w.settled()
}

// TestHeartbeat keeps an upload alive for five times its lease.
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	const lease = 60 * time.Millisecond
	w := setup(t)
	svc := w.replica(func(c *backup.Config) { c.Lease = lease })
	u := w.user(tier.Pro)
	body, ended := w.start(func(r io.Reader) (backup.Receipt, error) {
		return svc.Put(t.Context(), u, upload(blob(1000), ""), r)
	}, blob(1000))
	for range 6 {
		w.clock.advance(lease * 5 / 6)
		want := w.clock.now().Add(lease)
		for held := (time.Time{}); !held.Equal(want); {
			check(t, w.db.Pool.QueryRow(t.Context(), `SELECT lease_until FROM backup_metadata WHERE user_id = $1`, u.ID).Scan(&held))
		}
		if swept, err := w.svc.Sweep(t.Context()); err != nil || swept.Uploads != 0 {
			t.Errorf("a live upload was given up: %+v, %v", swept, err)
		}
	}
	close(body.goOn)
	check(t, <-ended)
	w.used(u, 1000, 0, 0)
	w.settled()
}

// TestCallerLeaves ends the caller's context once every byte is stored: the backup is committed all the same.
func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user(tier.Pro)
	ctx, leave := context.WithCancel(t.Context())
	w.store.done("Put", func() error { leave(); return nil })
	r, err := w.svc.Put(ctx, u, upload(blob(1000), "k"), bytes.NewReader(blob(1000)))
	check(t, err)
	w.latestIs(u, r.ID, blob(1000))
	w.store.heal()
	ctx, leave = context.WithCancel(t.Context())
	body := io.MultiReader(bytes.NewReader(blob(1000)[:10]), gate(leave), bytes.NewReader(blob(1000)[10:]))
	if _, err := w.svc.Put(ctx, u, upload(blob(1000), "l"), body); !errors.Is(err, context.Canceled) {
		t.Errorf("left in the middle: %v", err)
	}
	w.used(u, 1000, 0, 0)
	w.settled()
}

func TestMissingObject(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user(tier.Pro)
	w.put(u, blob(1000), "")
	b, err := w.svc.Latest(t.Context(), u)
	check(t, err)
	key := u.ID.String() + "/" + b.ID.String()
	check(t, os.Truncate(filepath.Join(w.folder, key), 999))
	if _, err := w.svc.Open(t.Context(), b, 0, 10); !errors.Is(err, backup.ErrInconsistent) {
		t.Errorf("a shortened object: %v", err)
	}
	check(t, w.disk.Delete(t.Context(), key))
	if _, err := w.svc.Open(t.Context(), b, 0, b.Size); !errors.Is(err, backup.ErrInconsistent) {
		t.Errorf("a missing object: %v", err)
	}
	if err := w.svc.CheckObject(t.Context(), b); !errors.Is(err, backup.ErrInconsistent) {
		t.Errorf("Check: %v", err)
	}
	check(t, w.svc.Delete(t.Context(), u, b.ID))
	if _, err := w.svc.Open(t.Context(), b, 0, b.Size); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("deleted in the meantime: %v", err)
	}
	w.settled()
}

func TestOrphans(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user(tier.Pro)
	id := w.put(u, blob(1000), "")
	orphan := storetest.Key()
	check(t, w.disk.Put(t.Context(), orphan, bytes.NewReader(blob(10)), 10))
	if n, err := w.svc.RemoveOrphans(t.Context()); n != 0 || err != nil {
		t.Errorf("a young object was removed: %d, %v", n, err)
	}
	w.clock.advance(25 * time.Hour)
	w.store.on("Delete", down)
	if _, err := w.svc.RemoveOrphans(t.Context()); !errors.Is(err, backup.ErrStorage) {
		t.Errorf("with the store down: %v", err)
	}
	w.store.heal()
	if n, err := w.svc.RemoveOrphans(t.Context()); n != 1 || err != nil {
		t.Errorf("%d removed, %v", n, err)
	}
	w.latestIs(u, id, blob(1000))
	w.settled()
}

func TestRecount(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u, sound := w.user(tier.Pro), w.user(tier.Pro)
	w.put(u, blob(1000), "")
	w.put(sound, blob(700), "")
	w.fill(u, 77)
	drifts, err := w.svc.Recount(t.Context())
	check(t, err)
	want := backup.Drift{UserID: u.ID, Was: backup.Usage{Committed: 77}, Is: backup.Usage{Committed: 1000}}
	if len(drifts) != 1 || drifts[0] != want {
		t.Errorf("%+v, want %+v", drifts, want)
	}
	w.used(u, 1000, 0, 0)
	w.settled()
}
