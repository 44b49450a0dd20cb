package sanitize

import "strings"

// leastEcho is how long a piece of the caller's text must be to count as the caller's; shorter pieces are found by
// chance in any long message and would let a word list open the filter.
const leastEcho = 16

// Scope filters the answers to one request: what the caller sent may come back. It is for one goroutine.
type Scope struct {
	filter *Filter
	caller string
	seen   [kinds]*echoes
	raw    *echoes
}

// Scope returns a Scope in which the caller's texts may be echoed. It costs nothing until something matches.
func (f *Filter) Scope(callerText ...string) *Scope {
	return &Scope{filter: f, caller: strings.Join(callerText, "\n")}
}

// Text returns s and nil, or Canned and what was found. A failure inside the filter counts as found.
func (s *Scope) Text(text string) (clean string, hit *Hit) {
	st := s.Stream(func(string) error { return nil }) // what it lets out joins to text
	st.text = make([]byte, 0, len(text))
	if st.Write(text) == nil && st.Close() == nil {
		return text, nil
	}
	return Canned, st.Hit()
}

// Values checks strings that leave as members of one document, such as the fields of actions: each alone and all joined
// in the order given. It returns what was found, or nil.
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

// check reads text through every view; final adds those that need a whole answer. A panic inside is a hit.
func (s *Scope) check(text string, final bool) (hit *Hit) {
	defer func() {
		if recover() != nil {
			hit = &Hit{View: "failure"}
		}
	}()
	hit = s.views(text, final)
	if hit != nil && s.caller != "" {
		if rest, changed := s.withoutEchoes(text); changed {
			hit = s.views(rest, final)
		}
	}
	return hit
}

// withoutEchoes returns text without the pieces of 24 bytes and more that the caller sent byte for byte, so that an
// encoded guess may come back as it was.
func (s *Scope) withoutEchoes(text string) (string, bool) {
	if s.raw == nil {
		s.raw = newEchoes([]byte(s.caller))
	}
	marks, covered := s.raw.cover([]byte(text), 24)
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

// leaked reports whether a run of a secret is long enough once the caller's own pieces are taken away.
func (s *Scope) leaked(x *index, from, length int) bool {
	least := x.window
	if wanted := s.filter.secrets[x.owner(from)].MinRun; wanted > windowOf[plain] && x.kind != canary {
		least = x.window * wanted / windowOf[plain]
	}
	if length < least {
		return false
	}
	if s.caller == "" {
		return true
	}
	if s.seen[x.kind] == nil {
		s.seen[x.kind] = newEchoes(s.filter.sequence(x.kind, s.caller))
	}
	_, covered := s.seen[x.kind].cover(x.text[from:from+length], leastEcho)
	return length-covered >= least
}
