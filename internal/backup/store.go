package backup

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/fault"
)

// ErrNoObject is returned by a Store that has no complete object under a key.
var ErrNoObject = errors.New("backup: no such object in the store")

// Object is an entry in the listing of a Store.
type Object struct {
	Key        string
	Size       int64 // bytes; for an unfinished object, those received so far
	ModifiedAt time.Time
	Unfinished bool // left by an interrupted Put; Delete removes it
}

var errInvalidKey = errors.New("backup: a key is two lower-case UUIDs with a slash between them")

// CheckKey returns an error unless key has the form of this package's keys, "{user_id}/{backup_id}". Stores call it
// first, so that no key can address anything outside of them.
func CheckKey(key string) error {
	user, id, _ := strings.Cut(key, "/")
	for _, part := range []string{user, id} {
		if parsed, err := uuid.Parse(part); err != nil || parsed.String() != part {
			return errInvalidKey
		}
	}
	return nil
}

// Presigner is implemented by a Store from which clients can download directly.
type Presigner interface {
	// Presign returns a URL that serves the object, ranges included, without further credentials until ttl is over.
	Presign(ctx context.Context, key string, ttl time.Duration) (url string, err error)
}

// Store keeps objects under keys of the form "{user_id}/{backup_id}", each written once. Package storetest tests every
// implementation against this contract.
type Store interface {
	// Put stores the size bytes of body durably and then returns nil; until then nothing is readable under key.
	// When body fails or ctx ends, nothing becomes readable, and the returned error wraps the one of body. body
	// returns io.EOF only after its bytes were verified, so the object must not be completed before that.
	Put(ctx context.Context, key string, body io.Reader, size int64) error
	// Get returns length bytes from offset; the caller closes the reader, which fails rather than end early. Get
	// returns ErrNoObject, or another error when the object has no such range.
	Get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error)
	// Stat returns the object's size, or ErrNoObject.
	Stat(ctx context.Context, key string) (size int64, err error)
	// Delete removes the object and the remains of interrupted Puts under key. It is no error when there is nothing.
	Delete(ctx context.Context, key string) error
	// List calls visit with every object, unfinished ones included, in any order, until visit returns an error.
	List(ctx context.Context, visit func(Object) error) error
}

// storageError returns err as ErrStorage, unless it is nil, a fault already, or the caller's cancellation.
func storageError(err error) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	return ErrStorage.WithCause(err)
}
