// Package sanitize keeps what the server tells its models from leaving in their answers. A Filter knows the fingerprints
// of every secret text (prompts, fragments, templates, tool schemas, agent descriptions); it reads an answer through
// many views (folded alphabets, reversals, ciphers, encodings, hidden characters, acrostics) and finds runs of a secret
// in any of them. Text the caller sent is subtracted, so that the filter confirms nobody's guess. It fails closed. What
// it stops, and what no filter can stop, is in docs/prompt-protection.md.
package sanitize

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
)

// Canned is the answer that stands in for one that was stopped. It is of an answer's usual length and says nothing about
// the reason.
const Canned = "I can help with your tasks, calendar, e-mail and project figures, but I have no answer to this one. " +
	"Tell me what you would like to get done, for example which tasks are due this week, where two meetings clash, or " +
	"how a project is going, and I will start from there."

// ErrLeak is returned by Stream.Write and Stream.Close when the answer must be replaced by Canned.
var ErrLeak = errors.New("sanitize: the answer was stopped")

// maxText bounds one answer; a longer one is stopped.
const maxText = 4 << 20

// Secret is a text that must not leave. Text shorter than 28 letters is too short to be told from ordinary words.
type Secret struct {
	ID   string
	Text string
	// MinRun is how many letters in a row may not leave; 0 means 28. A longer run suits texts that are nearly public.
	MinRun int
	// Canary is a marker planted in Text, of at least 16 letters; it is found in any view even when all around it changed.
	Canary string
}

// Hit names the secret that an answer would have shown and the view it was seen in. It carries no text.
type Hit struct {
	SecretID string
	View     string
}

// Filter finds secrets in answers. It is immutable and safe for concurrent use.
type Filter struct {
	secrets  []Secret
	fold     *folding
	by       [kinds]*index
	words    *wordIndex
	anagrams *anagrams
	alive    *aliveTable
	prose    *proseModel
	rooms    sync.Pool // of *room
}

// New returns a Filter for the secrets. Building takes some milliseconds per 10 KB of secrets; do it once.
func New(secrets ...Secret) *Filter {
	f := &Filter{secrets: append([]Secret(nil), secrets...), fold: newFolding(), words: newWordIndex(), alive: newAliveTable()}
	f.prose = newProseModel(f.fold)
	for k := range f.by {
		f.by[k] = newIndex(kind(k))
	}
	for _, strict := range []bool{true, false} { // a shared run belongs to the strictest secret
		for i, s := range f.secrets {
			if (s.MinRun <= windowOf[plain]) == strict {
				f.learn(i, s)
			}
		}
	}
	f.anagrams = newAnagrams(f.by[plain].text)
	return f
}

func (f *Filter) learn(i int, s Secret) {
	letters := f.fold.letters(s.Text)
	for k := plain; k < canary; k++ {
		f.by[k].add(i, f.sequence(k, s.Text))
	}
	f.by[canary].add(i, f.fold.letters(s.Canary))
	_, words := f.splitWords(s.Text, &room{})
	f.words.add(i, words)
	f.alive.addWords(words)
	f.alive.add(letters, f.fold.leetLetters(nil, s.Text))
}

// sequence returns text in the alphabet of k.
func (f *Filter) sequence(k kind, text string) []byte {
	switch k {
	case leet:
		return f.fold.leetLetters(nil, text)
	case skeleton:
		return consonants(nil, f.fold.letters(text))
	case shifts:
		return steps(nil, f.fold.letters(text))
	case isomorph:
		seq, _ := letterRepeats(nil, nil, f.fold.letters(text))
		return seq
	default:
		return f.fold.letters(text)
	}
}

// Marked returns the secret called id with a marker planted at its head. A translation or a list of its words keeps the
// marker where no run of letters is left. The marker follows from the text, so it stands nowhere else, differs where a
// deployment changes the text, and stays the same between starts.
func Marked(id, text string) Secret {
	text = strings.TrimSpace(text)
	marker := CanaryFor(id, []byte(text))
	return Secret{ID: id, Text: "[ref " + marker + "] " + text, Canary: marker}
}

// CanaryFor returns a marker of 20 consonants for the secret called id, the same for the same key.
func CanaryFor(id string, key []byte) string {
	const consonants = "bcdfghjklmnpqrstvwxz"
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id))
	sum := mac.Sum(nil)[:20]
	for i, b := range sum {
		sum[i] = consonants[int(b)%len(consonants)]
	}
	return string(sum)
}
