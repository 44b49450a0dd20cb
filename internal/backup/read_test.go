package backup_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/tier"
)

// fromNewest is the cursor of the first page of a history.
var fromNewest = uuid.Nil

func TestForeignAndUnknownBackupsAreBothNotFound(t *testing.T) {
	t.Parallel()
	e := setup(t)
	owner, other := e.user(tier.Pro), e.user(tier.Pro)
	id := e.put(owner, blob(1000), "")
	e.put(other, blob(10), "")
	for name, x := range map[string]uuid.UUID{"foreign": id, "unknown": uuid.New()} {
		_, found := e.svc.Find(t.Context(), other, x)
		_, listed := e.svc.History(t.Context(), other, 50, x)
		deleted := e.svc.Delete(t.Context(), other, x, backup.Precondition{})
		for call, err := range map[string]error{"Find": found, "Delete": deleted, "History": listed} {
			if !errors.Is(err, fault.ErrNotFound) || fault.From(err).Message != fault.ErrNotFound.Message {
				t.Errorf("%s of a %s id: %v, want %v", call, name, err, fault.ErrNotFound)
			}
		}
	}
	e.wantLatest(owner, id, blob(1000))
	e.wantUsage(owner, 1000, 0, 0)
}

func TestHistoryPagesFromNewestToOldest(t *testing.T) {
	t.Parallel()
	e := setup(t)
	u := e.user(tier.Team)
	var ids []uuid.UUID // newest first
	for i := range 7 {
		ids = append([]uuid.UUID{e.put(u, blob(i), "")}, ids...)
	}
	page := func(limit int, before uuid.UUID, want []uuid.UUID) {
		t.Helper()
		list, err := e.svc.History(t.Context(), u, limit, before)
		must(t, err)
		if len(list) != len(want) {
			t.Fatalf("%d entries, want %d", len(list), len(want))
		}
		for i := range list {
			if list[i].ID != want[i] || list[i].UserID != u.ID || list[i].CommittedAt.IsZero() {
				t.Errorf("entry %d is %+v, want %s", i, list[i], want[i])
			}
		}
	}
	page(50, fromNewest, ids)
	page(3, fromNewest, ids[:3])
	page(3, ids[2], ids[3:6])
	page(3, ids[6], nil)
	must(t, e.svc.Delete(t.Context(), u, ids[2], backup.Precondition{}))
	page(3, ids[2], ids[3:6])
	page(3, ids[1], ids[3:6])
}

func TestDeleteSucceedsDuringAStoreOutage(t *testing.T) {
	t.Attr("case", "C103")
	t.Parallel()
	e := setup(t)
	u := e.user(tier.Pro)
	first := e.put(u, blob(1000), "")
	second := e.put(u, blob(2000), "")
	e.store.before("Delete", storeDown)
	must(t, e.svc.Delete(t.Context(), u, second, backup.Precondition{}))
	e.wantUsage(u, 1000, 0, 0)
	if _, err := e.svc.Sweep(t.Context()); !errors.Is(err, backup.ErrStorage) {
		t.Errorf("Sweep during the outage: %v, want %v", err, backup.ErrStorage)
	}
	must(t, e.svc.Delete(t.Context(), u, second, backup.Precondition{}))
	e.store.reset()
	e.wantConsistent()
	must(t, e.svc.Delete(t.Context(), u, second, backup.Precondition{}))
	e.wantUsage(u, 1000, 0, 0)
	e.wantLatest(u, first, blob(1000))
}

func TestLastModifiedUsableOnlyABackupAloneInItsSecond(t *testing.T) {
	t.Parallel()
	e := setup(t)
	e.clock.at.Store(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro())
	u := e.user(tier.Pro)
	is := func(id uuid.UUID, latest, want bool) {
		t.Helper()
		b, err := e.svc.Find(t.Context(), u, id)
		must(t, err)
		if got, err := e.svc.LastModifiedUsable(t.Context(), b, latest); err != nil || got != want {
			t.Errorf("LastModifiedUsable = %v, %v, want %v", got, err, want)
		}
	}
	a := e.put(u, blob(1), "")
	is(a, true, true)
	e.advance(999 * time.Millisecond)
	b := e.put(u, blob(2), "")
	is(a, false, false)
	is(b, true, false)
	e.advance(time.Millisecond)
	c := e.put(u, blob(3), "")
	is(c, true, true)
	e.advance(time.Hour)
	d := e.put(u, blob(4), "")
	is(c, false, true)
	must(t, e.svc.Delete(t.Context(), u, d, backup.Precondition{}))
	is(c, false, true)
	is(c, true, false) // a client that has d must learn that c is the latest again
}

func TestPurgeUserRemovesEverythingOfThatUser(t *testing.T) {
	t.Parallel()
	e := setup(t)
	u, other := e.user(tier.Pro), e.user(tier.Pro)
	e.put(u, blob(1000), "")
	deleted := e.put(u, blob(2000), "")
	kept := e.put(other, blob(300), "")
	must(t, e.svc.Delete(t.Context(), u, deleted, backup.Precondition{}))
	body, done := e.startUpload(func(r io.Reader) (backup.Receipt, error) {
		return e.svc.Put(t.Context(), u, upload(blob(1000), ""), r)
	}, blob(1000))
	_, err := e.db.Pool.Exec(t.Context(), `UPDATE users SET deleted_at = now() WHERE id = $1`, u.ID)
	must(t, err)
	e.store.before("Delete", storeDown)
	if err := e.svc.PurgeUser(t.Context(), u.ID); !errors.Is(err, backup.ErrStorage) {
		t.Errorf("PurgeUser during a store outage: %v, want %v", err, backup.ErrStorage)
	}
	e.store.reset()
	e.advance(time.Second)
	if err := e.svc.PurgeUser(t.Context(), u.ID); err == nil {
		t.Error("PurgeUser succeeded while an upload was in progress")
	}
	if err := e.tryPut(u, blob(1), "", bytes.NewReader(blob(1))); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("a new upload: %v, want %v", err, fault.ErrNotFound)
	}
	close(body.resume)
	if err := <-done; !errors.Is(err, backup.ErrExpired) {
		t.Errorf("the upload in progress: %v, want %v", err, backup.ErrExpired)
	}
	e.advance(2 * time.Minute)
	for range 2 {
		must(t, e.svc.PurgeUser(t.Context(), u.ID))
	}
	e.wantLatest(other, kept, blob(300))
	_, err = e.db.Pool.Exec(t.Context(), `DELETE FROM users WHERE id = $1`, u.ID)
	must(t, err)
	e.wantConsistent()
}
