// Package storetest is what every backup.Store has to pass: the promises of the interface, each as a test.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/backup"
)

// partsBytes is larger than three parts of any multipart upload we make.
const partsBytes = 40 << 20

// Run tests the store that open returns. The store may be shared by the subtests, and may hold other things already.
func Run(t *testing.T, open func(t *testing.T) backup.Store) {
	tests := map[string]func(*testing.T, backup.Store){
		"PutThenGet":                     putThenGet,
		"NothingIsReadableBeforeTheEnd":  nothingBeforeTheEnd,
		"AFailedBodyLeavesNothing":       failedBody,
		"ABodyOfAnotherSizeIsRefused":    otherSize,
		"AnEndedContextLeavesNothing":    endedContext,
		"Ranges":                         ranges,
		"AbsentObjects":                  absent,
		"DeleteIsRepeatable":             deleteTwice,
		"DeleteLeavesNeighboursAlone":    neighbours,
		"ADeletedObjectIsNeverHalfRead":  deletedWhileRead,
		"ListNamesEveryObject":           list,
		"ManyAtOnce":                     many,
		"HostileKeysAreRefused":          hostile,
		"SeveralPartsAreBitExact":        severalParts,
		"TheBodysOwnErrorIsInsideTheOne": ownError,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// Key returns a key that was never used.
func Key() string { return uuid.NewString() + "/" + uuid.NewString() }

// Blob returns n bytes that no compression makes smaller, the same for the same n.
func Blob(n int) []byte {
	blob := make([]byte, n)
	source := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
	if _, err := source.Read(blob); err != nil {
		panic(err) // it never fails
	}
	return blob
}

func put(t *testing.T, s backup.Store, key string, blob []byte) {
	t.Helper()
	if err := s.Put(t.Context(), key, bytes.NewReader(blob), int64(len(blob))); err != nil {
		t.Fatalf("Put: %v", err)
	}
}

func get(t *testing.T, s backup.Store, key string, offset, length int64) []byte {
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

// gone fails unless nothing is readable under key.
func gone(t *testing.T, s backup.Store, key string) {
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

// listed returns the entries of one key.
func listed(t *testing.T, s backup.Store, key string) (found []backup.Object) {
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
		put(t, s, key, blob)
		if size, err := s.Stat(t.Context(), key); err != nil || size != int64(n) {
			t.Errorf("Stat: %d, %v, want %d", size, err, n)
		}
		if !bytes.Equal(get(t, s, key, 0, int64(n)), blob) {
			t.Errorf("%d bytes came back different", n)
		}
	}
}

func severalParts(t *testing.T, s backup.Store) {
	key, blob := Key(), Blob(partsBytes)
	put(t, s, key, blob)
	if !bytes.Equal(get(t, s, key, 0, partsBytes), blob) {
		t.Error("the blob came back different")
	}
	if err := s.Delete(t.Context(), key); err != nil {
		t.Error(err)
	}
}

func nothingBeforeTheEnd(t *testing.T, s backup.Store) {
	key, blob := Key(), Blob(100_000)
	reader, writer := io.Pipe()
	stored := make(chan error, 1)
	go func() { stored <- s.Put(t.Context(), key, reader, int64(len(blob))) }()
	if _, err := writer.Write(blob); err != nil {
		t.Fatal(err)
	}
	gone(t, s, key)
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-stored; err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(get(t, s, key, 0, int64(len(blob))), blob) {
		t.Error("the blob came back different")
	}
}

var errBody = errors.New("the body broke")

func failedBody(t *testing.T, s backup.Store) {
	for _, n := range []int{0, 1000, partsBytes / 2} {
		key := Key()
		body := io.MultiReader(bytes.NewReader(Blob(n)), iotest.ErrReader(errBody))
		if err := s.Put(t.Context(), key, body, int64(n)); err == nil {
			t.Errorf("after %d bytes: no error", n)
		}
		gone(t, s, key)
		if left := listed(t, s, key); len(left) > 0 {
			t.Errorf("after %d bytes: left %+v", n, left)
		}
	}
}

func ownError(t *testing.T, s backup.Store) {
	for _, n := range []int{0, 1000, partsBytes / 2} {
		body := io.MultiReader(bytes.NewReader(Blob(n)), iotest.ErrReader(errBody))
		if err := s.Put(t.Context(), Key(), body, partsBytes); !errors.Is(err, errBody) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

func otherSize(t *testing.T, s backup.Store) {
	for _, declared := range []int64{999, 1001, partsBytes} {
		key := Key()
		if err := s.Put(t.Context(), key, bytes.NewReader(Blob(1000)), declared); err == nil {
			t.Errorf("1000 bytes passed for %d", declared)
		}
		gone(t, s, key)
	}
}

func endedContext(t *testing.T, s backup.Store) {
	key := Key()
	ctx, cancel := context.WithCancel(t.Context())
	blob := Blob(100_000)
	body := io.MultiReader(bytes.NewReader(blob[:50_000]), &hook{func() { cancel() }}, bytes.NewReader(blob[50_000:]))
	if err := s.Put(ctx, key, body, int64(len(blob))); err == nil {
		t.Error("no error")
	}
	gone(t, s, key)
	if err := s.Delete(t.Context(), key); err != nil {
		t.Error(err)
	}
	if left := listed(t, s, key); len(left) > 0 {
		t.Errorf("left %+v", left)
	}
}

// hook is an empty reader that does something when it is read.
type hook struct{ do func() }

// Read does it.
func (h *hook) Read([]byte) (int, error) {
	h.do()
	return 0, io.EOF
}
