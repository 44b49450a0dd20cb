package storetest

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/backup"
)

func ranges(t *testing.T, s backup.Store) {
	key, blob := Key(), Blob(10_000)
	put(t, s, key, blob)
	for _, r := range [][2]int64{{0, 1}, {0, 10_000}, {9_999, 1}, {5_000, 0}, {10_000, 0}, {1_234, 4_321}} {
		if !bytes.Equal(get(t, s, key, r[0], r[1]), blob[r[0]:r[0]+r[1]]) {
			t.Errorf("range %v is wrong", r)
		}
	}
	for _, r := range [][2]int64{{0, 10_001}, {9_999, 2}, {10_001, 1}, {-1, 5}, {0, -1}} {
		body, err := s.Get(t.Context(), key, r[0], r[1])
		if err == nil {
			_, err = io.ReadAll(body)
			_ = body.Close()
		}
		if err == nil {
			t.Errorf("range %v was answered", r)
		}
	}
}

func absent(t *testing.T, s backup.Store) {
	gone(t, s, Key())
	if err := s.Delete(t.Context(), Key()); err != nil {
		t.Errorf("Delete: %v", err)
	}
}

func deleteTwice(t *testing.T, s backup.Store) {
	key := Key()
	put(t, s, key, Blob(1000))
	for range 2 {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		gone(t, s, key)
	}
	put(t, s, key, Blob(2000))
	if !bytes.Equal(get(t, s, key, 0, 2000), Blob(2000)) {
		t.Error("the second blob came back different")
	}
}

func neighbours(t *testing.T, s backup.Store) {
	user := uuid.NewString()
	kept, dropped := user+"/"+uuid.NewString(), user+"/"+uuid.NewString()
	put(t, s, kept, Blob(1000))
	put(t, s, dropped, Blob(2000))
	if err := s.Delete(t.Context(), dropped); err != nil {
		t.Fatal(err)
	}
	gone(t, s, dropped)
	if !bytes.Equal(get(t, s, kept, 0, 1000), Blob(1000)) {
		t.Error("the neighbour changed")
	}
}

func deletedWhileRead(t *testing.T, s backup.Store) {
	key, blob := Key(), Blob(8<<20)
	put(t, s, key, blob)
	body, err := s.Get(t.Context(), key, 0, int64(len(blob)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = body.Close() }()
	head := make([]byte, 1000)
	if _, err := io.ReadFull(body, head); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(body)
	if got := append(head, rest...); err == nil && !bytes.Equal(got, blob) {
		t.Errorf("%d bytes without an error, and not the right ones", len(got))
	}
}

func list(t *testing.T, s backup.Store) {
	key := Key()
	put(t, s, key, Blob(1234))
	found := listed(t, s, key)
	if len(found) != 1 || found[0].Size != 1234 || found[0].Unfinished || found[0].ModifiedAt.IsZero() {
		t.Errorf("%+v", found)
	}
	stop := errors.New("enough")
	if err := s.List(t.Context(), func(backup.Object) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("List went on after an error: %v", err)
	}
}

func many(t *testing.T, s backup.Store) {
	user := uuid.NewString()
	var group sync.WaitGroup
	for i := range 24 {
		group.Go(func() {
			key, blob := user+"/"+uuid.NewString(), Blob(10_000+i)
			if err := s.Put(t.Context(), key, bytes.NewReader(blob), int64(len(blob))); err != nil {
				t.Error(err)
				return
			}
			body, err := s.Get(t.Context(), key, 0, int64(len(blob)))
			if err != nil {
				t.Error(err)
				return
			}
			data, err := io.ReadAll(body)
			if err := errors.Join(err, body.Close(), s.Delete(t.Context(), key)); err != nil || !bytes.Equal(data, blob) {
				t.Errorf("blob %d: %v", i, err)
			}
		})
	}
	group.Wait()
}

func hostile(t *testing.T, s backup.Store) {
	good := uuid.NewString()
	for _, key := range []string{
		"", "/", "..", good, good + "/", good + "/..", "../" + good, "/" + good + "/" + good, good + "/../../" + good,
		good + "/" + good + "/" + good, good + "//" + good, good + "/" + good + "\x00", "{" + good + "}/" + good, good + "\\" + good,
	} {
		if err := s.Put(t.Context(), key, bytes.NewReader(nil), 0); err == nil {
			t.Errorf("Put took %q", key)
		}
		if body, err := s.Get(t.Context(), key, 0, 0); err == nil {
			_ = body.Close()
			t.Errorf("Get took %q", key)
		}
	}
}
