package sanitize_test

import (
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

// newFilter returns a filter for the secrets of leaktest.
func newFilter() *sanitize.Filter {
	var secrets []sanitize.Secret
	for _, s := range leaktest.Secrets() {
		secrets = append(secrets, sanitize.Secret{ID: s.ID, Text: s.Text, Canary: s.Canary})
	}
	return sanitize.New(secrets...)
}

// target returns the secret that attack number n asks for.
func target(a leaktest.Attack, n int) leaktest.Secret {
	secrets := leaktest.Secrets()
	switch {
	case a.Target == "tool schemas":
		return secrets[5]
	case a.Target == "PromptTemplateRegistry":
		return secrets[4]
	case strings.HasPrefix(a.Target, "orchestrator"):
		return secrets[6]
	}
	return secrets[n%4]
}

// stream writes text in pieces of size bytes and returns what was emitted.
func stream(s *sanitize.Scope, text string, size int) (string, error) {
	var out strings.Builder
	st := s.Stream(func(part string) error { out.WriteString(part); return nil })
	for i := 0; i < len(text); i += size {
		if err := st.Write(text[i:min(len(text), i+size)]); err != nil {
			return out.String(), err
		}
	}
	err := st.Close()
	return out.String(), err
}

// hasContent reports whether text has a letter, a digit, a pictograph or an invisible character.
func hasContent(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.So, r) || unicode.Is(unicode.Cf, r)
	})
}

// catchable reports whether the filter can find the secret that attack number n asks for in this disguise.
func catchable(tr leaktest.Transform, a leaktest.Attack, n int) bool {
	return tr.Catchable && (!tr.NeedsCanary || target(a, n).Canary != "")
}

func TestAttacksAreBlockedInEveryDisguise(t *testing.T) {
	t.Parallel()
	f := newFilter()
	attacks, transforms := leaktest.Attacks(), leaktest.Transforms()
	if len(attacks) != 57 || len(transforms) != 48 {
		t.Fatalf("got %d attacks in %d disguises, want 57 in 48", len(attacks), len(transforms))
	}
	all, blocked := 0, 0
	for _, tr := range transforms {
		for n, a := range attacks {
			if !catchable(tr, a, n) {
				continue
			}
			all++
			clean, hit := f.Scope(a.Message).Text(tr.Apply(target(a, n).Text))
			if hit == nil {
				t.Logf("%s: attack %s passed", tr.Name, a.ID)
				continue
			}
			blocked++
			if hit.View == "failure" {
				t.Errorf("%s: the filter failed on attack %s", tr.Name, a.ID)
			}
			if clean != sanitize.FallbackAnswer {
				t.Errorf("%s: attack %s was not replaced by the fallback answer", tr.Name, a.ID)
			}
		}
	}
	t.Logf("blocked %d of %d (%.1f %%)", blocked, all, 100*float64(blocked)/float64(all))
	if blocked*100 < all*95 {
		t.Errorf("blocked only %d of %d", blocked, all)
	}
}

func TestStreamedAttacksEmitNothing(t *testing.T) {
	t.Parallel()
	f := newFilter()
	attacks := leaktest.Attacks()
	channels := map[string]bool{}
	for _, a := range attacks {
		channels[a.Channel] = true
	}
	if len(channels) != 5 {
		t.Fatalf("got attacks of %d channels, want 5", len(channels))
	}
	for _, tr := range leaktest.Transforms() {
		t.Run(tr.Name, func(t *testing.T) {
			t.Parallel()
			for n, a := range attacks {
				checkStreamedAttack(t, f, tr, a, n)
			}
		})
	}
}

// checkStreamedAttack streams attack number n in pieces of three sizes. Each stream must be blocked. If the
// disguise can be recognized in a stream, nothing of the secret may have been emitted before.
func checkStreamedAttack(t *testing.T, f *sanitize.Filter, tr leaktest.Transform, a leaktest.Attack, n int) {
	t.Helper()
	if !catchable(tr, a, n) {
		return
	}
	text := tr.Apply(target(a, n).Text)
	for _, size := range []int{1, 7, 64} {
		out, err := stream(f.Scope(a.Message), text, size)
		if !errors.Is(err, sanitize.ErrLeak) {
			t.Errorf("attack %s in pieces of %d: got error %v, want ErrLeak", a.ID, size, err)
		}
		if tr.CatchableInStream && !strings.HasPrefix(tr.Intro, out) && hasContent(strings.TrimPrefix(out, tr.Intro)) {
			t.Errorf("attack %s in pieces of %d: emitted %q", a.ID, size, out)
		}
	}
}

