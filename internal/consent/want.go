package consent

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// want is a change that the person names, ready to be compared with many rows.
type want struct {
	kinds    []Kind
	tables   []string // that rows may be created in
	stance   stance
	onlyDone bool // a fact: nothing but the status may change
	open     bool // names no rows: "do what the mail asks"
	reply    bool // writes to somebody
	names    []naming
	except   []naming
	noun     noun     // the first one
	absent   bool     // its words fit no row of the request
	text     string   // its words between spaces, without the new value
	raw      string   // its words as they stand
	people   []string // words that may name a recipient
}

// noun is a noun of the clause.
type noun struct{ table, word string }

// kindsOf says what the verbs of a group may change.
var kindsOf = map[group][]Kind{
	"create": {Create}, "create events": {Create}, "create notes": {Create}, "create emails": {Create},
	"create taskComments": {Create}, "todo": {Create}, "add": {Create, Update}, "update": {Update}, "set": {Update},
	"complete": {Update}, "cancel": {Update, Delete}, "delete": {Delete}, "notify": {Notify, Create}, "index": {Index},
	"touch": {Update, Delete}, "take": {Update},
	"invite": {Update},
}

// newWant reads what the clause wants.
func newWant(c *ask, now time.Time) want {
	w := want{stance: c.stance, onlyDone: c.stance == fact}
	for _, g := range c.verb.groups {
		w.open = w.open || g == "open"
		w.kinds = append(w.kinds, kindsOf[g]...)
	}
	if c.verb.is("delete") && c.column() {
		w.kinds = []Kind{Update}
	}
	w.creates(c)
	w.name(c, now)
	return w
}

// column reports whether the clause is about a column of a row: "remove the due date from the chairs task".
func (c *ask) column() bool {
	start := c.verb.to
	if c.verb.from > c.from && c.l.verbLast {
		start = max(c.from, c.polite[1])
	}
	start = c.l.skip(c.toks, start, c.to, "fill", "clitic", "definite", "all")
	_, n := c.l.match("column", c.toks[:c.to], start)
	if n == 0 {
		return false
	}
	_, from := c.l.match("from", c.toks[:c.to], start+n)
	off := c.verb.particle == start+n && start+n < c.to-1 // "take the due date off the chairs task"
	return from > 0 || off || c.l.has("from", c.toks[start:c.to])
}

// taking returns the clause as a change of the row from which something is taken, if it is one: "remove Bob from the
// standup".
func (c *ask) taking() (ask, bool) {
	if !c.verb.is("delete") || c.stance == denied || c.column() || len(c.taken()) == 0 {
		return ask{}, false
	}
	other := *c
	other.verb.groups = []group{"take"}
	return other, true
}

// taken marks what is taken away, up to "from".
func (c *ask) taken() map[int]bool {
	cut := map[int]bool{}
	for i := c.verb.to; i < c.to; i++ {
		table, _, _ := c.l.noun(c.toks[:c.to], i)
		_, all := c.l.match("all", c.toks, i)
		if table != "" || all > 0 {
			return nil
		}
		cut[i] = true
		_, n := c.l.match("from", c.toks, i)
		if off := i == c.verb.particle && i+1 < c.to; (n > 0 || off) && i > c.verb.to {
			return cut
		}
	}
	return nil
}

// drop takes back a kind.
func (w *want) drop(k Kind) {
	w.kinds = slices.DeleteFunc(w.kinds, func(have Kind) bool { return have == k })
}

func (w *want) has(k Kind) bool { return slices.Contains(w.kinds, k) }

// tablesOf are the tables that the verbs of a group create rows of where no noun says otherwise.
var tablesOf = map[group][]string{
	"create": {"tasks"}, "add": {"tasks"}, "todo": {"tasks"}, "create events": {"events"}, "create notes": {"notes"},
	"create emails": {"emails"}, "create taskComments": {"taskComments"}, "notify": {"tasks", "events"},
}

