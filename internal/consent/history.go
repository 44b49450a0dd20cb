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
	for _, s := range list {
		if s.bullet {
			if len(offers) > 0 {
				offers = append(offers, s)
			}
			continue
		}
		l := languageOf(s.toks, main)
		at := l.index("ask", s.toks)
		if at < 0 || l.has("say", s.toks[:at]) {
			continue
		}
		for n := 1; n > 0 && at < len(s.toks); at += n {
			_, n = l.match("ask", s.toks, at)
		}
		if s.toks = l.verbFirst(s.toks[at:]); len(s.toks) > 0 {
			offers = append(offers, s)
		}
	}
	rd.read(offers)
	wants, _ := compile(rd.asks, now, false)
	return slices.DeleteFunc(wants, func(w want) bool { return !w.stated() })
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
// which also mean nothing, count with weak alone.
func (l *language) assent(toks []token, weak bool) (found bool, rest int) {
	for rest < len(toks) {
		_, yes := l.match("yes", toks, rest)
		noise := 0
		for _, g := range []group{"fill", "greeting", "and"} {
			_, n := l.match(g, toks, rest)
			noise = max(noise, n)
		}
		if max(yes, noise) == 0 {
			break
		}
		found = found || yes > noise || yes > 0 && yes == noise && weak
		rest += max(yes, noise)
	}
	return found, rest
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
		w := &source[i]
		switch {
		case !w.stated():
		case w.open && !w.has(c.Kind):
			best = max(best, nearly)
		case !w.has(c.Kind):
		case c.Kind == Create:
			found := w.makes(c)
			if c.Table == "emails" && !w.addressed(c, w.describes(v, r.zone) != misses || v.wholeIn(r.turns[0])) {
				found = min(found, nearly)
			}
			best = max(best, found)
		case c.Kind == Notify || c.Kind == Index && !w.narrow():
			return hits
		case w.narrow():
			best = max(best, w.describes(v, r.zone))
		case v.wholeIn(r.turns[0]): // "Shall I delete it?"
			best = hits
		}
	}
	return best
}
