package config

import "log/slog"

// Secret is a value that must never be printed: fmt, slog and encoding/json show "[set]", or nothing when it is empty.
// Only Reveal gives it away.
type Secret struct{ value string }

// NewSecret returns value as a Secret.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the value itself, for the one place that uses it.
func (s Secret) Reveal() string { return s.value }

// IsSet reports whether there is a value.
func (s Secret) IsSet() bool { return s.value != "" }

// String returns "[set]", or "" when there is no value.
func (s Secret) String() string {
	if s.value == "" {
		return ""
	}
	return "[set]"
}

// GoString is String, so that %#v shows no more.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// LogValue is String, for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON is String as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// Reveal returns the values of several secrets.
func Reveal(secrets []Secret) []string {
	values := make([]string, len(secrets))
	for i, s := range secrets {
		values[i] = s.value
	}
	return values
}