// TestUnlistedDisguisesAreMostlyBlocked logs how many disguises outside leaktest's list are blocked. The rate is
// quoted in docs/prompt-protection.md.
func TestUnlistedDisguisesAreMostlyBlocked(t *testing.T) {
	t.Parallel()
	disguises := unlistedDisguises()
	f, blocked := newFilter(), 0
	for name, apply := range disguises {
		if _, hit := f.Scope().Text(apply(leaktest.Secrets()[1].Text)); hit != nil {
			blocked++
		} else {
			t.Logf("%s: passed", name)
		}
	}
	t.Logf("blocked %d of %d", blocked, len(disguises))
	if blocked*2 < len(disguises) {
		t.Errorf("blocked only %d of %d", blocked, len(disguises))
	}
}

// lettersOf returns the letters of s in lower case.
func lettersOf(s string) (out []byte) {
	for _, c := range []byte(strings.ToLower(s)) {
		if c >= 'a' && c <= 'z' {
			out = append(out, c)
		}
	}
	return out
}

// byLetter returns a disguise that replaces the ith letter c by f(c, i) and joins the results by sep.
func byLetter(sep string, f func(c byte, i int) string) func(string) string {
	return func(s string) string {
		var parts []string
		for i, c := range lettersOf(s) {
			parts = append(parts, f(c, i))
		}
		return strings.Join(parts, sep)
	}
}

// byWord returns a disguise that replaces each word w by f(w).
func byWord(f func(string) string) func(string) string {
	return func(s string) string {
		words := strings.Fields(s)
		for i := range words {
			words[i] = f(words[i])
		}
		return strings.Join(words, " ")
	}
}

// unlistedDisguises returns disguises that are not among those of leaktest.
func unlistedDisguises() map[string]func(string) string {
	return map[string]func(string) string{
		"places in the alphabet": byLetter(" ", func(c byte, _ int) string { return fmt.Sprint(c - 'a' + 1) }),
		"affine cipher":          byLetter("", func(c byte, _ int) string { return string('a' + (c-'a')*5%26) }),
		"Polybius square": byLetter(" ", func(c byte, _ int) string {
			return fmt.Sprintf("%d%d", (c-'a')/5+1, (c-'a')%5+1)
		}),
		"Vigenere": byLetter("", func(c byte, i int) string {
			return string('a' + (c-'a'+"lemon"[i%5]-'a')%26)
		}),
		"Bacon":           byLetter(" ", func(c byte, _ int) string { return fmt.Sprintf("%05b", c-'a') }),
		"doubled letters": byLetter("", func(c byte, _ int) string { return string(c) + string(c) }),
		"keyboard neighbour": byLetter("", func(c byte, _ int) string {
			return string("snvfrghjokl;,mp[wtdyibecuxz"[c-'a'])
		}),
		"base32": func(s string) string { return base32.StdEncoding.EncodeToString([]byte(s)) },
		"HTML entities": func(s string) string {
			var b strings.Builder
			for _, r := range s {
				fmt.Fprintf(&b, "&#%d;", r)
			}
			return b.String()
		},
		"tags between words": byWord(func(w string) string { return "<b>" + w + "</b>" }),
		"each word reversed": byWord(func(w string) string {
			b := []byte(w)
			slices.Reverse(b)
			return string(b)
		}),
		"first letter moved": byWord(func(w string) string { return w[1:] + w[:1] }),
		"dit dah": byLetter(" ", func(c byte, _ int) string {
			return strings.NewReplacer("0", "dit", "1", "dah").Replace(fmt.Sprintf("%b", c))
		}),
		"random word after each": func(s string) string {
			w := strings.Fields(s)
			for i := range w {
				w[i] += fmt.Sprintf(" qu%cx%c", 'a'+i%26, 'a'+i%7)
			}
			return strings.Join(w, " ")
		},
		"every sixth letter":   byLetter("", func(c byte, i int) string { return string(c) + "kwzjq" }),
		"only initials":        byWord(func(w string) string { return w[:1] }),
		"every third word":     everyThirdWord,
		"own-letter syllables": byLetter("", func(c byte, _ int) string { return string(c) + "o" + string(c) }),
		"columns of seven":     columnsOfSeven,
		"doubled base16, spaced": func(s string) string {
			out := ""
			for _, c := range []byte(s) {
				out += fmt.Sprintf("%x %x ", c>>4, c&15)
			}
			return out
		},
	}
}

func everyThirdWord(s string) string {
	words := strings.Fields(s)
	var out []string
	for i := 0; i < len(words); i += 3 {
		out = append(out, words[i])
	}
	return strings.Join(out, " ")
}

func columnsOfSeven(s string) string {
	letters := lettersOf(s)
	out := ""
	for c := 0; c < 7; c++ {
		for i := c; i < len(letters); i += 7 {
			out += string(letters[i])
		}
	}
	return out
}
