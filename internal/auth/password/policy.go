// Package password decides which passwords are accepted and hashes them: bcrypt over a keyed pre-hash, so that
// every byte of a password of up to 1024 bytes counts. A limit on concurrent hashes keeps a flood of log-ins from
// taking the CPU away from other requests.
package password

import (
	_ "embed"
	"strings"
	"unicode/utf8"
)

// The accepted length in bytes of UTF-8. A password is used exactly as sent, without normalization.
const (
	MinBytes = 8
	MaxBytes = 1024
)

// The 3,000 most common passwords of at least eight bytes, most common first. NOTICE names the source.
//
//go:embed common.txt
var commonList string

// Policy is the rules for a new password.
type Policy struct{ common map[string]struct{} }

// NewPolicy returns the policy with the list of common passwords loaded.
func NewPolicy() Policy {
	p := Policy{common: make(map[string]struct{}, 3000)}
	for line := range strings.Lines(commonList) {
		p.common[strings.TrimSuffix(line, "\n")] = struct{}{}
	}
	return p
}

// Violation returns the rule that password breaks, as a message for the user, or "" when it is acceptable.
func (p Policy) Violation(password string) string {
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
