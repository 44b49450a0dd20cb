package sanitize

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"

	"github.com/adiuva/cloud-api/internal/sanitize/decode"
	"github.com/adiuva/cloud-api/internal/sanitize/fold"
	"github.com/adiuva/cloud-api/internal/sanitize/index"
	"github.com/adiuva/cloud-api/internal/sanitize/language"
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
// that it may be logged. SecretID is empty when the answer was not checked to its end: View then says why.
type Hit struct {
	SecretID string
	View     string
}

// The Views of a Hit whose answer was not checked to its end.
const (
	Canceled = "canceled" // the request ended
	Budget   = "budget"   // the answer was too expensive to check
)

// Filter finds secrets in answers. It is immutable and safe for concurrent use.
type Filter struct {
	secrets  []Secret
	parts    []part // of the indexes
	fold     *fold.Table
	language *language.Words
	indexes  [sequences]*index.Index
	words    *index.Words
	sieve    *index.Sieve // of letters
	decoders []decode.Decoder
	inflater decode.Inflater
	anagrams *anagrams
	scanners sync.Pool // of *scanner

	spanReaders sync.Pool // of *[spanReaders]index.Reader
}

// Letters in a row that are a leak: of a secret and of a canary.
const (
	leastRun  = 28
	canaryRun = 16
)

// part is a text in the indexes.
type part struct {
	secret   int
	least    int                 // letters in a row that are a leak
	from, to int                 // in the index of letters
	canary   [sequences][2]int32 // where its canary begins and ends in each index
}

// findCanaries sets where the canaries are. Their letters are all different, so that patterns do not have them.
func (f *Filter) findCanaries() {
	for i := range f.parts {
		p := &f.parts[i]
		canary := symbolsOf(f.fold, f.language, f.secrets[p.secret].Canary, 0)
		if len(canary.letters) < canaryRun {
			continue
		}
		for s, x := range f.indexes {
			if s := sequence(s); s != patternSeq && s != backPatternSeq && s != keypadSeq && s != beginSeq {
				symbols := s.of(canary)
				if from := x.Find(i, symbols); from >= 0 {
					p.canary[s] = [2]int32{int32(from), int32(from + len(symbols))}
				}
			}
		}
	}
}

// isLeak reports whether n symbols from position from on are a leak of the part.
func (p *part) isLeak(seq sequence, from, n int) bool {
	if n >= sequenceTable[seq].leak*p.least/leastRun {
		return true
	}
	canary := p.canary[seq]
	return min(from+n, int(canary[1]))-max(from, int(canary[0])) >= canaryRun*sequenceTable[seq].leak/leastRun
}

// New returns a Filter for the secrets.
func New(secrets ...Secret) *Filter {
	f := &Filter{secrets: append([]Secret(nil), secrets...), fold: fold.New(), decoders: decode.All()}
	f.language = language.New(f.fold)
	var texts []written
	var words [][]index.Word
	start := 1
	for i, s := range f.secrets {
		w := symbolsOf(f.fold, f.language, s.Text, start)
		n := len(w.letters)
		if n < leastRun {
			continue
		}
		f.parts = append(f.parts, part{secret: i, least: max(s.MinRun, leastRun), from: start, to: start + n})
		texts, words = append(texts, w), append(words, w.words)
		start += n + 1
	}
	f.indexes = newIndexes(texts)
	f.findCanaries()
	f.sieve = index.NewSieve(f.indexes[letterSeq])
	f.anagrams = newAnagrams(f.indexes[letterSeq], texts)
	f.words = index.NewWords(words...)
	return f
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

// Scope is the filter for the answers to one request; they may repeat what the user sent. It is not safe for
// concurrent use.
type Scope struct {
	filter *Filter
	ctx    context.Context
	own    *ownText
	work   work
	pieces *pieces
}

// Scope returns a Scope for a request in which the user sent userTexts. They are read only once something matches.
func (f *Filter) Scope(userTexts ...string) *Scope {
	return &Scope{filter: f, ctx: context.Background(), own: &ownText{text: strings.Join(userTexts, "\n")}}
}

// Within ends the work of the filter with ctx. An answer that is not checked to its end is blocked.
func (s *Scope) Within(ctx context.Context) *Scope {
	s.ctx = ctx
	return s
}

// ownText is what the user sent. What the secrets have of it is nil before it is needed.
type ownText struct {
	text string
	has  *hasOfSecrets
}

// hasOfSecrets is what a text has of the secrets.
type hasOfSecrets struct {
	covers [sequences]index.Cover
	words  index.Cover // of letters, with the words that follow each other in the order of a secret
	pieces pieces      // those that would count together with other answers
}

// minOwn is how many symbols of a secret in a row the user must have sent so that an answer may repeat them. Shorter
// pieces occur by chance in any long message, and a word list would then disable the filter.
const minOwn = 16

// read returns what the secrets have of the text, or nil if there is none.
func (o *ownText) read(t *tally) *hasOfSecrets {
	if o == nil || o.text == "" {
		return nil
	}
	if o.has == nil {
		o.has = t.filter.read(t.ctx, o.text)
	}
	return o.has
}

func (o *ownText) cover(t *tally, seq sequence) *index.Cover {
	if has := o.read(t); has != nil {
		return &has.covers[seq]
	}
	return nil
}

// hasUnit reports whether the user sent a unit in a piece that would count together with other answers.
func (o *ownText) hasUnit(t *tally, u int) bool {
	has := o.read(t)
	return has != nil && has.pieces.units.HasUnit(u)
}

// read returns what text has of the secrets.
func (f *Filter) read(ctx context.Context, text string) *hasOfSecrets {
	has := &hasOfSecrets{}
	learning := &tally{filter: f, ctx: ctx, work: &work{}, pieces: &has.pieces}
	learning.learn = func(seq sequence, m index.Match) {
		if m.Len >= minOwn {
			has.covers[seq].Add(m.From, m.From+m.Len)
			if seq == letterSeq {
				learning.covered.Add(m.From, m.From+m.Len)
			}
		}
	}
	scanner := newScanner(f, learning, 0)
	scanner.write(text, true)
	scanner.free()
	has.words = learning.covered
	return has
}

// Text returns text and nil, or FallbackAnswer and the hit. A failure inside the filter is a hit.
func (s *Scope) Text(text string) (clean string, hit *Hit) {
	st := s.Stream(func(string) error { return nil }) // the pieces emitted would join to text
	if st.Write(text) == nil && st.Close() == nil {
		return text, nil
	}
	return FallbackAnswer, st.Hit()
}

// Values checks strings that are sent in one document, such as the fields of actions: each alone, and all joined in
// the order given. It returns the first hit or nil.
func (s *Scope) Values(values ...string) *Hit {
	for _, v := range values {
		if _, hit := s.Text(v); hit != nil {
			return hit
		}
	}
	if len(values) > 1 {
		if _, hit := s.Text(strings.Join(values, " ")); hit != nil {
			return hit
		}
	}
	return nil
}
