package reading

import (
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/fold"
)

// Clause is one thing that a message asks for.
type Clause struct {
	Text     string // without quoted texts, which are spaces
	Quoted   []string
	Intent   string // of rules.yaml, or ""
	Agent    string
	Language *Language
	// Day is the day that the clause names, as midnight UTC, and First and Last the period; zero without one.
	Day, First, Last time.Time
	Clock            time.Duration
	Minutes          int      // a length, or 0
	Names            []string // of those given to Read, that the clause has
	// Before is the clause before this one, and Also those after it that say more about the same row.
	Before *Clause
	Also   []*Clause
	// Topic is the clause of the message before that this one refers to, or nil.
	Topic *Clause
	part  bool // it is only a part of a question, the rest of which Topic has

	tokens []token
	marks  []mark
	clock  bool
	start  int    // the first token of the order or question itself
	late   int    // the verb of the order where it stands at the end, or -1
	dated  []bool // by token: a part of a day or a time
	named  []bool // by token: a part of one of Names
}

// Has reports whether the clause names the concept.
func (c *Clause) Has(concept string) bool {
	switch concept {
	case hasDay:
		return !c.First.IsZero() || !c.Last.IsZero()
	case hasClock:
		return c.clock
	case hasName:
		return len(c.Names) > 0
	case hasWords:
		return len(c.Words()) > 0
	case hasDefinite:
		return c.isDefinite()
	case hasAsked:
		return strings.HasSuffix(strings.TrimSpace(c.Text), "?") || c.startsWith("question")
	}
	return slices.ContainsFunc(c.marks, func(m mark) bool { return m.concept == concept && !c.inName(m) })
}

// inName reports whether the phrase is a part of the name of a row, such as "report" in "the annual report".
func (c *Clause) inName(m mark) bool {
	for i := m.from; i < m.to; i++ {
		if i >= len(c.named) || !c.named[i] {
			return false
		}
	}
	return m.from != c.start
}

// isDefinite reports whether the word after the order's first one is an article for a row that is there.
func (c *Clause) isDefinite() bool {
	return c.start+1 < len(c.tokens) && slices.Contains(c.Language.Definite, c.tokens[c.start+1].folded)
}

// HasAny reports whether the clause names one of the concepts, which have "|" between them.
func (c *Clause) HasAny(concepts string) bool {
	for one := range strings.SplitSeq(concepts, "|") {
		if c.Has(one) {
			return true
		}
	}
	return false
}

// FirstOf returns the first of the concepts that the clause has, or "".
func (c *Clause) FirstOf(concepts ...string) string {
	i := slices.IndexFunc(concepts, c.Has)
	if i < 0 {
		return ""
	}
	return concepts[i]
}

// FirstByPlace returns that of the concepts that stands first in the clause, or "".
func (c *Clause) FirstByPlace(concepts ...string) string {
	first, at := "", -1
	for _, concept := range concepts {
		if p := c.position(concept); p >= 0 && (at < 0 || p < at) {
			first, at = concept, p
		}
	}
	return first
}

// LastOf returns that of the concepts whose last word stands last in the clause, or "".
func (c *Clause) LastOf(concepts ...string) string {
	for _, m := range slices.Backward(c.marks) {
		if slices.Contains(concepts, m.concept) {
			return m.concept
		}
	}
	return ""
}

// position returns the first token that names one of the concepts, or -1.
func (c *Clause) position(concepts string) int {
	best := -1
	for _, m := range c.marks {
		if slices.Contains(strings.Split(concepts, "|"), m.concept) && !c.inName(m) && (best < 0 || m.from < best) {
			best = m.from
		}
	}
	return best
}

func (c *Clause) startsWith(concept string) bool {
	return slices.ContainsFunc(c.marks, func(m mark) bool {
		return m.concept == concept && (m.from == c.start || c.late >= 0 && m.from == c.late)
	})
}

// lateVerb returns the verb of an order that stands at its end or before a colon, as in German after "can you", or -1.
func (c *Clause) lateVerb() int {
	if !c.Language.VerbLast || c.start == 0 {
		return -1
	}
	last := len(c.tokens) - 1
	if colon := strings.IndexByte(c.Text, ':'); colon >= 0 {
		for last > c.start && c.tokens[last].start > colon {
			last--
		}
	}
	verb := slices.ContainsFunc(c.marks, func(m mark) bool {
		return m.from == last && m.to == last+1 && slices.Contains(commands(), m.concept) && m.concept != "question"
	})
	if last <= c.start || !verb {
		return -1
	}
	return last
}

// StartsWith reports whether an order begins with one of the concepts.
func (c *Clause) StartsWith(concepts ...string) bool {
	return slices.ContainsFunc(concepts, c.startsWith)
}

// Table returns the first table that the clause names, such as "task", or "".
func (c *Clause) Table() string {
	best, at := "", -1
	for _, table := range []string{"task", "event", "email", "newsletter", "note", "project", "client", "checkpoint",
		"comment"} {
		if p := c.position(table); p >= 0 && (at < 0 || p < at) {
			best, at = table, p
		}
	}
	return best
}

