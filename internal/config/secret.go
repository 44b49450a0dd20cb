package config

import "log/slog"

// Secret is a value that must never be printed: fmt, slog and encoding/json show "[set]", or nothing when it is empty.
// Only Reveal returns it.
type Secret struct{ value string }

// NewSecret returns value as a Secret.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the value, for the code that uses it.
func (s Secret) Reveal() string { return s.value }

// IsSet reports whether the secret is not empty.
func (s Secret) IsSet() bool { return s.value != "" }

// String returns "[set]", or "" when the secret is empty.
func (s Secret) String() string {
	if s.value == "" {
		return ""
	}
	return "[set]"
}

// GoString keeps %#v from printing the value.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// Reveal returns the values of several secrets.
func Reveal(secrets []Secret) []string {
	values := make([]string, len(secrets))
	for i, s := range secrets {
		values[i] = s.value
	}
	return values
}
