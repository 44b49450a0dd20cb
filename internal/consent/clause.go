package consent

import (
	"slices"
	"strings"
)

// stance is what a clause does.
type stance int

const (
	fragment  stance = iota // only names something
	filler                  // "please", "hello"
	statement               // says something
	question
	lookup    // asks to be shown something
	condition // "if it rains"
	order     // states a change
	maybe     // names a change, but does not plainly ask for it
	denied    // "don't delete anything"
	fact      // "the offer is done"
	missing   // lacks its verb so far: "I would like you to"
)

// verb is a change word with its place.
type verb struct {
	groups   []group
	from, to int // tokens
	particle int // first token of the particle, or -1
	parted   int // tokens of the particle
	weight   int // words of the phrase
}

func (v verb) is(groups ...group) bool {
	return slices.ContainsFunc(v.groups, func(g group) bool { return slices.Contains(groups, g) })
}

// writes reports whether the verb creates something, so that any text may follow.
func (v verb) writes() bool {
	return v.is("create", "create events", "create notes", "create emails", "create taskComments", "add", "notify")
}

// covers reports whether the token i is part of the verb.
func (v verb) covers(i int) bool {
	return i >= v.from && i < v.to || v.particle >= 0 && i >= v.particle && i < v.particle+v.parted
}

// clause is a part of a sentence with at most one verb.
type clause struct {
	l        *language
	stance   stance
	verb     verb
	from, to int // tokens of the sentence
	opener   group
	polite   [2]int // tokens of the opener
	colon    bool   // ends with a colon
	and, or  bool   // the word in front of it
	comma    bool
	extra    []sentence
}

// splitClauses splits a sentence at commas and conjunctions.
func splitClauses(l *language, toks []token) []clause {
	var list []clause
	cur := clause{l: l}
	flush := func(to int) {
		if cur.to = to; cur.to > cur.from {
			list = append(list, cur)
		}
	}
	for i := 0; i < len(toks); {
		inside := i > 0 && toks[i].quoted && toks[i-1].quoted
		if i > cur.from && !inside && strings.ContainsAny(toks[i].before, ",:;()–—") {
			cur.colon = strings.Contains(toks[i].before, ":") && !clockColon(toks, i)
			if cur.colon || !strings.Contains(toks[i].before, ":") {
				flush(i)
				cur = clause{l: l, from: i, comma: true}
			}
		}
		_, except := l.match("except", toks, i)
		if _, n := l.match("and", toks, i); n > except {
			flush(i)
			_, isOr := l.match("or", toks, i)
			_, isBut := l.match("but", toks, i)
			cur = clause{l: l, from: i + n, and: isOr == 0 && isBut == 0, or: isOr > 0, comma: cur.comma}
			i += n
			continue
		}
		i += max(1, except)
	}
	flush(len(toks))
	return list
}

// clockColon reports whether the colon before the token i is inside a time such as 15:30.
func clockColon(toks []token, i int) bool {
	return toks[i].before == ":" && isNumber(toks[i].word) && isNumber(toks[i-1].word)
}

func isNumber(w string) bool {
	return w != "" && strings.Trim(w, "0123456789") == ""
}

// verbAt returns the change word that begins at the token i.
func (l *language) verbAt(toks []token, i int) (verb, bool) {
	best := verb{particle: -1}
	if i >= len(toks) || len(l.phrases[toks[i].word]) == 0 {
		return best, false
	}
	for _, g := range verbGroups {
		p, n := l.matchVerb(g, toks, i)
		if n == 0 {
			continue
		}
		switch weight := n + len(p.particle); {
		case weight > best.weight:
			best = verb{groups: []group{g}, from: i, to: i + n, weight: weight, particle: -1}
			if len(p.particle) > 0 {
				best.particle, best.parted = findParticle(toks, i+n, p.particle), len(p.particle)
			}
		case weight == best.weight:
			best.groups = append(best.groups, g)
		}
	}
	return best, best.weight > 0
}

