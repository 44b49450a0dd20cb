// Package storetest is the test suite for implementations of backup.Store: one test for each part of its contract.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/backup"
)

// multipartSize is larger than three parts of any multipart upload.
const multipartSize = 40 << 20

// Run tests the stores that open returns. The subtests may share one store, and it need not be empty.
func Run(t *testing.T, open func(t *testing.T) backup.Store) {
	tests := map[string]func(*testing.T, backup.Store){
		"PutThenGet":                            putThenGet,
		"ObjectsAreInvisibleUntilComplete":      invisibleUntilComplete,
		"FailedBodyLeavesNothing":               failedBody,
		"WrongSizeIsRefused":                    wrongSize,
		"EndedContextLeavesNothing":             endedContext,
		"RangeReads":                            rangeReads,
		"AbsentObjects":                         absentObjects,
		"DeleteIsRepeatable":                    deleteTwice,
		"DeleteKeepsOtherObjects":               neighbours,
		"DeletedObjectIsNeverSilentlyTruncated": deletedDuringRead,
		"ListReturnsEveryObject":                listing,
		"ConcurrentUse":                         concurrentUse,
		"InvalidKeysAreRefused":                 invalidKeys,
		"MultipartUploadIsExact":                severalParts,
		"PutWrapsTheErrorOfTheBody":             wrapsBodyError,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// Key returns a new random key.
func Key() string { return uuid.NewString() + "/" + uuid.NewString() }

// Blob returns n incompressible bytes, the same for the same n.
func Blob(n int) []byte {
	blob := make([]byte, n)
	source := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
	if _, err := source.Read(blob); err != nil {
		panic(err) // ChaCha8 never fails
	}
	return blob
}

func mustPut(t *testing.T, s backup.Store, key string, blob []byte) {
	t.Helper()
	if err := s.Put(t.Context(), key, bytes.NewReader(blob), int64(len(blob))); err != nil {
		t.Fatalf("Put: %v", err)
	}
}

func mustGet(t *testing.T, s backup.Store, key string, offset, length int64) []byte {
	t.Helper()
	body, err := s.Get(t.Context(), key, offset, length)
	if err != nil {
		t.Fatalf("Get %d+%d: %v", offset, length, err)
	}
	defer func() {
		if err := body.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}()
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatalf("reading %d+%d: %v", offset, length, err)
	}
	return data
}

// wantAbsent fails the test unless nothing is readable under key.
func wantAbsent(t *testing.T, s backup.Store, key string) {
	t.Helper()
	if _, err := s.Stat(t.Context(), key); !errors.Is(err, backup.ErrNoObject) {
		t.Errorf("Stat: %v, want ErrNoObject", err)
	}
	body, err := s.Get(t.Context(), key, 0, 1)
	if err == nil {
		_, err = io.ReadAll(body)
		_ = body.Close()
	}
	if !errors.Is(err, backup.ErrNoObject) {
		t.Errorf("Get: %v, want ErrNoObject", err)
	}
}

// entriesOf returns the listed objects with that key.
func entriesOf(t *testing.T, s backup.Store, key string) (found []backup.Object) {
	t.Helper()
	err := s.List(t.Context(), func(o backup.Object) error {
		if o.Key == key {
			found = append(found, o)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	return found
}

func putThenGet(t *testing.T, s backup.Store) {
	for _, n := range []int{0, 1, 4096, 1<<20 + 1} {
		key, blob := Key(), Blob(n)
		mustPut(t, s, key, blob)
		if size, err := s.Stat(t.Context(), key); err != nil || size != int64(n) {
			t.Errorf("Stat: %d, %v, want %d", size, err, n)
		}
		if !bytes.Equal(mustGet(t, s, key, 0, int64(n)), blob) {
			t.Errorf("%d bytes were read back different", n)
		}
	}
}

func severalParts(t *testing.T, s backup.Store) {
	key, blob := Key(), Blob(multipartSize)
	mustPut(t, s, key, blob)
	if !bytes.Equal(mustGet(t, s, key, 0, multipartSize), blob) {
		t.Error("the object was read back different")
	}
	if err := s.Delete(t.Context(), key); err != nil {
		t.Error(err)
	}
}

func invisibleUntilComplete(t *testing.T, s backup.Store) {
	key, blob := Key(), Blob(100_000)
	reader, writer := io.Pipe()
	stored := make(chan error, 1)
	go func() { stored <- s.Put(t.Context(), key, reader, int64(len(blob))) }()
	if _, err := writer.Write(blob); err != nil {
		t.Fatal(err)
	}
	wantAbsent(t, s, key)
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-stored; err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(mustGet(t, s, key, 0, int64(len(blob))), blob) {
		t.Error("the object was read back different")
	}
}

var errBody = errors.New("the body failed")

func failedBody(t *testing.T, s backup.Store) {
	for _, n := range []int{0, 1000, multipartSize / 2} {
		key := Key()
		body := io.MultiReader(bytes.NewReader(Blob(n)), iotest.ErrReader(errBody))
		if err := s.Put(t.Context(), key, body, int64(n)); err == nil {
			t.Errorf("body failing after %d bytes: no error", n)
		}
		wantAbsent(t, s, key)
		if left := entriesOf(t, s, key); len(left) > 0 {
			t.Errorf("body failing after %d bytes: left %+v behind", n, left)
		}
	}
}

func wrapsBodyError(t *testing.T, s backup.Store) {
	for _, n := range []int{0, 1000, multipartSize / 2} {
		body := io.MultiReader(bytes.NewReader(Blob(n)), iotest.ErrReader(errBody))
		if err := s.Put(t.Context(), Key(), body, multipartSize); !errors.Is(err, errBody) {
			t.Errorf("body failing after %d bytes: %v, want %v", n, err, errBody)
		}
	}
}

func wrongSize(t *testing.T, s backup.Store) {
	for _, declared := range []int64{999, 1001, multipartSize} {
		key := Key()
		if err := s.Put(t.Context(), key, bytes.NewReader(Blob(1000)), declared); err == nil {
			t.Errorf("1000 bytes were accepted as %d", declared)
		}
		wantAbsent(t, s, key)
	}
}

func endedContext(t *testing.T, s backup.Store) {
	key := Key()
	ctx, cancel := context.WithCancel(t.Context())
	blob := Blob(100_000)
	body := io.MultiReader(bytes.NewReader(blob[:50_000]), hookReader(cancel), bytes.NewReader(blob[50_000:]))
	if err := s.Put(ctx, key, body, int64(len(blob))); err == nil {
		t.Error("Put with an ended context: no error")
	}
	wantAbsent(t, s, key)
	if err := s.Delete(t.Context(), key); err != nil {
		t.Error(err)
	}
	if left := entriesOf(t, s, key); len(left) > 0 {
		t.Errorf("left behind: %+v", left)
	}
}

// hookReader is an empty reader that calls a function when it is read.
type hookReader func()

func (h hookReader) Read([]byte) (int, error) {
	h()
	return 0, io.EOF
}

func rangeReads(t *testing.T, s backup.Store) {
	key, blob := Key(), Blob(10_000)
	mustPut(t, s, key, blob)
	for _, r := range [][2]int64{{0, 1}, {0, 10_000}, {9_999, 1}, {5_000, 0}, {10_000, 0}, {1_234, 4_321}} {
		if !bytes.Equal(mustGet(t, s, key, r[0], r[1]), blob[r[0]:r[0]+r[1]]) {
			t.Errorf("range %v returned wrong bytes", r)
		}
	}
	for _, r := range [][2]int64{{0, 10_001}, {9_999, 2}, {10_001, 1}, {-1, 5}, {0, -1}} {
		body, err := s.Get(t.Context(), key, r[0], r[1])
		if err == nil {
			_, err = io.ReadAll(body)
			_ = body.Close()
		}
		if err == nil {
			t.Errorf("invalid range %v: no error", r)
		}
	}
}

func absentObjects(t *testing.T, s backup.Store) {
	wantAbsent(t, s, Key())
	if err := s.Delete(t.Context(), Key()); err != nil {
		t.Errorf("Delete: %v", err)
	}
}

func deleteTwice(t *testing.T, s backup.Store) {
	key := Key()
	mustPut(t, s, key, Blob(1000))
	for range 2 {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		wantAbsent(t, s, key)
	}
	mustPut(t, s, key, Blob(2000))
	if !bytes.Equal(mustGet(t, s, key, 0, 2000), Blob(2000)) {
		t.Error("the second object was read back different")
	}
}

func neighbours(t *testing.T, s backup.Store) {
	user := uuid.NewString()
	kept, deleted := user+"/"+uuid.NewString(), user+"/"+uuid.NewString()
	mustPut(t, s, kept, Blob(1000))
	mustPut(t, s, deleted, Blob(2000))
	if err := s.Delete(t.Context(), deleted); err != nil {
		t.Fatal(err)
	}
	wantAbsent(t, s, deleted)
	if !bytes.Equal(mustGet(t, s, kept, 0, 1000), Blob(1000)) {
		t.Error("the other object of the user changed")
	}
}

func deletedDuringRead(t *testing.T, s backup.Store) {
	key, blob := Key(), Blob(8<<20)
	mustPut(t, s, key, blob)
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
		t.Errorf("read %d wrong bytes without an error", len(got))
	}
}

func listing(t *testing.T, s backup.Store) {
	key := Key()
	mustPut(t, s, key, Blob(1234))
	found := entriesOf(t, s, key)
	if len(found) != 1 || found[0].Size != 1234 || found[0].Unfinished || found[0].ModifiedAt.IsZero() {
		t.Errorf("listed %+v, want one complete object of 1234 bytes", found)
	}
	stop := errors.New("stop")
	if err := s.List(t.Context(), func(backup.Object) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("List: %v, want the error of visit", err)
	}
}

func concurrentUse(t *testing.T, s backup.Store) {
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
			err = errors.Join(err, body.Close(), s.Delete(t.Context(), key))
			if err != nil || !bytes.Equal(data, blob) {
				t.Errorf("object %d: %v; or its bytes differ", i, err)
			}
		})
	}
	group.Wait()
}

func invalidKeys(t *testing.T, s backup.Store) {
	id := uuid.NewString()
	for _, key := range []string{
		"", "/", "..", id, id + "/", id + "/..", "../" + id, "/" + id + "/" + id, id + "/../../" + id,
		id + "/" + id + "/" + id, id + "//" + id, id + "/" + id + "\x00", "{" + id + "}/" + id, id + "\\" + id,
	} {
		if err := s.Put(t.Context(), key, bytes.NewReader(nil), 0); err == nil {
			t.Errorf("Put accepted the key %q", key)
		}
		if body, err := s.Get(t.Context(), key, 0, 0); err == nil {
			_ = body.Close()
			t.Errorf("Get accepted the key %q", key)
		}
	}
}
