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

var nobody = uuid.Nil

func TestForeignAndUnknownLookAlike(t *testing.T) {
	t.Parallel()
	w := setup(t)
	owner, other := w.user(tier.Pro), w.user(tier.Pro)
	id := w.put(owner, blob(1000), "")
	w.put(other, blob(10), "")
	for name, x := range map[string]uuid.UUID{"foreign": id, "unknown": uuid.New()} {
		_, found := w.svc.Find(t.Context(), other, x)
		_, listed := w.svc.History(t.Context(), other, 50, x)
		for call, err := range map[string]error{"Find": found, "Delete": w.svc.Delete(t.Context(), other, x), "History": listed} {
			if !errors.Is(err, fault.ErrNotFound) || fault.From(err).Message != fault.ErrNotFound.Message {
				t.Errorf("%s of a %s id: %v", call, name, err)
			}
		}
	}
	w.latestIs(owner, id, blob(1000))
	w.used(owner, 1000, 0, 0)
}

func TestHistory(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user(tier.Team)
	var ids []uuid.UUID // newest first
	for i := range 7 {
		ids = append([]uuid.UUID{w.put(u, blob(i), "")}, ids...)
	}
	page := func(limit int, before uuid.UUID, want []uuid.UUID) {
		t.Helper()
		list, err := w.svc.History(t.Context(), u, limit, before)
		check(t, err)
		if len(list) != len(want) {
			t.Fatalf("%d entries, want %d", len(list), len(want))
		}
		for i := range list {
			if list[i].ID != want[i] || list[i].UserID != u.ID || list[i].CommittedAt.IsZero() {
				t.Errorf("entry %d is %+v, want %s", i, list[i], want[i])
			}
		}
	}
	page(50, nobody, ids)
	page(3, nobody, ids[:3])
	page(3, ids[2], ids[3:6])
	page(3, ids[6], nil)
	check(t, w.svc.Delete(t.Context(), u, ids[2]))
	page(3, ids[2], ids[3:6])
	page(3, ids[1], ids[3:6])
}

func TestC103_DeleteWithTheStoreDown(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user(tier.Pro)
	first := w.put(u, blob(1000), "")
	second := w.put(u, blob(2000), "")
	w.store.on("Delete", down)
	check(t, w.svc.Delete(t.Context(), u, second))
	w.used(u, 1000, 0, 0)
	if _, err := w.svc.Sweep(t.Context()); !errors.Is(err, backup.ErrStorage) {
		t.Errorf("a sweep with the store down: %v", err)
	}
	check(t, w.svc.Delete(t.Context(), u, second))
	w.store.heal()
	w.settled()
	check(t, w.svc.Delete(t.Context(), u, second))
	w.used(u, 1000, 0, 0)
	w.latestIs(u, first, blob(1000))
}

// TestDateIdentifies moves the clock within a second and beyond.
func TestDateIdentifies(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.clock.at.Store(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro())
	u := w.user(tier.Pro)
	is := func(id uuid.UUID, latest, want bool) {
		t.Helper()
		b, err := w.svc.Find(t.Context(), u, id)
		check(t, err)
		if got, err := w.svc.DateIdentifies(t.Context(), b, latest); err != nil || got != want {
			t.Errorf("%v, %v, want %v", got, err, want)
		}
	}
	a := w.put(u, blob(1), "")
	is(a, true, true)
	w.clock.advance(999 * time.Millisecond)
	b := w.put(u, blob(2), "")
	is(a, false, false)
	is(b, true, false)
	w.clock.advance(time.Millisecond)
	c := w.put(u, blob(3), "")
	is(c, true, true)
	w.clock.advance(time.Hour)
	d := w.put(u, blob(4), "")
	is(c, false, true)
	check(t, w.svc.Delete(t.Context(), u, d))
	is(c, false, true)
	is(c, true, false) // whoever holds d must learn that c is the latest again
}

func TestPurgeUser(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u, other := w.user(tier.Pro), w.user(tier.Pro)
	w.put(u, blob(1000), "")
	gone := w.put(u, blob(2000), "")
	kept := w.put(other, blob(300), "")
	check(t, w.svc.Delete(t.Context(), u, gone))
	body, ended := w.start(func(r io.Reader) (backup.Receipt, error) {
		return w.svc.Put(t.Context(), u, upload(blob(1000), ""), r)
	}, blob(1000))
	_, err := w.db.Pool.Exec(t.Context(), `UPDATE users SET deleted_at = now() WHERE id = $1`, u.ID)
	check(t, err)
	w.store.on("Delete", down)
	if err := w.svc.PurgeUser(t.Context(), u.ID); !errors.Is(err, backup.ErrStorage) {
		t.Errorf("with the store down: %v", err)
	}
	w.store.heal()
	w.clock.advance(time.Second)
	if err := w.svc.PurgeUser(t.Context(), u.ID); err == nil {
		t.Error("done, while an upload is in progress")
	}
	if _, err := w.svc.Put(t.Context(), u, upload(blob(1), ""), bytes.NewReader(blob(1))); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("a new upload: %v", err)
	}
	close(body.goOn)
	if err := <-ended; !errors.Is(err, backup.ErrExpired) {
		t.Errorf("the upload in progress: %v", err)
	}
	w.clock.advance(2 * time.Minute)
	for range 2 {
		check(t, w.svc.PurgeUser(t.Context(), u.ID))
	}
	w.latestIs(other, kept, blob(300))
	_, err = w.db.Pool.Exec(t.Context(), `DELETE FROM users WHERE id = $1`, u.ID)
	check(t, err)
	w.settled()
}
