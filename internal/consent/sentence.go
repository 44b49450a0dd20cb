package consent

import (
	"slices"
	"time"
)

// reader reads the sentences of one text.
type reader struct {
	now      time.Time
	budget   int       // bytes that may still be searched for dates
	main     *language // of the whole text
	reported bool      // the lines that follow are somebody's words
	pasted   bool      // so may be the rest of the text
	headed   bool      // the lines that follow have a heading of which we cannot say whose they are
	opened   bool      // the line before ended with a colon
	list     int       // index of the clause that the items that follow belong to, or -1
	asks     []ask
	other    bool // something that is neither a question nor small talk
	proposal bool // the text is an assistant's proposal: "shall I" asks for nothing else
}

// ask is a clause that names a change, with its sentence.
type ask struct {
	clause
	toks []token
	days []period // of the sentence
}

func newReader(main *language, now time.Time) reader {
	return reader{main: main, now: now, budget: maxDateText, list: -1}
}

// read reads all sentences.
func (r *reader) read(list []sentence) {
	for _, s := range list {
		if s.gap && !r.opened {
			r.reported, r.headed, r.list = false, false, -1
		}
		r.opened = s.colon
		if r.reported || s.bullet && r.item(s) {
			continue
		}
		if !s.bullet {
			r.list = -1
		}
		r.sentence(s)
	}
}

// item adds an item of a list to the clause above it, where that clause names the change.
func (r *reader) item(s sentence) bool {
	if r.list < 0 {
		return false
	}
	c := &r.asks[r.list]
	if c.makesOnly() {
		return true // what to create; not an order of its own
	}
	l := languageOf(s.toks, r.main)
	first, ok := l.verbAt(s.toks, 0)
	if _, last := l.lastVerb(s.toks, 0, len(s.toks)); last || ok && !first.is("read") {
		return false
	}
	s.toks = c.l.adapt(s.toks)
	c.extra = append(c.extra, s)
	return true
}

// sentence reads one sentence.
func (r *reader) sentence(s sentence) {
	l := languageOf(s.toks, r.main)
	s.toks = l.adapt(s.toks)
	list := splitClauses(l, s.toks)
	if list = r.join(list, s.toks); len(list) == 0 {
		return
	}
	r.context(list, s)
	var days []period
	if slices.ContainsFunc(list, func(c clause) bool { return c.stance >= order && c.stance <= fact }) {
		days = l.periods(s.toks, r.now, &r.budget)
	}
	for i := range list {
		c := &list[i]
		r.reported = r.reported || c.stance == lookup && c.colon // "Translate: …"
		r.other = r.other || c.stance == statement || c.stance == fragment
		if c.stance != filler {
			r.asks = append(r.asks, ask{clause: *c, toks: s.toks, days: days})
		}
	}
	if s.colon {
		r.heading(&list[len(list)-1], s.toks)
	}
}

// heading lets the last clause of a line that ends with a colon decide what the lines below it are.
func (r *reader) heading(c *clause, toks []token) {
	switch {
	case c.stance == lookup, c.stance == statement && c.l.has("say", toks[c.from:c.to]):
		r.reported, r.pasted = true, true
	case c.opener == "" && (c.stance == statement || c.stance == fragment):
		r.headed = true
	case c.stance == order, c.stance == maybe, c.stance == denied:
		r.list = len(r.asks) - 1
	}
}

// join classifies the clauses and joins those that belong together: the parts of a list, and a polite form with a verb
// that stands later.
func (r *reader) join(parts []clause, toks []token) []clause {
	var list []clause
	idea := false
	for i := 0; i < len(parts); i++ {
		c := parts[i]
		c.classify(toks)
		for k := i + 1; c.stance == missing && k < len(parts); k++ {
			next := parts[k]
			next.classify(toks)
			if next.stance == order && next.verb.from <= c.l.skip(toks, next.from, next.to, "fill") {
				break
			}
			longer := c
			longer.to = next.to
			if longer.classify(toks); longer.stance != missing {
				longer.colon = next.colon
				c, i = longer, k
			}
		}
		if idea { // "for example, delete it"
			c.soften(toks, parts[i-1].from)
		}
		if idea = c.stance == missing; idea {
			c.stance = statement
		}
		note := c.stance == fact && c.verb.to == c.to && (c.comma || c.and) // "mark the chairs and the website done"
		part := note || c.comma && c.begins(toks, "relative") || c.begins(toks, "except") || c.begins(toks, "without")
		note = note || c.and && i > 0 && c.marked(toks, list)
		part = (part || note) && (note || c.stance < order || c.verb.weight == 0)
		if n := len(list); n > 0 && list[n-1].stance == order && part {
			c.stance = fragment
		}
		list = attach(list, c, toks)
	}
	return list
}

// marked reports whether the clause is the second title of "mark call the printer and book a room as done".
func (c *clause) marked(toks []token, list []clause) bool {
	if len(list) == 0 || c.verb.is("set") || c.stance != order {
		return false
	}
	before := &list[len(list)-1]
	if before.stance != order || !before.verb.is("set") || c.l.has("target", toks[before.from:before.to]) {
		return false
	}
	for i := c.from + 1; i < c.to; i++ {
		if _, n := c.l.match("target", toks, i); n > 0 {
			if m := c.l.state(toks[:c.to], i+n); m > 0 && c.l.skip(toks, i+n+m, c.to, "fill") == c.to {
				return true
			}
		}
	}
	return false
}