// matchVerb is match, but counts the particle.
func (l *language) matchVerb(g group, toks []token, i int) (phrase, int) {
	var best phrase
	n := 0
	if i >= len(toks) || toks[i].quoted {
		return best, 0
	}
	for _, p := range l.phrases[toks[i].word] {
		if p.group == g && len(p.words)+len(p.particle) > n+len(best.particle) && hasWords(toks, i, p.words) &&
			hasParticle(toks, i+len(p.words), p.particle) {
			best, n = p, len(p.words)
		}
	}
	return best, n
}

// lastVerb returns the infinitive at the end of the clause, in languages that put it there.
func (l *language) lastVerb(toks []token, from, to int) (verb, bool) {
	if !l.verbLast {
		return verb{}, false
	}
	for to > from+1 {
		if _, n := l.match("fill", toks, to-1); n == 0 {
			break
		}
		to--
	}
	for i := max(from, to-4); i < to; i++ {
		v, ok := l.verbAt(toks[:to], i)
		if ok && v.to == to && strings.HasSuffix(toks[to-1].word, "n") {
			return v, true
		}
	}
	return verb{}, false
}

// skip moves from over words that may stand before a verb.
func (l *language) skip(toks []token, from, to int, groups ...group) int {
	for moved := true; moved && from < to; {
		moved = false
		for _, g := range groups {
			if _, n := l.match(g, toks, from); n > 0 {
				from, moved = from+n, true
			}
		}
	}
	return from
}

// heads are what a clause may begin with, besides a verb. Of two that are equally long the first one counts.
var heads = []group{"not", "without", "request", "wish", "intent", "if", "question", "yesno"}

// head returns the longest of the heads and verbs that begin at the token i; the group is "verb" for a verb.
func (l *language) head(toks []token, i int) (group, int, verb) {
	best, longest := group(""), 0
	for _, g := range heads {
		if _, n := l.match(g, toks, i); n > longest {
			best, longest = g, n
		}
	}
	v, _ := l.verbAt(toks, i)
	if v.weight > longest {
		return "verb", v.to - v.from, v
	}
	return best, longest, v
}

// classify finds out what the clause does. It looks at the sentence up to the clause's end and, for particles, beyond.
func (c *clause) classify(toks []token) {
	c.stance, c.opener, c.verb = statement, "", verb{particle: -1}
	start := c.l.skip(toks, c.from, c.to, "fill", "greeting")
	if start >= c.to {
		c.stance = filler
		return
	}
	g, n, v := c.l.head(toks, start)
	if _, m := c.l.match("finished", toks, start); m > n {
		g = ""
	}
	switch g {
	case "verb":
		c.begin(toks, v)
	case "not", "without":
		c.deny(toks, start)
	case "request", "wish", "intent":
		c.open(toks, g, start, n, v)
	case "if":
		c.stance = condition
	case "question", "yesno":
		c.stance = question
	default:
		c.plain(toks, start)
	}
}

// begin reads a clause that begins with a verb.
func (c *clause) begin(toks []token, v verb) {
	c.verb = v
	_, _, noun := c.l.noun(toks, v.from)
	_, from := c.l.match("from", toks[:c.to], v.to)
	switch {
	case noun > 0 && from > 0: // "Mail from Bob: …"
		c.stance, c.verb = fragment, verb{particle: -1}
	case v.is("read") && len(v.groups) == 1:
		c.stance = lookup
	case c.l.verbLast && c.negated(toks, v.to, c.to), v.to < c.to && c.startsNot(toks, v.to):
		c.stance = denied
	case !v.writes() && c.negated(toks, v.to, c.to):
		c.stance = maybe
	default:
		c.stance = order
	}
	c.soften(toks, v.from)
}

func (c *clause) startsNot(toks []token, i int) bool {
	_, n := c.l.match("not", toks, i)
	_, unfinished := c.l.match("unfinished", toks, i)
	_, except := c.l.match("except", toks, i)
	return n > 0 && unfinished == 0 && except == 0
}

// negated reports whether the tokens contain a negation that belongs to the verb: not "not done", not "except".
func (c *clause) negated(toks []token, from, to int) bool {
	for i := from; i < to; i++ {
		if _, n := c.l.match("that", toks, i); n > 0 && c.verb.writes() {
			return false // a text follows
		}
		skip := 0
		for _, g := range []group{"unfinished", "except"} {
			if _, n := c.l.match(g, toks, i); n > skip {
				skip = n
			}
		}
		if skip > 0 {
			i += skip - 1
		} else if c.startsNot(toks, i) {
			return true
		}
	}
	return false
}

