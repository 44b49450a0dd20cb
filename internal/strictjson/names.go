package strictjson

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// fewNames is up to how many members comparing a new name with each earlier one is cheaper than a set.
const fewNames = 16

// known is the set of member names of one open object, equal by Unicode simple case folding: the rule by which
// encoding/json matches a member to a field, in which "ſ" is "s" and the Kelvin sign is "k".
type known struct {
	first  int                 // where this object's names begin in reader.names
	folded map[string]struct{} // used from the member after fewNames on
}

// add reports whether name is new to the object, and remembers it.
func (k *known) add(r *reader, name string) bool {
	if k.folded == nil && len(r.names)-k.first < fewNames {
		for _, earlier := range r.names[k.first:] {
			if strings.EqualFold(earlier, name) {
				return false
			}
		}
		r.names = append(r.names, name)
		return true
	}
	if k.folded == nil {
		k.folded = make(map[string]struct{}, 4*fewNames)
		for _, earlier := range r.names[k.first:] {
			k.folded[fold(earlier)] = struct{}{}
		}
	}
	before := len(k.folded)
	k.folded[fold(name)] = struct{}{}
	return len(k.folded) > before
}

// fold maps all names that strings.EqualFold calls equal to one.
func fold(name string) string {
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
