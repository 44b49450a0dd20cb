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

// Intact and deleted backups and uploads in progress are not reported.
func TestVerifyFindsEveryKindOfDamage(t *testing.T) {
	t.Parallel()
	e := setup(t)
	u := e.user(tier.Pro)
	file := func(id uuid.UUID) string { return filepath.Join(e.folder, u.ID.String(), id.String()) }
	e.put(u, blob(1000), "")
	must(t, e.svc.Delete(t.Context(), u, e.put(u, blob(10), ""), backup.Precondition{}))
	missing, short, flipped := e.put(u, blob(1001), ""), e.put(u, blob(1002), ""), e.put(u, blob(1003), "")
	must(t, os.Remove(file(missing)))
	must(t, os.Truncate(file(short), 5))
	damaged := blob(1003)
	damaged[500] ^= 1
	must(t, os.WriteFile(file(flipped), damaged, 0o600))
	orphan := storetest.Key()
	must(t, e.disk.Put(t.Context(), orphan, bytes.NewReader(blob(10)), 10))
	young := filepath.Join(e.folder, storetest.Key()+".partial")
	must(t, os.MkdirAll(filepath.Dir(young), 0o700))
	must(t, os.WriteFile(young, blob(5), 0o600))
	e.setCommitted(u, 7)
	want := map[uuid.UUID]string{missing: "its object is missing", short: "its object has another size"}
	for _, readData := range []bool{false, true} {
		if readData {
			want[flipped] = "its bytes do not have their checksum"
		}
		seen := 0
		found, err := e.svc.Verify(t.Context(), readData, func(p backup.Progress) {
			if seen++; p.Checked != seen || p.Total != 4 {
				t.Errorf("progress %+v, want %d of 4", p, seen)
			}
		})
		must(t, err)
		if found.Backups != 4 || found.Bytes != 4006 || seen != 4 {
			t.Errorf("verified %+v with %d progress reports, want 4 backups of 4006 bytes and 4 reports", found, seen)
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
			t.Errorf("drifts %+v with readData %v, want one in the first run only", found.Drifts, readData)
		}
	}
	e.wantUsage(u, 4006, 0, 0)
}

func TestVerifyReportsAbandonedParts(t *testing.T) {
	t.Parallel()
	e := setup(t)
	key := storetest.Key()
	name := filepath.Join(e.folder, key+".partial")
	must(t, os.MkdirAll(filepath.Dir(name), 0o700))
	must(t, os.WriteFile(name, blob(5), 0o600))
	e.advance(25 * time.Hour)
	found, err := e.svc.Verify(t.Context(), false, nil)
	must(t, err)
	if len(found.Unknown) != 1 || found.Unknown[0].Key != key || !found.Unknown[0].Unfinished {
		t.Errorf("Verify = %+v, want the abandoned parts as the only unknown object", found)
	}
}

// A backup is deleted while Verify looks at it, then the store and the database stop responding.
func TestVerifyToleratesDeletionsAndReportsOutages(t *testing.T) {
	t.Parallel()
	e := setup(t)
	u := e.user(tier.Pro)
	id := e.put(u, blob(1000), "")
	for _, moment := range []string{"Stat", "Get"} {
		e.store.before(moment, func() error {
			e.store.reset()
			must(t, e.svc.Delete(t.Context(), u, id, backup.Precondition{}))
			_, err := e.svc.Sweep(t.Context())
			return err
		})
		found, err := e.svc.Verify(t.Context(), true, nil)
		must(t, err)
		if len(found.Damaged) > 0 || len(found.Unknown) > 0 || len(found.Drifts) > 0 {
			t.Errorf("deleted before %s: %+v", moment, found)
		}
		id = e.put(u, blob(1000), "")
	}
	for _, moment := range []string{"Stat", "Get"} {
		e.store.before(moment, storeDown)
		found, err := e.svc.Verify(t.Context(), true, nil)
		if !errors.Is(err, backup.ErrStorage) || len(found.Damaged) > 0 {
			t.Errorf("store outage at %s: %+v, %v, want %v and no damage", moment, found, err, backup.ErrStorage)
		}
		e.store.reset()
	}
	e.wantConsistent()
	replica := e.newCrashingReplica()
	replica.crash()
	if _, err := replica.svc.Verify(t.Context(), false, nil); !errors.Is(err, fault.ErrDatabase) {
		t.Errorf("without a database: %v, want %v", err, fault.ErrDatabase)
	}
}