// deny reads a clause that forbids something.
func (c *clause) deny(toks []token, start int) {
	c.stance = denied
	if p, _ := c.l.match("not", toks, start); len(p.particle) > 0 { // "leave the chairs alone"
		c.verb = verb{groups: []group{"touch"}, from: start, to: start + len(p.words), particle: -1, weight: 1}
		return
	}
	for i := start; i < c.to; i++ {
		if _, n := c.l.match("touch", toks, i); n > 0 && (c.verb.weight == 0 || c.verb.is("read")) {
			c.verb = verb{groups: []group{"touch"}, from: i, to: i + n, particle: -1, weight: n}
		}
		if v, ok := c.l.verbAt(toks, i); ok && (v.weight > c.verb.weight || c.verb.is("read")) {
			c.verb = v
		}
	}
	if c.verb.weight == 0 || c.l.has("else", toks[start:c.to]) { // "don't change anything else"
		c.stance = statement
	}
}

// open reads a clause that begins with a polite form of n words at the token start.
func (c *clause) open(toks []token, g group, start, n int, v verb) {
	c.opener = g
	i := c.l.skip(toks, start+n, c.to, "fill", "clitic")
	next, m, inner := c.l.head(toks[:c.to], i)
	switch {
	case next == "not":
		c.deny(toks, i)
		return
	case next == "wish" || next == "intent":
		i = c.l.skip(toks, i+m, c.to, "fill", "clitic")
		_, _, inner = c.l.head(toks, i)
	}
	c.polite = [2]int{start, i}
	defer c.ownWork(toks)
	defer c.soften(toks, start)
	last, found := c.l.lastVerb(toks, i, c.to)
	if !found && inner.weight == 0 {
		inner, last, found = c.finite(toks, i)
	}
	switch {
	case i >= c.to:
		c.stance = missing
	case inner.weight > 0:
		c.begin(toks, inner)
	case found && c.negated(toks, i, last.from):
		c.stance, c.verb = denied, last
	case found:
		c.begin(toks[:c.to], last)
	case c.participle(toks, i):
	case g == "intent":
		c.stance, c.verb = order, verb{groups: []group{"todo"}, from: start, to: start + n, particle: -1}
		if v.is("notify") {
			c.verb.groups = append(c.verb.groups, "notify")
		}
	case g == "wish" && c.l.newNoun(toks[:c.to], i):
		c.stance, c.verb = order, verb{groups: []group{"create"}, from: start, to: start + n, particle: -1}
	default:
		c.stance = missing
	}
}

// ownWork reads "I have to finish the offer" as work that the person has to do, not as an order to mark it done.
func (c *clause) ownWork(toks []token) {
	if c.stance != order || c.opener == "request" {
		return
	}
	for i := c.polite[0]; i < c.polite[1]; i++ {
		if c.l.in(toks[i].word, "addressee") {
			return // "I need you to finish it"
		}
	}
	switch {
	case c.verb.is("complete") && c.opener == "wish":
		c.stance = maybe
	case c.verb.is("complete"):
		c.verb.groups = []group{"todo"}
	case c.opener == "intent" && c.verb.is("create", "create events", "create notes", "create emails"):
		c.verb.groups = append(c.verb.groups, "todo")
	}
}

// finite reads the verb of "that you move", which has an ending: at the token i or, where verbs stand last, at the end.
func (c *clause) finite(toks []token, i int) (inner, last verb, found bool) {
	at := i
	if c.l.verbLast {
		at = c.to - 1
	}
	if at < i || at >= c.to || toks[at].quoted {
		return verb{particle: -1}, verb{particle: -1}, false
	}
	for _, ending := range []string{"st", "s", "t", "e"} {
		stem, ok := strings.CutSuffix(toks[at].word, ending)
		if !ok {
			continue
		}
		for _, form := range []string{stem, stem + "e", stem + "en", stem + "n"} {
			v, isVerb := c.l.verbAt([]token{{word: form}}, 0)
			if !isVerb {
				continue
			}
			v.from, v.to = at, at+1
			if c.l.verbLast {
				return verb{particle: -1}, v, true
			}
			return v, verb{particle: -1}, false
		}
	}
	return verb{particle: -1}, verb{particle: -1}, false
}