// Words returns the words that say what is meant: neither concepts nor fill, nor parts of days and of names.
func (c *Clause) Words() []string {
	var list []string
	for i, t := range c.tokens {
		if c.isContent(i) && !c.named[i] {
			list = append(list, c.Text[t.start:t.end])
		}
	}
	return list
}

// Searched is like Words, but words that only describe a row, such as "call", are kept, and names too. It is for
// questions, whose words may be anywhere in a row.
func (c *Clause) Searched() []string {
	return c.wordsWith([]string{"event", "wrote", "due", "reply", "report", "free", "going", "working", "show", "email",
		"next", "latest", "decide", "plan", "begin", "finish", "most", "client", "project", "approve", "checkpoint",
		"first", "second", "done", "impossible", "open", "schedule", "comment", "search", "task"})
}

// Target returns the words by which the clause names a row: content, names, and words for kinds of events and texts.
func (c *Clause) Target() []string {
	return c.wordsWith([]string{"event", "newsletter", "reply", "report", "impossible", "plan", "comment"})
}

// wordsWith returns the content words and names, and single words for the concepts.
func (c *Clause) wordsWith(soft []string) []string {
	var list []string
	for i, t := range c.tokens {
		keep := c.isContent(i) || c.named[i]
		if !keep && !c.dated[i] && !c.Language.fill[t.folded] && i > c.start {
			keep = slices.ContainsFunc(c.marks, func(m mark) bool {
				return m.from <= i && i < m.to && slices.Contains(soft, m.concept)
			}) && len(t.folded) > 3 && !c.isTable(t.folded)
		}
		if keep {
			list = append(list, c.Text[t.start:t.end])
		}
	}
	if len(list) == 0 && c.part {
		return c.Topic.wordsWith(soft)
	}
	return list
}

// IsPronoun reports whether the text is no more than a word such as "it".
func (c *Clause) IsPronoun(text string) bool {
	return slices.ContainsFunc(c.Language.Concepts["pronoun"], func(w string) bool {
		return fold.Line(w) == fold.Line(text)
	})
}

// Groups returns the words of Target in groups that "and" or a comma separates: "the chairs and the website" are two.
func (c *Clause) Groups() [][]string {
	words := c.Target()
	var groups [][]string
	var group []string
	last, next := 0, 0
	for i, t := range c.tokens {
		if next == len(words) {
			break
		}
		joined := slices.ContainsFunc(c.Language.and, func(and []string) bool { return beginsWith(c.tokens[i:], and) })
		comma := i > 0 && strings.Contains(c.Text[c.tokens[i-1].end:t.start], ",")
		if (joined || comma) && len(group) > 0 {
			groups, group = append(groups, group), nil
		}
		if c.Text[t.start:t.end] == words[next] && t.start >= last {
			group = append(group, words[next])
			last = t.end
			next++
		}
	}
	if len(group) > 0 {
		groups = append(groups, group)
	}
	return groups
}

// isTable reports whether the word only says what kind of row is meant.
func (c *Clause) isTable(word string) bool {
	for _, table := range []string{"task", "note", "project", "checkpoint", "client", "email"} {
		if slices.ContainsFunc(c.Language.Concepts[table], func(w string) bool { return fold.Line(w) == word }) {
			return true
		}
	}
	return slices.Contains(c.Language.Generic, word)
}

func (c *Clause) isContent(i int) bool {
	t := c.tokens[i]
	if c.dated[i] || c.Language.fill[t.folded] || i < c.start || i == c.late {
		return false
	}
	return !slices.ContainsFunc(c.marks, func(m mark) bool { return m.from <= i && i < m.to })
}

// titleBetween reports whether content stands between the tokens, so that what follows belongs to it.
func (c *Clause) titleBetween(from, to int) bool {
	for i := from; i < to && i < len(c.tokens); i++ {
		if c.isContent(i) {
			return true
		}
	}
	return false
}

// findNames sets the names that the clause has, as a whole or by a word that only one of them has.
func (c *Clause) findNames(names []string) {
	folded := fold.Line(c.Text)
	count := map[string]int{}
	for _, name := range names {
		for _, word := range foldedWords(name) {
			count[word]++
		}
	}
	for _, name := range names {
		words := foldedWords(name)
		whole := fold.Line(name)
		if whole == "" {
			continue
		}
		has := fold.Has(folded, whole)
		for i, t := range c.tokens {
			one := len(t.folded) > 3 && count[t.folded] == 1 && !c.Language.fill[t.folded]
			one = one && len(words) <= 3 && !c.dated[i] && !c.isTable(t.folded) && i != c.start
			if slices.Contains(words, t.folded) && (has || one) {
				c.named[i] = true
				if !slices.Contains(c.Names, name) {
					c.Names = append(c.Names, name)
				}
			}
		}
	}
}
