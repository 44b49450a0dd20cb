// Package password decides which passwords are accepted and how they are kept: a keyed pre-hash under bcrypt, so that any
// text up to 1024 bytes counts to its last byte, and a bound on how many hashes run at once, so that a flood of log-ins
// leaves the processor to everybody else.
package password

import (
	_ "embed"
	"strings"
	"unicode/utf8"
)

// The accepted length in bytes of UTF-8; a password is taken exactly as sent.
const (
	MinBytes = 8
	MaxBytes = 1024
)

// The 3,000 most common passwords of at least eight bytes, most common first; see NOTICE for where they are from.
//
//go:embed common.txt
var commonList string

// Policy says which passwords may be chosen.
type Policy struct{ common map[string]struct{} }

// NewPolicy returns the policy with the list of common passwords loaded.
func NewPolicy() Policy {
	p := Policy{common: make(map[string]struct{}, 3000)}
	for line := range strings.Lines(commonList) {
		p.common[strings.TrimSuffix(line, "\n")] = struct{}{}
	}
	return p
}

// Objection returns what is wrong with password, for the person who chose it, or "" when it may be used.
func (p Policy) Objection(password string) string {
	switch {
	case len(password) < MinBytes:
		return "A password needs at least 8 bytes."
	case len(password) > MaxBytes:
		return "A password may have at most 1024 bytes."
	case !utf8.ValidString(password):
		return "A password must be valid UTF-8."
	}
	if _, found := p.common[strings.ToLower(password)]; found {
		return "This is one of the most common passwords; choose another."
	}
	return ""
}
