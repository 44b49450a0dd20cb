package strictjson

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// linearLimit is up to how many members comparing a name with each earlier one is cheaper than a map.
const linearLimit = 16

// nameSet is the set of member names of one open object, compared by Unicode simple case folding. This is how
// encoding/json matches a member to a field: "ſ" equals "s" and the Kelvin sign equals "k".
type nameSet struct {
	first  int                 // index of this object's first name in parser.names
	folded map[string]struct{} // nil up to linearLimit members
}

// add adds name and reports whether it is new.
func (s *nameSet) add(p *parser, name string) bool {
	if s.folded == nil && len(p.names)-s.first < linearLimit {
		for _, earlier := range p.names[s.first:] {
			if strings.EqualFold(earlier, name) {
				return false
			}
		}
		p.names = append(p.names, name)
		return true
	}
	if s.folded == nil {
		s.folded = make(map[string]struct{}, 4*linearLimit)
		for _, earlier := range p.names[s.first:] {
			s.folded[foldCase(earlier)] = struct{}{}
		}
	}
	before := len(s.folded)
	s.folded[foldCase(name)] = struct{}{}
	return len(s.folded) > before
}

// foldCase returns the same string for all names that strings.EqualFold considers equal.
func foldCase(name string) string {
	return strings.Map(func(c rune) rune {
		if c < utf8.RuneSelf && !('A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return c
		}
		smallest := c
		for next := unicode.SimpleFold(c); next != c; next = unicode.SimpleFold(next) {
			smallest = min(smallest, next)
		}
		return smallest
	}, name)
}
