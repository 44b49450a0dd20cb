package sanitize

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
)

// FallbackAnswer replaces an answer that was blocked. It has the length of a usual answer and does not say why.
const FallbackAnswer = "I can help with your tasks, calendar, e-mail and project figures, but I have no answer " +
	"to this one. Tell me what you would like to get done, for example which tasks are due this week, where two " +
	"meetings clash, or how a project is going, and I will start from there."

// ErrLeak is returned by Stream.Write and Stream.Close when the answer must be replaced by FallbackAnswer.
var ErrLeak = errors.New("sanitize: the answer was stopped")

// maxText is the size of the longest answer in bytes; a longer one is blocked.
const maxText = 4 << 20

// Secret is a text that no answer may contain. A text of fewer than 28 letters cannot be distinguished from ordinary
// words and is not looked for.
type Secret struct {
	ID   string
	Text string
	// MinRun is how many letters in a row make a leak; 0 means 28. Use a longer run for texts that are nearly public.
	MinRun int
	// Canary is a marker of at least 16 letters planted in Text. Every view looks for it, so it is found even when
	// the text around it was changed.
	Canary string
}

// Hit names the secret that an answer would have leaked and the view in which it was found. It contains no text, so
// that it may be logged. SecretID is empty when the filter failed or the answer was too large to check.
type Hit struct {
	SecretID string
	View     string
}

// Filter finds secrets in answers. It is immutable and safe for concurrent use.
type Filter struct {
	secrets  []Secret
	fold     *foldTable
	indexes  [alphabetCount]*index
	words    *wordIndex
	anagrams *anagramIndex
	grams    *gramTable
	language *langDetector
	scratch  sync.Pool // of *scratch
}

// New returns a Filter for the secrets. It takes a few milliseconds per 10 KB of secrets.
func New(secrets ...Secret) *Filter {
	f := &Filter{
		secrets: append([]Secret(nil), secrets...),
		fold:    newFoldTable(),
		words:   newWordIndex(),
		grams:   newGramTable(),
	}
	f.language = newLangDetector(f.fold)
	for a := range f.indexes {
		f.indexes[a] = newIndex(alphabet(a))
	}
	for _, strict := range []bool{true, false} { // the first secret added owns a shared run, so strict ones go first
		for i, s := range f.secrets {
			if (s.MinRun <= windowSizes[letterAlphabet]) == strict {
				f.add(i, s)
			}
		}
	}
	f.anagrams = newAnagramIndex(f.indexes[letterAlphabet].text)
	return f
}

func (f *Filter) add(i int, s Secret) {
	letters := f.fold.letters(s.Text)
	for a := letterAlphabet; a < canaryAlphabet; a++ {
		f.indexes[a].add(i, f.symbols(a, s.Text))
	}
	f.indexes[canaryAlphabet].add(i, f.fold.letters(s.Canary))
	_, words := f.splitWords(s.Text, &scratch{})
	f.words.add(i, words)
	f.grams.addWords(words)
	f.grams.add(letters, f.fold.leetLetters(nil, s.Text))
}

// symbols returns text written in the alphabet a.
func (f *Filter) symbols(a alphabet, text string) []byte {
	switch a {
	case leetAlphabet:
		return f.fold.leetLetters(nil, text)
	case consonantAlphabet:
		return consonants(nil, f.fold.letters(text))
	case stepAlphabet:
		return letterSteps(nil, f.fold.letters(text))
	case patternAlphabet:
		seq, _ := letterPatterns(nil, nil, f.fold.letters(text))
		return seq
	default:
		return f.fold.letters(text)
	}
}

// WithCanary returns the secret id with a canary planted at the head of text. A translation or a list of the words
// keeps the canary when no run of letters is left. The canary is derived from id and text: it is the same after a
// restart and differs in a deployment that changed the text.
func WithCanary(id, text string) Secret {
	text = strings.TrimSpace(text)
	canary := newCanary(id, []byte(text))
	return Secret{ID: id, Text: "[ref " + canary + "] " + text, Canary: canary}
}

// newCanary returns 20 consonants derived from id and key.
func newCanary(id string, key []byte) string {
	const consonants = "bcdfghjklmnpqrstvwxz"
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id))
	sum := mac.Sum(nil)[:20]
	for i, b := range sum {
		sum[i] = consonants[int(b)%len(consonants)]
	}
	return string(sum)
}
