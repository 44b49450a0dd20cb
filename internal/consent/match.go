package consent

import (
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/fold"
)

// match says how well words describe a row.
type match int

const (
	misses match = iota // they name other rows
	nearly              // they name it, but not plainly, or leave open what they mean
	hits
)

// view is a row with its words.
type view struct {
	row    *Row
	table  string
	title  []string
	joined string   // the title between spaces
	sets   []string // words of its project, client, people and labels
	parent []string
	naming bool // the title has a distinctive word
}

// maxTitle is how many words of a title count.
const maxTitle = 30

func newView(row *Row, table string) *view {
	v := &view{row: row, table: table, title: words(cut(row.Title, 400))}
	v.title = v.title[:min(len(v.title), maxTitle)]
	v.joined = " " + strings.Join(v.title, " ") + " "
	for _, w := range v.title {
		v.naming = v.naming || distinctive(w)
	}
	for _, text := range slices.Concat([]string{row.Project, row.Client}, row.Labels) {
		v.sets = append(v.sets, words(cut(text, 200))...)
	}
	v.parent = words(cut(row.Parent, 200))
	for _, person := range row.People[:min(len(row.People), 30)] {
		v.sets = append(v.sets, personWords(person)...)
	}
	return v
}

// distinctive reports whether a word is no vocabulary of any language.
func distinctive(w string) bool {
	return len(w) >= 3 && !common[w]
}

// personWords returns the words of a name or address by which a person is named: not the domain's ending, nor a common
// provider.
func personWords(person string) []string {
	name, host, isAddress := strings.Cut(person, "@")
	list := words(name)
	if isAddress {
		labels := strings.FieldsFunc(fold.Text(host), func(r rune) bool { return !isWordRune(r) })
		if len(labels) > 1 && !slices.Contains(providers, labels[len(labels)-2]) {
			list = append(list, labels[len(labels)-2])
		}
	}
	return slices.DeleteFunc(list, func(w string) bool { return len(w) < 2 })
}

// providers give addresses to everyone.
var providers = []string{"gmail", "googlemail", "outlook", "hotmail", "live", "yahoo", "icloud", "gmx", "web", "proton",
	"protonmail", "libero", "orange", "wanadoo", "free", "mail", "email", "example", "co", "com"}

// sameWord reports whether two words are the same but for an ending, a part of a compound or, in long words, one typo.
func sameWord(a, b string) bool {
	if a == b {
		return true
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) < 4 || a[0] != b[0] {
		return false
	}
	if strings.HasPrefix(b, a) && (len(a) >= 5 || len(b) == len(a)+1) {
		return true
	}
	if n := len(a); n == len(b) && n >= 5 && a[:n-1] == b[:n-1] {
		return true // sedia, sedie
	}
	return len(a) >= 6 && oneTypo(a, b)
}