func (c *clause) begins(toks []token, g group) bool {
	_, n := c.l.match(g, toks, c.from)
	return n > 0
}

// attach appends a clause, or joins it with the one before.
func attach(list []clause, c clause, toks []token) []clause {
	if len(list) == 0 {
		return append(list, c)
	}
	prev := &list[len(list)-1]
	switch {
	case c.stance == fragment && !prev.colon && slices.Contains([]stance{order, maybe, denied, fragment}, prev.stance),
		c.stance == fragment && prev.stance == order && !prev.makesOnly():
		if prev.stance == order && !prev.verb.writes() && c.negated(toks, c.from, c.to) {
			prev.stance = maybe // "all tasks, which have no date"
		}
		prev.to, prev.colon = c.to, c.colon
	case prev.stance == fragment && !prev.colon && c.l.verbLast && c.verb.from > c.from && c.verb.weight > 0:
		c.from, c.comma, c.and, c.or = prev.from, prev.comma, prev.and, prev.or
		*prev = c
	default:
		return append(list, c)
	}
	return list
}

// makesOnly reports whether the clause asks to create something and nothing else.
func (c *clause) makesOnly() bool {
	return c.stance == order && !c.verb.is("update", "set", "complete", "cancel", "delete", "index", "open")
}

// context lets what stands before and around a clause decide what it is: the question that it continues, the words of
// somebody that it is part of.
func (r *reader) context(list []clause, s sentence) {
	asked := s.question && !r.proposal
	polite, yesno, wh, denies, reports, text := false, false, false, false, false, false
	if last := len(list) - 1; last > 0 && list[last].attributes(s.toks) {
		for i := range list[:last] {
			list[i].stance = statement // "it is done, says Bob"
		}
	}
	for i := range list {
		c := &list[i]
		bare := c.opener == ""
		joined := c.and || c.or
		if c.stance == fact && asked {
			c.stance = question
		}
		if c.stance == order {
			switch {
			case reports, i > 0 && c.said(&list[i-1], s.toks):
				c.stance = statement
			case text && bare && !c.makesOnly(), text && c.comma && bare:
				c.stance = maybe
			case c.opener == "intent" && asked:
				c.stance = question
			case bare && yesno && joined, bare && asked && (wh || yesno):
				c.stance = question
			case bare && denies && c.or:
				c.stance = denied
			case bare && denies && c.and, bare && asked && !polite:
				c.stance = maybe
			}
		}
		if c.stance == order && (r.headed || r.pasted) {
			c.stance = maybe
		}
		polite = polite || c.opener == "request" && c.stance == order
		yesno = c.stance == question && (c.yesno(s.toks) || yesno)
		wh = wh || c.stance == question && !yesno
		denies = c.stance == denied
		reports = reports || c.quotes(s.toks)
		text = text || c.colon && c.stance == fragment
		if c.colon && (c.makesOnly() || c.stance == lookup) {
			for k := i + 1; k < len(list); k++ {
				list[k].stance = filler // the text of what is created, or that is to be translated
			}
			return
		}
	}
}

// soften reads "how about deleting it" as an idea, where the words of it stand at the token i.
func (c *clause) soften(toks []token, i int) {
	if _, n := c.l.match("tentative", toks, i); n > 0 && c.stance == order {
		c.stance = maybe
	}
}

// attributes reports whether the clause says whose words stood before it: ", says Bob".
func (c *clause) attributes(toks []token) bool {
	_, n := c.l.match("say", toks, c.from)
	return n > 0 && c.stance == statement && c.comma && c.to-c.from <= n+3
}

// yesno reports whether the clause is a question of yes or no.
func (c *clause) yesno(toks []token) bool {
	start := c.l.skip(toks, c.from, c.to, "fill", "greeting")
	_, n := c.l.match("yesno", toks, start)
	_, wh := c.l.match("question", toks, start)
	return n > wh || n == 0 && wh == 0
}

// said reports whether the clause is what the one before says: "Bob meint, wir sollten …". An imperative is not.
func (c *clause) said(before *clause, toks []token) bool {
	if !c.l.verbLast || !c.comma || before.stance != statement || !c.l.has("say", toks[before.from:before.to]) {
		return false
	}
	return c.opener != "" || c.verb.from > c.l.skip(toks, c.from, c.to, "fill")
}

// quotes reports whether the clause hands on what somebody says: "Bob writes:", "the mail that says to".
func (c *clause) quotes(toks []token) bool {
	if c.stance == order && !c.verb.is("read") {
		return false
	}
	for i := c.from; i < c.to; i++ {
		_, n := c.l.match("say", toks, i)
		if n == 0 {
			continue
		}
		if c.colon || i+n >= c.to {
			return c.colon
		}
		if _, m := c.l.match("infinitive", toks, i+n); m > 0 {
			return true
		}
	}
	return false
}

// languageOf returns the language that has most of the words. The main language is preferred, then the earlier one.
func languageOf(toks []token, main *language) *language {
	best, most := main, -1
	if main != nil {
		most = main.count(toks)
	}
	for _, l := range languages {
		if n := l.count(toks); n > most {
			best, most = l, n
		}
	}
	return best
}

// count returns how many of the tokens are words of the language.
func (l *language) count(toks []token) int {
	n := 0
	for _, t := range toks {
		if t.quoted {
			continue
		}
		if _, _, divided := l.divide(t); divided || l.known[t.word] {
			n++
		}
	}
	return n
}
