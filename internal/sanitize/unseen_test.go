package sanitize_test

import (
	"encoding/base32"
	"fmt"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

// TestDisguisesNobodyPreparedFor reports how many disguises that the filter was not written for it sees through; the
// rate stands in docs/prompt-protection.md.
func TestDisguisesNobodyPreparedFor(t *testing.T) {
	t.Parallel()
	letters := func(s string) (out []byte) {
		for _, c := range []byte(strings.ToLower(s)) {
			if c >= 'a' && c <= 'z' {
				out = append(out, c)
			}
		}
		return out
	}
	each := func(sep string, f func(c byte, i int) string) func(string) string {
		return func(s string) string {
			var parts []string
			for i, c := range letters(s) {
				parts = append(parts, f(c, i))
			}
			return strings.Join(parts, sep)
		}
	}
	word := func(f func(string) string) func(string) string {
		return func(s string) string {
			w := strings.Fields(s)
			for i := range w {
				w[i] = f(w[i])
			}
			return strings.Join(w, " ")
		}
	}
	disguises := map[string]func(string) string{
		"places in the alphabet": each(" ", func(c byte, _ int) string { return fmt.Sprint(c - 'a' + 1) }),
		"affine cipher":          each("", func(c byte, _ int) string { return string('a' + (c-'a')*5%26) }),
		"Polybius square":        each(" ", func(c byte, _ int) string { return fmt.Sprintf("%d%d", (c-'a')/5+1, (c-'a')%5+1) }),
		"Vigenere":               each("", func(c byte, i int) string { return string('a' + (c-'a'+"lemon"[i%5]-'a')%26) }),
		"Bacon":                  each(" ", func(c byte, _ int) string { return fmt.Sprintf("%05b", c-'a') }),
		"doubled letters":        each("", func(c byte, _ int) string { return string(c) + string(c) }),
		"keyboard neighbour":     each("", func(c byte, _ int) string { return string("snvfrghjokl;,mp[wtdyibecuxz"[c-'a']) }),
		"base32":                 func(s string) string { return base32.StdEncoding.EncodeToString([]byte(s)) },
		"HTML entities": func(s string) string {
			var b strings.Builder
			for _, r := range s {
				fmt.Fprintf(&b, "&#%d;", r)
			}
			return b.String()
		},
		"tags between words": word(func(w string) string { return "<b>" + w + "</b>" }),
		"each word reversed": word(func(w string) string {
			b := []byte(w)
			for i := 0; i < len(b)/2; i++ {
				b[i], b[len(b)-1-i] = b[len(b)-1-i], b[i]
			}
			return string(b)
		}),
		"first letter moved": word(func(w string) string { return w[1:] + w[:1] }),
		"dit dah": each(" ", func(c byte, _ int) string {
			return strings.NewReplacer("0", "dit", "1", "dah").Replace(fmt.Sprintf("%b", c))
		}),
		"random word after each": func(s string) string {
			w := strings.Fields(s)
			for i := range w {
				w[i] += fmt.Sprintf(" qu%cx%c", 'a'+i%26, 'a'+i%7)
			}
			return strings.Join(w, " ")
		},
		"every sixth letter": each("", func(c byte, i int) string { return string(c) + "kwzjq" }),
		"only initials":      word(func(w string) string { return w[:1] }),
		"every third word": func(s string) string {
			w := strings.Fields(s)
			var out []string
			for i := 0; i < len(w); i += 3 {
				out = append(out, w[i])
			}
			return strings.Join(out, " ")
		},
		"own-letter syllables": each("", func(c byte, _ int) string { return string(c) + "o" + string(c) }),
		"columns of seven": func(s string) string {
			l := letters(s)
			out := ""
			for c := 0; c < 7; c++ {
				for i := c; i < len(l); i += 7 {
					out += string(l[i])
				}
			}
			return out
		},
		"doubled base16, spaced": func(s string) string {
			out := ""
			for _, c := range []byte(s) {
				out += fmt.Sprintf("%x %x ", c>>4, c&15)
			}
			return out
		},
	}
	f, stopped := newFilter(), 0
	for name, apply := range disguises {
		if _, hit := f.Scope().Text(apply(leaktest.Secrets()[1].Text)); hit != nil {
			stopped++
		} else {
			t.Log("passed: " + name)
		}
	}
	t.Logf("stopped %d of %d", stopped, len(disguises))
	if stopped*2 < len(disguises) {
		t.Errorf("stopped %d of %d", stopped, len(disguises))
	}
}
