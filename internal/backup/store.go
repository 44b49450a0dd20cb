package backup

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
)

// ErrNoObject is what a Store answers when it has nothing whole under a key.
var ErrNoObject = errors.New("backup: no such object in the store")

// Object is one entry of a Store's listing.
type Object struct {
	Key        string
	Size       int64 // bytes; of an unfinished one those that arrived
	ModifiedAt time.Time
	Unfinished bool // what an interrupted Put left; Delete removes it
}

var errKey = errors.New("backup: a key is two lower-case UUIDs with a slash between them")

// CheckKey returns nil for exactly the keys that this package makes, so that no key leads a Store astray.
func CheckKey(key string) error {
	user, id, _ := strings.Cut(key, "/")
	for _, part := range []string{user, id} {
		if parsed, err := uuid.Parse(part); err != nil || parsed.String() != part {
			return errKey
		}
	}
	return nil
}

// Linker is what a Store may be besides: one whose objects others can download without us.
type Linker interface {
	// Link returns an address that serves the object, ranges too, to whoever has it, for the given time.
	Link(ctx context.Context, key string, life time.Duration) (url string, err error)
}

// Store keeps blobs under keys of the form "{user_id}/{backup_id}", each written once. Package storetest holds every
// implementation to these promises.
type Store interface {
	// Put stores the size bytes of body, durably, before it returns nil; until then nothing is readable under key. When
	// body fails, or ctx ends, nothing becomes readable, and body's own error is inside the one returned. body says
	// io.EOF only once every byte was found to be right.
	Put(ctx context.Context, key string, body io.Reader, size int64) error
	// Get returns length bytes from offset; the caller closes them. The reader fails rather than end early. It returns
	// ErrNoObject, or another error when the object has no such range.
	Get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error)
	// Stat returns the object's size, or ErrNoObject.
	Stat(ctx context.Context, key string) (size int64, err error)
	// Delete removes the object and whatever an interrupted Put left under key. Nothing there is no error.
	Delete(ctx context.Context, key string) error
	// List calls visit with every object, unfinished ones too, in no certain order, until it returns an error.
	List(ctx context.Context, visit func(Object) error) error
}
