package consent

import (
	"slices"
	"strings"
	"time"
)

// readHistory reads the assistant's last turn and the person's before it.
func (r *Request) readHistory(message string, history []Turn, now time.Time) {
	n := len(history)
	if n > 0 && history[n-1].Role == "user" && history[n-1].Content == message {
		n-- // some clients put the message itself into the history
	}
	if n > 0 && history[n-1].Role == "assistant" {
		list := sentences(history[n-1].Content, maxTurn)
		r.turns = append(r.turns, spaced(list))
		r.proposed = proposals(list, now)
		r.inquired = slices.ContainsFunc(list, asks)
		r.asked = slices.ContainsFunc(list, func(s sentence) bool { return s.question })
		n--
	}
	if n > 0 && history[n-1].Role == "user" {
		list := sentences(history[n-1].Content, maxTurn)
		r.turns = append(r.turns, spaced(list))
		if main := mainLanguage(list); main != nil {
			rd := newReader(main, now)
			rd.read(list)
			r.earlier, _ = compile(rd.asks, now, true)
		}
	}
	r.asked = len(r.proposed) > 0 || r.asked && slices.ContainsFunc(r.earlier, func(w want) bool { return w.stated() })
}

// spaced returns the words of the sentences between spaces.
func spaced(list []sentence) string {
	var b strings.Builder
	b.WriteByte(' ')
	for _, s := range list {
		for _, t := range s.toks {
			b.WriteString(t.word)
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// proposals reads what the assistant offers to do: the sentences with "shall I" and the like, as if the person had
// said what follows. What it hands on of others' words ("Bob asks: shall I …") is no proposal.
func proposals(list []sentence, now time.Time) []want {
	main := mainLanguage(list)
	if main == nil {
		return nil
	}
	rd := newReader(main, now)
	rd.proposal = true
	var offers []sentence
	paragraph, either, head := false, false, -1
	for _, s := range list {
		paragraph = paragraph || s.gap
		if s.bullet {
			if len(offers) > 0 {
				offers = append(offers, main.listed(s, &offers[head]))
			}
			continue
		}
		l := languageOf(s.toks, main)
		toks, ok := l.offer(s.toks)
		if paragraph && s.question && !l.continues(toks) {
			offers = nil // "yes" answers the question of the last paragraph
		}
		if paragraph = false; !ok {
			continue
		}
		either = either || l.alternative(toks)
		if s.toks = l.verbFirst(toks); len(s.toks) > 0 {
			head, offers = len(offers), append(offers, s)
		}
	}
	rd.read(offers)
	wants, _ := compile(rd.asks, now, false)
	for i := range wants {
		if either && wants[i].stance == order {
			wants[i].stance = maybe // "Shall I delete it or move it?"
		}
	}
	return slices.DeleteFunc(wants, func(w want) bool { return !w.stated() })
}

// offer returns what follows "shall I" in a sentence, and all of it and false where there is no such thing or somebody
// else asks it.
func (l *language) offer(toks []token) ([]token, bool) {
	at := l.index("ask", toks)
	if at < 0 || l.has("say", toks[:at]) {
		return toks, false
	}
	for n := 1; n > 0 && at < len(toks); at += n {
		_, n = l.match("ask", toks, at)
	}
	return toks[at:], true
}

// listed returns an item below an offer. Where the offer itself says what to do, its items are names of rows, also of
// one that is called "Delete all tasks".
func (l *language) listed(item sentence, head *sentence) sentence {
	v, ok := languageOf(head.toks, l).verbAt(head.toks, 0)
	if !ok || v.is("open", "read") {
		return item
	}
	head.colon, item.gap = true, false
	item.toks = slices.Clone(item.toks)
	for i := range item.toks {
		item.toks[i].quoted = true
	}
	return item
}

// continues reports whether what follows "shall I" means what was said before: "do it", "go ahead", "delete them".
func (l *language) continues(toks []token) bool {
	_, rest := l.assent(toks, true)
	return rest == len(toks) || l.has("pronoun", toks)
}

// alternative reports whether the tokens offer a choice: "delete it or move it", not "delete it, or shall I wait".
func (l *language) alternative(toks []token) bool {
	at := l.index("or", toks)
	return at >= 0 && !l.has("ask", toks[at:])
}

// verbFirst moves the verb of "(möchten Sie, dass ich) die Aufgabe lösche" to the front.
func (l *language) verbFirst(toks []token) []token {
	last := len(toks) - 1
	if !l.verbLast || last < 1 || strings.HasSuffix(toks[last].word, "n") {
		return toks
	}
	if _, ok := l.verbAt(toks, last); !ok {
		return toks
	}
	return append([]token{toks[last]}, toks[:last]...)
}

// consents reports whether the message says nothing but yes, to something that was asked.
func (r *Request) consents(list []sentence) bool {
	if !r.asked {
		return false
	}
	return slices.ContainsFunc(languages, func(l *language) bool {
		yes := false
		for _, s := range list {
			found, rest := l.assent(s.toks, r.inquired)
			if rest < len(s.toks) || s.question {
				return false
			}
			yes = yes || found
		}
		return yes
	})
}

// asks reports whether the sentence asks for leave: "Shall I delete it?"
func asks(s sentence) bool {
	return s.question && languageOf(s.toks, nil).has("ask", s.toks)
}

// assent skips the words of assent at the beginning and reports whether there were any. Words such as "ok" and "great",
// which also mean nothing, count with weak alone. Of phrases that overlap ("ja mach", "mach das") it tries all.
func (l *language) assent(toks []token, weak bool) (found bool, rest int) {
	reached := map[int]bool{0: false} // tokens that words of assent lead to, and whether one of them says yes
	for i := range toks {
		before, ok := reached[i]
		if !ok || toks[i].quoted {
			continue
		}
		for _, p := range l.phrases[toks[i].word] {
			if !slices.Contains([]group{"yes", "fill", "greeting", "and"}, p.group) || !hasWords(toks, i, p.words) ||
				!hasParticle(toks, i+len(p.words), p.particle) {
				continue
			}
			to := i + len(p.words)
			_, noise := l.match("fill", toks, i)
			reached[to] = reached[to] || before || p.group == "yes" && (weak || len(p.words) > noise)
			rest = max(rest, to)
		}
	}
	return reached[rest], rest
}

// maxAnswer is how many words an answer to the assistant's question may have.
const maxAnswer = 12

// followUp reads a message without a change of its own as an answer to what the assistant asked: "the first one",
// "Friday", "yes, but not the chairs".
func (r *Request) followUp(list []sentence, main *language, now time.Time) {
	if !r.asked || len(list) != 1 || len(list[0].toks) > maxAnswer || list[0].question ||
		slices.ContainsFunc(r.wants, func(w want) bool {
			return w.stated() || w.stance == denied && len(w.kinds) > 0
		}) {
		return
	}
	toks := main.adapt(list[0].toks)
	found, from := main.assent(toks, r.inquired)
	if !found && (from == len(toks) || main.has("no", toks[:1]) || main.has("say", toks) || main.has("is", toks)) {
		return
	}
	next := main.skip(toks, from, len(toks), "but", "fill", "clitic") // "yes, but only tell me"
	if g, _, _ := main.head(toks, next); next < len(toks) && g == "verb" {
		return
	}
	if g, _, _ := main.head(toks, from); from < len(toks) && g != "" && g != "not" {
		return
	}
	budget := maxDateText
	c := ask{toks: toks, days: main.periods(toks, now, &budget), clause: clause{l: main, stance: order, from: from,
		to: len(toks), verb: verb{groups: []group{"update"}, from: -1, to: -1, particle: -1}}}
	w := newWant(&c, now)
	for i := range w.names {
		w.names[i].days = nil // the answer to "when?"
	}
	if len(w.except) == 0 && (main.has("not", toks[from:]) || main.has("no", toks[from:])) {
		return
	}
	w.kinds = nil
	for _, source := range [][]want{r.proposed, r.earlier} {
		for _, p := range source {
			if p.stated() {
				w.kinds = append(w.kinds, p.kinds...)
				w.tables = append(w.tables, p.tables...)
			}
		}
		if len(w.kinds) > 0 {
			break
		}
	}
	if len(w.kinds) == 0 {
		return
	}
	r.states = true
	if len(w.except) > 0 {
		r.wants = append(r.wants, want{stance: denied, kinds: w.kinds, names: w.except})
	}
	if w.narrow() {
		r.wants = append(r.wants, w)
	} else {
		r.confirms = true
	}
}

// confirmed reports how well what the assistant proposed, and the person confirmed, describes the change.
func (r *Request) confirmed(c *Change, v *view) match {
	source := r.proposed
	if len(source) == 0 {
		source = r.earlier // "Do you mean 'Order chairs'?"
	}
	best := misses
	for i := range source {
		best = max(best, r.offered(&source[i], c, v))
	}
	return best
}

// offered reports how well one thing that the assistant proposed describes the change.
func (r *Request) offered(w *want, c *Change, v *view) match {
	found := hits
	switch {
	case !w.stated(), !w.has(c.Kind) && !w.open:
		return misses
	case !w.has(c.Kind):
		return nearly
	case c.Kind == Create:
		found = w.makes(c)
		if c.Table == "emails" && !w.addressed(c, w.describes(v, r.zone) != misses || v.wholeIn(r.turns[0])) ||
			!r.knowsPeople(c, c.New["attendees"]) {
			found = min(found, nearly)
		}
	case c.Kind == Notify || c.Kind == Index && !w.narrow():
	case w.narrow():
		found = w.describes(v, r.zone)
	case !v.wholeIn(r.turns[0]): // "Shall I delete it?"
		return misses
	}
	if w.stance == maybe {
		return min(found, nearly)
	}
	return found
}