// oneTypo reports whether one letter is changed, added or left out, or two neighbours are exchanged. a is not longer
// than b.
func oneTypo(a, b string) bool {
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	if a[i+1:] == b[i+1:] {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

func anyWord(list []string, w string) bool {
	return slices.ContainsFunc(list, func(have string) bool { return sameWord(have, w) })
}

// describes reports how well the naming describes the row. The pronoun is judged elsewhere.
func (n *naming) describes(v *view, zone *time.Location) match {
	if n.table != "" && n.table != v.table && !n.nounInTitle(v) {
		return misses
	}
	if n.pronoun && n.plain() {
		return misses // "move it all": whoever asks looks at what stands before
	}
	titled, found := n.names(v)
	if titled && n.otherNumber(v) {
		return misses
	}
	if found == misses {
		if n.vague && n.words() == 0 && len(n.quoted) == 0 && !n.restricts(v, zone) {
			return nearly
		}
		return misses
	}
	if n.restricts(v, zone) {
		if titled && len(n.sets) == 0 && !n.all && !n.plural && len(v.row.Times) > 0 {
			return nearly
		}
		if !titled || len(v.row.Times) > 0 || len(n.sets) > 0 || n.first || n.last {
			return misses
		}
	}
	if n.vague {
		if (titled || n.table != "" && v.row.Only) && !n.plural && !n.all {
			return hits
		}
		return nearly
	}
	return found
}

// otherNumber reports whether the words have a number and the title has another one: "phase 2" is not "Phase 3".
func (n *naming) otherNumber(v *view) bool {
	return len(n.numbers) > 0 && !n.plural && !n.all && slices.ContainsFunc(v.title, isNumber) &&
		!slices.ContainsFunc(n.numbers, func(w string) bool { return slices.Contains(v.title, w) })
}

// nounInTitle reports whether the table's noun is a word of the row's title rather than the name of another table.
func (n *naming) nounInTitle(v *view) bool {
	return slices.ContainsFunc(n.head(), func(w string) bool {
		return strings.Contains(v.joined, " "+n.noun+" "+w) || strings.Contains(v.joined, " "+w+" "+n.noun+" ")
	})
}

func (n *naming) head() []string {
	if len(n.parts) == 0 {
		return nil
	}
	return n.parts[0]
}

// names reports how well the words name the row, and whether they are words of its title.
func (n *naming) names(v *view) (titled bool, m match) {
	if len(n.quoted) > 0 {
		return true, either(slices.ContainsFunc(n.quoted, v.quotedAs))
	}
	head := n.head()
	if len(head) > 0 {
		inTitle, inSets := 0, 0
		for _, w := range head {
			switch {
			case distinctive(w) && anyWord(v.title, w):
				inTitle++
			case n.inSets(v, w):
				inSets++
			}
		}
		switch {
		case inTitle > 0 && 2*(inTitle+inSets) > len(head):
			return true, n.modifiers(v, !n.plural && !n.all && !n.taken)
		case inSets == len(head) && (n.table != "" || n.all || n.plural):
			return false, n.modifiers(v, false)
		case !n.taken && (inTitle > 0 && !n.plural && !n.all || inSets == len(head)):
			return true, min(nearly, n.modifiers(v, true))
		}
		return false, misses
	}
	if n.words() > 0 {
		inTitle := false
		for _, part := range n.parts {
			inTitle = inTitle || slices.ContainsFunc(part, func(w string) bool { return anyWord(v.title, w) })
		}
		return inTitle && !n.plural && !n.all, n.modifiers(v, false)
	}
	if len(n.sets) > 0 || len(n.days) > 0 || n.first || n.last {
		return false, hits
	}
	if slices.ContainsFunc(n.weak, func(w string) bool { return anyWord(v.title, w) }) {
		return true, hits
	}
	return false, either(len(n.weak) == 0 && (n.all || n.table != "" && v.row.Only))
}

// inSets reports whether the word is one of the row's project and so on; of a comment also of its task.
func (n *naming) inSets(v *view, w string) bool {
	return anyWord(v.sets, w) || n.table == "taskComments" && anyWord(v.parent, w)
}

// modifiers reports whether every part after a preposition says something that holds for the row. Where the words in
// front name one row already, what follows may be anything.
func (n *naming) modifiers(v *view, named bool) match {
	if named || len(n.parts) < 2 {
		return hits
	}
	for _, part := range n.parts[1:] {
		holds := len(part) == 0
		for _, w := range part {
			holds = holds || anyWord(v.title, w) || n.inSets(v, w)
		}
		if !holds {
			return misses
		}
	}
	return hits
}

func either(ok bool) match {
	if ok {
		return hits
	}
	return misses
}

// quotedAs reports whether the row's title has every distinctive word of a quoted name.
func (v *view) quotedAs(name quoted) bool {
	if strings.Contains(v.joined, name.text) {
		return true
	}
	for _, w := range name.numbers {
		if !slices.Contains(v.title, w) {
			return false // "phase 2" is not "Phase 3"
		}
	}
	found := false
	for _, w := range name.words {
		if !distinctive(w) {
			continue
		}
		if !anyWord(v.title, w) {
			return false
		}
		found = true
	}
	return found
}

// wholeIn reports whether the whole title stands in the text, which is folded words between spaces.
func (v *view) wholeIn(text string) bool {
	return v.naming && strings.Contains(text, v.joined)
}
