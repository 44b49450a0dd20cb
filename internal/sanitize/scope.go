package sanitize

import "strings"

// How long a piece of an answer must be to count as an echo of the user's text. Shorter pieces occur by chance in any
// long message, and a word list would then disable the filter.
const (
	minEcho      = 16 // symbols of an alphabet
	minEchoBytes = 24
)

// Scope is the filter for the answers to one request; they may repeat what the user sent. It is not safe for
// concurrent use.
type Scope struct {
	filter      *Filter
	userText    string
	userIndexes [alphabetCount]*userTextIndex
	userBytes   *userTextIndex
}

// Scope returns a Scope for a request in which the user sent userTexts. They are indexed only once something matches.
func (f *Filter) Scope(userTexts ...string) *Scope {
	return &Scope{filter: f, userText: strings.Join(userTexts, "\n")}
}

// Text returns text and nil, or FallbackAnswer and the hit. A failure inside the filter is a hit.
func (s *Scope) Text(text string) (clean string, hit *Hit) {
	st := s.Stream(func(string) error { return nil }) // the pieces emitted would join to text
	st.text = make([]byte, 0, len(text))
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

// findLeak searches text, and after a hit once more without what the user sent. With final the views that need a
// whole answer are searched too. A panic is a hit.
func (s *Scope) findLeak(text string, final bool) (hit *Hit) {
	defer func() {
		if recover() != nil {
			hit = &Hit{View: "failure"}
		}
	}()
	hit = s.search(text, final)
	if hit != nil && s.userText != "" {
		if rest, changed := s.withoutEchoes(text); changed {
			hit = s.search(rest, final)
		}
	}
	return hit
}

// withoutEchoes returns text without the pieces that the user sent byte for byte, so that an answer may quote an
// encoded guess. It reports whether anything was removed.
func (s *Scope) withoutEchoes(text string) (string, bool) {
	if s.userBytes == nil {
		s.userBytes = newUserTextIndex([]byte(s.userText))
	}
	marks, covered := s.userBytes.cover([]byte(text), minEchoBytes)
	if covered == 0 {
		return text, false
	}
	rest := make([]byte, 0, len(text))
	for i, echoed := range marks {
		if !echoed {
			rest = append(rest, text[i])
		} else if i == 0 || !marks[i-1] {
			rest = append(rest, ' ')
		}
	}
	return string(rest), true
}

// leaked reports whether the run of length symbols at from in x is long enough to be a leak, not counting pieces that
// the user sent.
func (s *Scope) leaked(x *index, from, length int) bool {
	least := x.window
	minRun, letters := s.filter.secrets[x.owner(from)].MinRun, windowSizes[letterAlphabet]
	if minRun > letters && x.alphabet != canaryAlphabet {
		least = x.window * minRun / letters
	}
	if length < least {
		return false
	}
	if s.userText == "" {
		return true
	}
	if s.userIndexes[x.alphabet] == nil {
		s.userIndexes[x.alphabet] = newUserTextIndex(s.filter.symbols(x.alphabet, s.userText))
	}
	_, covered := s.userIndexes[x.alphabet].cover(x.text[from:from+length], minEcho)
	return length-covered >= least
}