// creates finds the tables that the clause asks to create rows of. "add a task" is no update, and "make a report"
// changes nothing.
func (w *want) creates(c *ask) {
	if table := c.into(); table != "" {
		w.drop(Update)
		w.kinds = append(w.kinds, Create)
		w.tables = []string{table}
		return
	}
	if !w.has(Create) {
		return
	}
	w.reply = c.verb.is("create emails")
	nouns, fresh, other := c.newNouns()
	both := w.has(Update)
	other = other && !(c.verb.is("create notes") && c.verb.particle >= 0) // "save the report as a note"
	into, row := c.receives(fresh || other)
	if fresh {
		w.drop(Update)
	}
	switch {
	case len(nouns) == 0 && !other && into == "" && c.verb.is("add") && c.lasts():
		w.drop(Update)
		w.tables = []string{"events"}
	case other, row, !fresh && both && c.definite():
		w.drop(Create)
	case into != "":
		w.tables = []string{into}
	case len(nouns) > 0 && (fresh || !c.verb.is("create emails", "create notes", "create taskComments")) &&
		!c.verb.is("notify"):
		w.tables = nouns
	default:
		for _, g := range c.verb.groups {
			if g != "create" || !c.verb.is("set") {
				w.tables = append(w.tables, tablesOf[g]...)
			}
		}
	}
	w.reply = w.reply || slices.Contains(w.tables, "emails")
}

// lasts reports whether the clause has a day and a time from which and until which something lasts.
func (c *ask) lasts() bool {
	for i := c.verb.to; i+2 < c.to; i++ {
		_, until := c.l.match("target", c.toks, i+1)
		if until == 1 && isNumber(c.toks[i].word) && isNumber(c.toks[i+2].word) {
			return slices.ContainsFunc(c.days, func(p period) bool { return p.from >= c.from && p.to <= c.to })
		}
	}
	return false
}

// into returns the table of "turn the emails into tasks", or "".
func (c *ask) into() string {
	if !c.verb.is("update", "set", "create", "add") {
		return ""
	}
	for i := c.from; i < c.to; i++ {
		_, n := c.l.match("into", c.toks, i)
		if n == 0 {
			continue
		}
		next := c.l.skip(c.toks, i+n, c.to, "indefinite")
		table, plural, m := c.l.noun(c.toks[:c.to], next)
		if m > 0 && (plural || next > i+n || table == "tasks") {
			return string(table)
		}
	}
	return ""
}

// newNouns returns the tables of the nouns that follow the verb, whether the first one is indefinite ("a task"), and
// whether it is something else that we have no table for ("a report").
func (c *ask) newNouns() (list []string, fresh, other bool) {
	l := c.l
	begin := true // of a naming
	known := false
	for i := c.from; i < c.to; i++ {
		if c.verb.covers(i) || c.toks[i].quoted {
			begin = begin || c.verb.covers(i) && i != c.verb.particle
			continue
		}
		if _, n := l.match("and", c.toks, i); n > 0 || strings.ContainsAny(c.toks[i].before, ",") {
			begin = len(list) > 0
		}
		if _, n := l.match("that", c.toks, i); n > 0 {
			break
		}
		table, plural, n := l.noun(c.toks[:c.to], i)
		_, others := l.match("other", c.toks, i)
		if n == 0 && others == 0 {
			_, modifier := l.match("modifier", c.toks, i)
			_, article := l.match("definite", c.toks, i)
			begin = begin && (modifier == 0 || article > 0)
			continue
		}
		if !begin {
			i += max(n, others) - 1
			continue
		}
		first := !known
		known = true
		if next := i + max(n, others); l.nounLast && next < c.to && c.nounFollows(next) {
			i = next - 1
			known = !first
			continue
		}
		if n > 0 {
			list = append(list, string(table))
		} else if first {
			other = true
		}
		fresh = fresh || first && (plural || c.indefinite(i))
		begin = false
		i += max(n, others) - 1
	}
	return list, fresh, other && len(list) == 0
}

// definite reports whether the clause is about one row that is there: "put the standup", "append to the note".
func (c *ask) definite() bool {
	_, n := c.l.match("definite", c.toks[:c.to], c.verb.to)
	after := c.l.skip(c.toks, c.verb.to, c.to, "target", "fill")
	_, m := c.l.match("definite", c.toks[:c.to], after)
	return n+m > 0
}

// receives finds what something is added to: the rows of a table ("my calendar"), or one row ("the meeting note").
func (c *ask) receives(known bool) (table string, row bool) {
	if known || !c.verb.is("add") {
		return "", false
	}
	placed := false // after a preposition
	for i := c.verb.to; i < c.to; i++ {
		if _, n := c.l.match("that", c.toks, i); n > 0 {
			break
		}
		_, modifier := c.l.match("modifier", c.toks, i)
		_, target := c.l.match("target", c.toks, i)
		placed = placed || modifier+target > 0
		if noun, plural, n := c.l.noun(c.toks[:c.to], i); n > 0 && placed {
			if plural {
				return string(noun), false
			}
			return "", true
		}
	}
	return "", false
}

