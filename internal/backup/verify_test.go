package backup_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/testing/storetest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// TestVerify damages backups in every way and finds each; what is whole, deleted or on its way is no finding.
func TestVerify(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user(tier.Pro)
	file := func(id uuid.UUID) string { return filepath.Join(w.folder, u.ID.String(), id.String()) }
	w.put(u, blob(1000), "")
	check(t, w.svc.Delete(t.Context(), u, w.put(u, blob(10), "")))
	missing, short, flipped := w.put(u, blob(1001), ""), w.put(u, blob(1002), ""), w.put(u, blob(1003), "")
	check(t, os.Remove(file(missing)))
	check(t, os.Truncate(file(short), 5))
	damaged := blob(1003)
	damaged[500] ^= 1
	check(t, os.WriteFile(file(flipped), damaged, 0o600))
	orphan := storetest.Key()
	check(t, w.disk.Put(t.Context(), orphan, bytes.NewReader(blob(10)), 10))
	young := filepath.Join(w.folder, storetest.Key()+".partial")
	check(t, os.MkdirAll(filepath.Dir(young), 0o700))
	check(t, os.WriteFile(young, blob(5), 0o600))
	w.fill(u, 7)
	want := map[uuid.UUID]string{missing: "its object is missing", short: "its object has another size"}
	for _, readData := range []bool{false, true} {
		if readData {
			want[flipped] = "its bytes do not have their checksum"
		}
		seen := 0
		found, err := w.svc.Verify(t.Context(), readData, func(p backup.Progress) {
			if seen++; p.Checked != seen || p.Total != 4 {
				t.Errorf("progress: %+v, want %d of 4", p, seen)
			}
		})
		check(t, err)
		if found.Backups != 4 || found.Bytes != 4006 || seen != 4 {
			t.Errorf("checked: %+v, progress seen %d times", found, seen)
		}
		if len(found.Damaged) != len(want) {
			t.Errorf("damaged: %+v, want %v", found.Damaged, want)
		}
		for _, d := range found.Damaged {
			if want[d.ID] != d.Reason || d.UserID != u.ID {
				t.Errorf("%+v, want %q", d, want[d.ID])
			}
		}
		if len(found.Unknown) != 1 || found.Unknown[0].Key != orphan {
			t.Errorf("unknown: %+v, want %s", found.Unknown, orphan)
		}
		if drifted := len(found.Drifts) == 1; drifted == readData {
			t.Errorf("drifts: %+v, and the first run mends them", found.Drifts)
		}
	}
	w.used(u, 4006, 0, 0)
}

// TestVerifyAbandonedParts reports what an upload left a day ago.
func TestVerifyAbandonedParts(t *testing.T) {
	t.Parallel()
	w := setup(t)
	key := storetest.Key()
	name := filepath.Join(w.folder, key+".partial")
	check(t, os.MkdirAll(filepath.Dir(name), 0o700))
	check(t, os.WriteFile(name, blob(5), 0o600))
	w.clock.advance(25 * time.Hour)
	found, err := w.svc.Verify(t.Context(), false, nil)
	check(t, err)
	if len(found.Unknown) != 1 || found.Unknown[0].Key != key || !found.Unknown[0].Unfinished {
		t.Errorf("%+v", found)
	}
}

// TestVerifyWhileWeWork deletes a backup at the moment it is looked at, and takes the store and the database away.
func TestVerifyWhileWeWork(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user(tier.Pro)
	id := w.put(u, blob(1000), "")
	for _, moment := range []string{"Stat", "Get"} {
		w.store.on(moment, func() error {
			w.store.heal()
			check(t, w.svc.Delete(t.Context(), u, id))
			_, err := w.svc.Sweep(t.Context())
			return err
		})
		found, err := w.svc.Verify(t.Context(), true, nil)
		check(t, err)
		if len(found.Damaged) > 0 || len(found.Unknown) > 0 || len(found.Drifts) > 0 {
			t.Errorf("deleted before %s: %+v", moment, found)
		}
		id = w.put(u, blob(1000), "")
	}
	for _, moment := range []string{"Stat", "Get"} {
		w.store.on(moment, down)
		if found, err := w.svc.Verify(t.Context(), true, nil); !errors.Is(err, backup.ErrStorage) || len(found.Damaged) > 0 {
			t.Errorf("with the store away at %s: %+v, %v", moment, found, err)
		}
		w.store.heal()
	}
	w.settled()
	v := w.victim()
	v.kill()
	if _, err := v.svc.Verify(t.Context(), false, nil); !errors.Is(err, fault.ErrDatabase) {
		t.Errorf("without a database: %v", err)
	}
}
