package consent

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/adiuva/cloud-api/internal/fold"
)

// naming is one way in which a clause names rows: "all done tasks of the office move".
type naming struct {
	table      string // of the noun, or ""
	noun       string
	plural     bool
	all        bool
	first      bool
	last       bool
	pronoun    bool
	vague      bool // by something that we cannot check
	sets       []group
	days       []period
	quoted     []quoted
	parts      [][]string // distinctive words: before the first preposition, and after each one
	numbers    []string   // that are neither times nor a new value
	weak       []string   // change words, which count where nothing else names a row
	determined bool       // has an article
	taken      bool       // "remove Bob from the standup": the words in front are no name of the row
}

// quoted is a name in quotation marks.
type quoted struct {
	words   []string
	numbers []string // those of the words that are numbers
	text    string   // between spaces
}

// sets are the groups that restrict which rows are meant.
var sets = []group{"unfinished", "overdue", "progress", "done", "urgent", "high", "medium", "low", "next", "last"}

// states are the sets that may also be a new value: "as done".
var states = []group{"unfinished", "progress", "todo", "done", "urgent", "high", "medium", "low"}

const (
	maxNamings = 60 // of a request
	maxQuoted  = 16 // words of a quoted name
	maxWords   = 40 // distinctive words of a naming
)

// empty reports whether the naming names nothing.
func (n *naming) empty() bool {
	return n.table == "" && !n.all && !n.pronoun && !n.vague && n.plain()
}

// plain reports whether nothing restricts the rows but the table.
func (n *naming) plain() bool {
	return len(n.sets) == 0 && len(n.days) == 0 && len(n.quoted) == 0 && len(n.weak) == 0 && n.words() == 0 &&
		!n.first && !n.last
}

func (n *naming) words() int {
	sum := 0
	for _, part := range n.parts {
		sum += len(part)
	}
	return sum
}

// namer collects what the tokens of a clause name.
type namer struct {
	l       *language
	toks    []token
	days    []period
	cut     map[int]bool // tokens of the new value
	cur     naming
	names   []naming
	except  []naming
	barring bool // after "except"
	open    bool // "what Bob's mail asks"
	taking  bool // the verb takes something away
}

// finish ends the last naming. "All tasks without a date" leaves open which.
func (n *namer) finish() {
	n.flush()
	for i := range n.names {
		n.names[i].vague = n.names[i].vague || n.barring && len(n.except) == 0
	}
}

// flush ends a naming.
func (n *namer) flush() {
	if !n.cur.empty() && len(n.names)+len(n.except) < maxNamings {
		if n.barring {
			n.except = append(n.except, n.cur)
		} else {
			n.names = append(n.names, n.cur)
		}
	}
	n.cur = naming{}
}

// tokens reads the tokens from from to to, except those of the verb and the polite form of the clause.
func (n *namer) tokens(from, to int, c *clause, cutText bool) {
	for i := from; i < to; {
		if c.verb.covers(i) || i >= c.polite[0] && i < c.polite[1] {
			i++
			continue
		}
		if cutText {
			if _, m := n.l.match("that", n.toks, i); m > 0 {
				return
			}
		}
		i += n.token(i, to)
	}
}

// token reads what begins at the token i and returns how many tokens that is.
func (n *namer) token(i, to int) int {
	t := n.toks[i]
	if t.quoted {
		return n.quotation(i, to)
	}
	if n.cut[i] || n.numbered(i) {
		return 1
	}
	if strings.ContainsAny(t.before, ",;") && i > 0 && !n.cur.empty() && !n.relative(i, to) {
		n.flush()
	}
	if k := inPeriod(n.days, i); k >= 0 {
		n.cur.days = append(n.cur.days, n.days[k])
		return n.days[k].to - i
	}
	if n.l.in(t.word, "days", "units") || t.word[0] >= '0' && t.word[0] <= '9' {
		n.cur.vague = true // "in the afternoon", "after 5": true for some rows, but we cannot say which
		return 1
	}
	g, m, table, plural := n.kind(i, to)
	switch g {
	case "except", "without":
		n.flush()
		n.barring = true
	case "and":
		_, or := n.l.match("or", n.toks, i)
		n.open = n.open || or > 0 // which of them?
		n.flush()
	case "noun":
		n.noun(string(table), t.word, plural)
	case "all":
		n.cur.all = true
	case "pronoun":
		n.cur.pronoun = n.cur.pronoun || n.cur.plain() && n.cur.table == ""
	case "next":
		n.cur.first = true
	case "last":
		n.cur.last = true
	case "vague":
		n.cur.vague = true
	case "question", "say":
		n.open = true
	case "modifier":
		_, from := n.l.match("from", n.toks, i)
		n.cur.taken = n.cur.taken || from > 0 && n.taking && n.cur.table == ""
		n.cur.parts = append(n.parts(), nil)
	case "word":
		n.word(t.word)
	case "weak":
		n.cur.weak = append(n.cur.weak, t.word)
	case "":
		_, article := n.l.match("definite", n.toks, i)
		n.cur.determined = n.cur.determined || article > 0
	default:
		n.cur.sets = append(n.cur.sets, g)
	}
	return m
}

// relative reports whether a relative clause begins at the token i: "all tasks, which are done".
func (n *namer) relative(i, to int) bool {
	if _, m := n.l.match("relative", n.toks, i); m == 0 {
		return false
	}
	if _, article := n.l.match("definite", n.toks, i); article == 0 {
		return true
	}
	for k := i + 1; k < to && !strings.ContainsAny(n.toks[k].before, ",;:"); k++ {
		if _, m := n.l.match("is", n.toks, k); m > 0 {
			return true
		}
	}
	return false
}