// nounFollows reports whether another noun follows directly: "summary note".
func (c *ask) nounFollows(i int) bool {
	_, _, n := c.l.noun(c.toks[:c.to], i)
	_, other := c.l.match("other", c.toks, i)
	return (n > 0 || other > 0) && !strings.ContainsAny(c.toks[i].before, ",:")
}

// indefinite reports whether no definite article stands before the noun at the token i.
func (c *ask) indefinite(i int) bool {
	for k := i - 1; k >= max(c.from, i-4); k-- {
		if k >= c.verb.from && k < c.verb.to {
			return true
		}
		if _, n := c.l.match("indefinite", c.toks, k); n > 0 {
			return true
		}
		if _, n := c.l.match("definite", c.toks, k); n > 0 {
			return false
		}
	}
	return true
}

// name finds the rows that the clause names.
func (w *want) name(c *ask, now time.Time) {
	days := c.days
	cut := map[int]bool{}
	if c.verb.is("take") {
		cut = c.taken()
	} else if c.verb.is("delete") && c.verb.particle >= 0 && c.column() {
		for i := c.verb.to; i < c.verb.particle; i++ {
			cut[i] = true // "take the due date off"
		}
	} else if w.has(Update) && c.verb.is("add", "invite") && !c.verb.is("set") {
		cut = c.receiver()
	} else if w.has(Update) && !c.verb.is("delete", "cancel", "complete") {
		cut = targets(c, days)
	}
	n := namer{l: c.l, toks: c.toks, days: days, cut: cut, taking: c.verb.is("delete")}
	n.tokens(c.from, c.to, &c.clause, c.verb.is("add", "create emails", "create taskComments"))
	n.finish()
	budget := maxDateText
	for _, s := range c.extra {
		more := namer{l: c.l, toks: s.toks, days: c.l.periods(s.toks, now, &budget), cut: map[int]bool{}}
		more.tokens(0, len(s.toks), &clause{verb: verb{particle: -1}}, false)
		more.finish()
		n.names = append(n.names, more.names...)
	}
	if c.stance == fact || c.stance < order {
		for i := range n.names {
			if n.names[i].words() > 0 {
				n.names[i].sets = nil // "the offer is done" says nothing about which offer
			}
		}
	}
	w.names, w.except = c.share(n.names), n.except
	restricted := slices.ContainsFunc(w.names, func(n naming) bool { return len(n.sets) > 0 })
	w.open = w.open || n.open && !restricted && (w.has(Update) || w.has(Delete))
	w.keep(c, cut)
}

// share lets "all tasks and notes of the office" mean the office's tasks, "mails from Luigi and Bob" Bob's mails, and
// "chairs and website tasks" two tasks: what one naming lacks it takes from its neighbour.
func (c *ask) share(names []naming) []naming {
	for i := len(names) - 2; i >= 0; i-- {
		a, b := &names[i], &names[i+1]
		switch {
		case a.plain() && a.table != "" && b.table != "" && !b.plain() && !b.all:
			table, noun, plural, all := a.table, a.noun, a.plural, a.all
			*a = *b
			a.table, a.noun, a.plural, a.all = table, noun, plural, all
		case c.l.nounLast && a.table == "" && a.words() > 0 && b.plural && !b.determined && !b.all:
			a.table, a.noun, a.plural = b.table, b.noun, true
		}
	}
	for i := 1; i < len(names); i++ {
		a, b := &names[i-1], &names[i]
		if b.table == "" && a.table != "" && len(a.parts) > 1 && len(b.head()) > 0 && len(a.head()) == 0 {
			b.table, b.noun, b.plural, b.all = a.table, a.noun, a.plural, b.all || a.all
			b.parts = append([][]string{nil}, b.parts...)
		}
	}
	return names
}

// keep notes the words of the clause.
func (w *want) keep(c *ask, cut map[int]bool) {
	var b, raw strings.Builder
	b.WriteByte(' ')
	for i := c.from; i < c.to; i++ {
		t := c.toks[i]
		raw.WriteString(t.before)
		raw.WriteString(t.raw)
		if !cut[i] && (i < c.verb.from || i >= c.verb.to) {
			b.WriteString(t.word)
			b.WriteByte(' ')
			if table, _, n := c.l.noun(c.toks[:c.to], i); n == 1 && w.noun.word == "" {
				w.noun = noun{string(table), t.word}
			}
		}
		if w.reply && c.names(i) {
			w.people = append(w.people, t.word)
		}
	}
	for _, s := range c.extra {
		for _, t := range s.toks {
			b.WriteString(t.word)
			b.WriteByte(' ')
		}
	}
	w.text, w.raw = b.String(), raw.String()
}