// participles says which verb a participle stands for.
var participles = []struct{ form, verb group }{{"updated", "update"}, {"deleted", "delete"}, {"created", "create"}}

// participle looks for "moved" or "deleted" from the token i on.
func (c *clause) participle(toks []token, i int) bool {
	for k := c.to - 1; k >= i; k-- {
		v := verb{particle: -1}
		for _, p := range participles {
			if _, n := c.l.match(p.form, toks, k); n > 0 {
				v.groups, v.from, v.to = append(v.groups, p.verb), k, max(v.to, k+n)
			}
		}
		if len(v.groups) == 0 {
			continue
		}
		if c.stance, c.verb = order, v; c.negated(toks, i, k) {
			c.stance = denied
		}
		return true
	}
	return false
}

// plain reads a clause that begins with neither a verb nor a polite form.
func (c *clause) plain(toks []token, start int) {
	l := c.l
	if v, ok := l.lastVerb(toks, start, c.to); ok && !l.has("blocker", toks[start:v.from]) {
		if c.begin(toks, v); c.negated(toks, start, v.from) {
			c.stance = denied
		}
		return
	}
	if l.verbLast && !l.has("say", toks[start:c.to]) {
		for i := start + 1; i < c.to; i++ {
			if _, n := l.match("request", toks, i); n > 0 {
				c.open(toks, "request", i, n, verb{})
				return
			}
		}
	}
	if m := l.index("modal", toks[:c.to]); m >= start {
		_, n := l.match("modal", toks, m)
		if !l.has("say", toks[start:m]) && !l.has("say", toks[m+n:c.to]) && c.participle(toks, m+n) {
			c.polite = [2]int{m, m + n}
			return
		}
	}
	if c.isFact(toks, start) {
		return
	}
	switch {
	case l.has("say", toks[start:c.to]), l.has("is", toks[start:c.to]), l.has("subject", toks[start:start+1]):
		c.stance = statement
	default:
		c.stance = fragment
	}
}

// isFact reads "I finished the report" and "the offer is done", which ask to mark it so.
func (c *clause) isFact(toks []token, start int) bool {
	l := c.l
	seg := toks[start:c.to]
	if l.has("say", seg) || l.has("question", seg) || l.negatedFact(seg) {
		return false
	}
	_, n := l.match("finished", toks, start)
	if n > 0 && l.finishers && !l.has("finishers", seg) {
		n = 0
	}
	is := l.index("is", seg)
	if n == 0 && (is <= 0 || !l.has("done", seg[is:])) {
		return c.isNote(toks, start)
	}
	c.stance, c.verb = fact, verb{groups: []group{"complete"}, from: start, to: start + n, particle: -1}
	return true
}

// isNote reads "chairs done".
func (c *clause) isNote(toks []token, start int) bool {
	const short = 6
	if c.to-start < 2 || c.to-start > short || !c.l.in(toks[c.to-1].word, "done") || toks[c.to-1].quoted ||
		c.l.has("is", toks[start:c.to]) || c.l.in(toks[c.to-1].word, "stop", "fill", "greeting") {
		return false
	}
	c.stance, c.verb = fact, verb{groups: []group{"complete"}, from: c.to - 1, to: c.to, particle: -1}
	return true
}

func (l *language) negatedFact(seg []token) bool {
	return l.has("not", seg) || l.has("unfinished", seg)
}

// newNoun reports whether "a task" or "an appointment" follows.
func (l *language) newNoun(toks []token, i int) bool {
	if _, n := l.match("indefinite", toks, i); n == 0 {
		return false
	}
	for k := i; k < min(len(toks), i+4); k++ {
		if table, _, _ := l.noun(toks, k); table != "" {
			return true
		}
	}
	return false
}

// noun returns the table that the noun at the token i stands for, whether it is plural, and its length.
func (l *language) noun(toks []token, i int) (table group, plural bool, n int) {
	for _, g := range tables {
		if p, m := l.match(g, toks, i); m > n {
			table, plural, n = g, p.plural, m
		}
	}
	return table, plural, n
}
