package agent

import (
	"fmt"
	"io"
	"log/slog"
)

// Key is a caller's own key of a provider. It is never printed: fmt, slog, encoding/json, errors and panics show
// "[set]", or nothing when it is empty. Only Reveal returns it.
type Key struct {
	// value is a pointer because fmt prints the fields of a struct, without asking its methods, where the verb does not
	// fit what is around it.
	value *string
}

// NewKey returns value as a Key.
func NewKey(value string) Key {
	if value == "" {
		return Key{}
	}
	return Key{&value}
}

// Reveal returns the value, for the header of the request to the provider.
func (k Key) Reveal() string {
	if k.value == nil {
		return ""
	}
	return *k.value
}

// IsSet reports whether the key is not empty.
func (k Key) IsSet() bool { return k.value != nil }

// String returns "[set]", or "" when the key is empty.
func (k Key) String() string {
	if k.value == nil {
		return ""
	}
	return "[set]"
}

// Format keeps every verb of fmt from printing the value.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