// numbered adds the number at the token i to the name that it belongs to, "phase 2", where a word that is no vocabulary
// stands before it.
func (n *namer) numbered(i int) bool {
	if i == 0 || n.cur.words() == 0 || !isNumber(n.toks[i].word) || strings.ContainsAny(n.toks[i].before, ",;") ||
		inPeriod(n.days, i) >= 0 || n.toks[i-1].quoted || n.l.known[n.toks[i-1].word] {
		return false
	}
	n.cur.numbers = append(n.cur.numbers, n.toks[i].word)
	return true
}

func (n *namer) parts() [][]string {
	if n.cur.parts == nil {
		n.cur.parts = [][]string{nil}
	}
	return n.cur.parts
}

// word adds a distinctive word to the part that is being read.
func (n *namer) word(w string) {
	parts := n.parts()
	if last := len(parts) - 1; n.cur.words() < maxWords {
		parts[last] = append(parts[last], w)
	}
}

// noun takes the noun as the one that says which table is meant: the last one of "office task", the first one of
// "attività ufficio", never one after a preposition.
func (n *namer) noun(table, word string, plural bool) {
	if len(n.cur.parts) > 1 {
		if n.cur.table == "" && len(n.cur.head()) == 0 {
			n.cur.table, n.cur.noun, n.cur.plural = table, word, plural
		}
		return
	}
	if n.cur.table == "" || n.l.nounLast {
		if n.cur.table != "" {
			n.word(n.cur.noun) // "the email task" is a task about an e-mail
		}
		n.cur.table, n.cur.noun, n.cur.plural = table, word, plural
	}
}

// quotation adds a quoted name and returns how many tokens it has.
func (n *namer) quotation(i, to int) int {
	end := i + 1
	for end < to && n.toks[end].quoted {
		end++
	}
	var name []string
	for _, t := range n.toks[i:end] {
		name = append(name, t.word)
	}
	if len(name) > maxQuoted {
		n.cur.vague = true // a text, not a name
	} else if !n.cut[i] {
		numbers := slices.DeleteFunc(slices.Clone(name), func(w string) bool { return !isNumber(w) })
		n.cur.quoted = append(n.cur.quoted, quoted{words: name, numbers: numbers,
			text: " " + strings.Join(name, " ") + " "})
	}
	return end - i
}

// kind returns what the token i is: a group, "noun", "word", "weak" or "".
func (n *namer) kind(i, to int) (g group, m int, table group, plural bool) {
	l, toks := n.l, n.toks[:to]
	m = 1
	best := 0
	try := func(candidate group) {
		if _, k := l.match(candidate, toks, i); k > best {
			g, best, m = candidate, k, k
		}
	}
	try("except")
	try("without")
	for _, s := range sets {
		try(s)
	}
	for _, s := range []group{"all", "vague", "and"} {
		try(s)
	}
	if t, p, k := l.noun(toks, i); k > best {
		return "noun", k, t, p
	}
	try("pronoun")
	if g == "pronoun" && m == 1 && n.article(i, to) {
		return "", 1, "", false
	}
	for _, s := range []group{"say", "question", "modifier"} {
		try(s)
	}
	if best > 0 {
		return g, m, "", false
	}
	w := toks[i].word
	_, change := l.verbAt(toks, i)
	switch {
	case utf8.RuneCountInString(w) < 3 || isNumber(w) || w[0] >= '0' && w[0] <= '9':
		return "", 1, "", false
	case !l.known[w]:
		return "word", 1, "", false
	case change && !l.in(w, "stop", "fill"):
		return "weak", 1, "", false
	}
	return "", 1, "", false
}

// article reports whether a word that may be a pronoun is an article: something that it belongs to follows.
func (n *namer) article(i, to int) bool {
	if i+1 >= to || n.cut[i+1] || strings.ContainsAny(n.toks[i+1].before, ",;:") {
		return false
	}
	if n.toks[i+1].quoted || inPeriod(n.days, i+1) >= 0 {
		return n.toks[i+1].quoted
	}
	_, k := n.l.match("pronoun", n.toks, i+1)
	_, articleLike := n.l.match("definite", n.toks, i)
	if g, _, _, _ := n.kind(i+1, to); articleLike > 0 && k == 0 {
		return slices.Contains([]group{"word", "noun", "weak", "vague", "all"}, g) || slices.Contains(sets, g)
	}
	return false
}

// restricts reports whether the row fails one of the sets or days.
func (n *naming) restricts(v *view, zone *time.Location) bool {
	row := v.row
	for _, set := range n.sets {
		if !inSet(set, row) {
			return true
		}
	}
	for _, day := range n.days {
		if !day.holds(row.Times, zone) && (day.word == "" || !slices.Contains(v.title, day.word)) {
			return true
		}
	}
	return n.first && !row.First || n.last && !row.Last
}

func inSet(set group, row *Row) bool {
	done := row.Done || row.Status == "done"
	switch set {
	case "overdue":
		return row.Overdue
	case "done":
		return done
	case "unfinished":
		return !done
	case "progress":
		return row.Status == "in_progress"
	}
	return row.Priority == string(set) || slices.ContainsFunc(row.Labels, func(label string) bool {
		return fold.Text(label) == string(set)
	})
}