// names reports whether the token may name a person, and is no vocabulary: it follows the verb, "to" or "to the", or
// another name.
func (c *ask) names(i int) bool {
	if i < c.from || c.toks[i].quoted || len(c.toks[i].word) < 2 {
		return false
	}
	t, before := c.toks[i], i-1
	_, titled := c.l.match("honorific", c.toks, max(before, c.from))
	if titled = min(titled, before-c.from+1); titled > 0 && t.named { // "Frau Höher", also where the name is a word
		before--
	} else if c.l.known[t.word] {
		return false
	}
	if before+1 == c.verb.to || t.before == "@" || t.before == "." && before >= c.from && c.names(before) {
		return true
	}
	if before < c.from {
		return false
	}
	if t.named && c.names(before) { // a surname
		return true
	}
	if _, n := c.l.match("and", c.toks, before); n > 0 {
		return c.names(before - 1)
	}
	if _, n := c.l.match("definite", c.toks, before); n > 0 && before > c.from {
		if table, _, _ := c.l.noun(c.toks[:c.to], i+1); table != "" {
			return false // "to the offer mail"
		}
		before--
	}
	if _, n := c.l.match("recipient", c.toks, before); n > 0 {
		return true
	}
	_, n := c.l.match("from", c.toks, before)
	return n > 0 && before > c.from && c.l.in(c.toks[before-1].word, "emails") // "the mail of Bob"
}

// describes reports how well the clause describes the row by its own words.
func (w *want) describes(v *view, zone *time.Location) match {
	for i := range w.except {
		if w.except[i].describes(v, zone) != misses {
			return misses
		}
	}
	if w.namesID(v.row.ID) {
		return hits
	}
	best := misses
	for i := range w.names {
		best = max(best, w.names[i].describes(v, zone))
	}
	if best != hits && len(v.title) > 1 && w.noun.table == v.table &&
		strings.Contains(w.text, " "+w.noun.word+v.joined) {
		return hits // "the note Move meeting"
	}
	if best != hits && len(v.title) > 1 && v.wholeIn(w.text) && !w.otherTable(v) && w.startsWith(v) {
		return hits
	}
	return best
}

// startsWith reports whether what the clause names first is in the row's title: not "remove Bob from the office move".
func (w *want) startsWith(v *view) bool {
	return slices.ContainsFunc(w.names, func(n naming) bool {
		return len(n.head()) == 0 || slices.ContainsFunc(n.head(), func(w string) bool { return anyWord(v.title, w) })
	})
}

// otherTable reports whether every noun of the clause names another table than the row's, and the title has none of
// them.
func (w *want) otherTable(v *view) bool {
	return slices.ContainsFunc(w.names, func(n naming) bool {
		return n.table != "" && n.table != v.table && !slices.Contains(v.title, n.noun) || len(n.sets)+len(n.days) > 0
	})
}

// namesID reports whether the id stands in the clause as a word. An id that might be an ordinary word or a small number
// does not count.
func (w *want) namesID(id string) bool {
	const short = 4
	if len(id) < 2 || !strings.ContainsAny(id, "0123456789") || isNumber(id) && len(id) < short {
		return false
	}
	for rest := w.raw; ; {
		i := strings.Index(rest, id)
		if i < 0 {
			return false
		}
		before, _ := utf8.DecodeLastRuneInString(rest[:i])
		after, _ := utf8.DecodeRuneInString(rest[i+len(id):])
		if !isWordRune(before) && before != '-' && !isWordRune(after) && after != '-' {
			return true
		}
		rest = rest[i+len(id):]
	}
}

// namesTable reports whether the clause names all rows of the table: "don't delete any tasks".
func (w *want) namesTable(table string) bool {
	return slices.ContainsFunc(w.names, func(n naming) bool { return n.table == table && n.plain() })
}

// narrow reports whether the clause names rows at all.
func (w *want) narrow() bool {
	return slices.ContainsFunc(w.names, func(n naming) bool {
		unclear := n.vague && n.words() == 0 && len(n.quoted) == 0
		return !n.pronoun && !unclear && (!n.plain() || n.all && n.table != "")
	})
}

// refers reports whether the clause has a pronoun.
func (w *want) refers() bool {
	return slices.ContainsFunc(w.names, func(n naming) bool { return n.pronoun })
}
