package reading

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/adiuva/cloud-api/internal/fold"
)

// Title returns the text after the phrases at the beginning that name one of the concepts, or after a colon, as the
// person wrote it: without days and times, without the words that link it to the order, and, where the clause has the
// word for a project, without the project's name.
func (c *Clause) Title(concepts ...string) string {
	at := c.afterConcepts(concepts)
	end := len(c.tokens)
	cut := slices.Clone(c.dated)
	if c.Has("project") && !slices.Contains(concepts, "called") {
		c.cutProject(at, cut)
	}
	for _, m := range c.marks {
		if m.concept == "assigned" && m.from > at {
			for i := m.from; i < min(m.to+2, len(cut)); i++ {
				cut[i] = cut[i] || i <= m.to || isCapital(c.word(i))
			}
		}
	}
	if c.late == end-1 {
		end--
	}
	for end > at+1 && c.isTrailing(end-1, cut) {
		end--
	}
	end = c.withoutPlace(at, end)
	return c.textOf(at, end, cut)
}

// withoutPlace returns the end of a title without the words that only say where it goes, such as "to my tasks" or "as a
// client".
func (c *Clause) withoutPlace(at, end int) int {
	places := []string{"list", "task", "client", "project", "note", "checkpoint", "calendar"}
	for i := end - 1; i > at+1; i-- {
		place := slices.ContainsFunc(c.marks, func(m mark) bool {
			return m.from <= i && i < m.to && slices.Contains(places, m.concept)
		})
		if place || slices.Contains(c.Language.Articles, c.tokens[i].folded) {
			continue
		}
		if i+1 < end && c.Language.fill[c.tokens[i].folded] {
			return i
		}
		break
	}
	return end
}

// Rest is like Title, but with articles, days and all that stands at the end.
func (c *Clause) Rest(concepts ...string) string {
	at := c.afterConcepts(concepts)
	for at < len(c.tokens)-1 && slices.Contains(c.Language.Link, c.tokens[at].folded) {
		at++
	}
	if at >= len(c.tokens) {
		return ""
	}
	return strings.Trim(strings.Join(strings.Fields(c.Text[c.tokens[at].start:]), " "), " ,;:")
}

// afterConcepts returns the token after the phrases at the beginning that name one of the concepts, or after a colon.
func (c *Clause) afterConcepts(concepts []string) int {
	at := c.start
	for _, m := range c.marks {
		if slices.Contains(concepts, m.concept) && m.from <= at+4 && m.to > at && !c.contentBetween(at, m.from) {
			at = m.to
			if m.concept == "called" { // what follows is the name itself
				return at
			}
		}
	}
	for i := max(at, 1); i < len(c.tokens); i++ {
		between := c.Text[c.tokens[i-1].end:c.tokens[i].start]
		if c.Has("priority") && i-1 == c.position("priority") {
			continue
		}
		if strings.Contains(between, ": ") || strings.HasSuffix(between, ":") && i == at {
			return i
		}
	}
	return at
}

// contentBetween reports whether content stands between the tokens, so that what follows belongs to it.
func (c *Clause) contentBetween(from, to int) bool {
	for i := from; i < to && i < len(c.tokens); i++ {
		if c.isContent(i) {
			return true
		}
	}
	return false
}

// cutProject marks the names of projects, the word for a project and the short words before them.
func (c *Clause) cutProject(from int, cut []bool) {
	isProject := func(i int) bool {
		return c.named[i] || slices.ContainsFunc(c.marks, func(m mark) bool {
			return m.concept == "project" && m.from <= i && i < m.to
		})
	}
	for i := from; i < len(c.tokens); i++ {
		if !isProject(i) {
			continue
		}
		cut[i] = true
		for k := i - 1; k > from && !cut[k] && c.Language.fill[c.tokens[k].folded]; k-- {
			cut[k] = true
		}
	}
}

// isTrailing reports whether the token at the end of a title does not belong to it: a priority, a part of a verb, or a
// word that links to what was cut.
func (c *Clause) isTrailing(i int, cut []bool) bool {
	word := c.tokens[i].folded
	priority := slices.ContainsFunc(c.marks, func(m mark) bool {
		if m.from > i || i >= m.to {
			return false
		}
		return m.concept == "priority" || m.concept == "urgent" ||
			c.Has("priority") && slices.Contains([]string{"high", "low", "medium"}, m.concept)
	})
	return cut[i] || priority || slices.Contains(c.Language.To, word) || slices.Contains(c.Language.With, word) ||
		slices.Contains(c.Language.Particle, word)
}

// textOf returns the text of the tokens, without those that are cut, and without articles and links at the beginning.
func (c *Clause) textOf(at, end int, cut []bool) string {
	for at < end-1 {
		word := c.tokens[at].folded
		if !cut[at] && !slices.Contains(c.Language.Link, word) && !slices.Contains(c.Language.Articles, word) {
			break
		}
		if strings.ContainsAny(c.Text[c.tokens[at].end:c.tokens[at+1].start], `"`) {
			break
		}
		at++
	}
	if at >= end || cut[at] {
		return ""
	}
	text := []byte(c.Text)
	for i := at; i < end; i++ {
		if cut[i] {
			for k := c.tokens[i].start; k < c.tokens[i].end; k++ {
				text[k] = ' '
			}
		}
	}
	stop := len(text)
	if end < len(c.tokens) {
		stop = c.tokens[end].start
	}
	out := strings.Join(strings.Fields(string(text[c.tokens[at].start:stop])), " ")
	return strings.Trim(strings.NewReplacer(" ,", ",", " .", "", " :", ":").Replace(out), " ,.;:?!-–")
}

func (c *Clause) word(i int) string { return c.Text[c.tokens[i].start:c.tokens[i].end] }

func isCapital(word string) bool {
	first, _ := utf8.DecodeRuneInString(word)
	return unicode.IsUpper(first)
}

// Assigned returns the person to whom tasks are assigned, such as "Leo" in "assigned to Leo"; "me" is the person who
// asks.
func (c *Clause) Assigned() string {
	for _, m := range c.marks {
		if m.concept != "assigned" || m.to >= len(c.tokens) {
			continue
		}
		if slices.Contains(c.Language.Me, c.tokens[m.to].folded) {
			return "me"
		}
		return c.word(m.to)
	}
	return ""
}

// WithoutName returns the text without the name of a row at its end, and the short words before it.
func (c *Clause) WithoutName(text, name string) string {
	words := strings.Fields(text)
	nameWords := foldedWords(name)
	end := len(words)
	for end > 0 {
		word := fold.Line(strings.Trim(words[end-1], ".,;:!?'’"))
		if !slices.Contains(nameWords, word) && !slices.Contains(c.Language.Concepts["project"], word) {
			break
		}
		end--
	}
	if end == len(words) {
		return text
	}
	for end > 0 && c.Language.fill[fold.Line(words[end-1])] {
		end--
	}
	return strings.Join(words[:end], " ")
}

// After returns the text after the first of the words, such as "that", and what stands before it.
func (c *Clause) After(words []string) (before, after string, ok bool) {
	for i, t := range c.tokens {
		if i > c.start && i+1 < len(c.tokens) && slices.Contains(words, t.folded) {
			return c.Text[:t.start], strings.Trim(c.Text[t.end:], " ,.;:?!"), true
		}
	}
	return "", "", false
}

// AfterConcept returns the text before and after the words that name a concept.
func (c *Clause) AfterConcept(concept string) (before, after string, ok bool) {
	for _, m := range c.marks {
		if m.concept == concept && m.from > c.start && m.to < len(c.tokens) {
			return c.Text[:c.tokens[m.from].start], strings.Trim(c.Text[c.tokens[m.to-1].end:], " ,.;:?!"), true
		}
	}
	return "", "", false
}

// AfterLast is like After, for the last of the words.
func (c *Clause) AfterLast(words []string) (before, after string, ok bool) {
	for i, t := range slices.Backward(c.tokens) {
		if i > c.start && i+1 < len(c.tokens) && slices.Contains(words, t.folded) {
			return c.Text[:t.start], strings.Trim(c.Text[t.end:], " ,.;:?!"), true
		}
	}
	return "", "", false
}

// Letter returns whom an answer is for and what it shall say; without a word such as "that" it says nothing yet.
func (c *Clause) Letter() (to, text string) {
	for _, m := range c.marks {
		if m.concept == "saying" && m.from > c.start && m.to < len(c.tokens) {
			return c.Text[:c.tokens[m.from].start], strings.Trim(c.Text[c.tokens[m.to-1].end:], " ,;:")
		}
	}
	if to, text, ok := strings.Cut(c.Text, ": "); ok {
		return to, strings.TrimSpace(text)
	}
	return c.Text, ""
}

// With returns the person with whom something is, such as "Luigi" in "a meeting with Luigi on Monday".
func (c *Clause) With() (string, bool) {
	for i, t := range c.tokens {
		if !slices.Contains(c.Language.With, t.folded) || i+1 >= len(c.tokens) {
			continue
		}
		var name []string
		for k := i + 1; k < len(c.tokens) && len(name) < 3 && c.isContent(k); k++ {
			name = append(name, c.Text[c.tokens[k].start:c.tokens[k].end])
		}
		if len(name) > 0 {
			return strings.Join(name, " "), true
		}
	}
	return "", false
}

// GenericEvent reports whether the clause calls an event by a word that says no more than that, such as "meeting".
func (c *Clause) GenericEvent() bool {
	at := c.position("event")
	return at >= 0 && slices.Contains(c.Language.Generic, c.tokens[at].folded)
}

// Generic returns the words of the clause that only say what kind of event is meant, such as "meeting".
func (c *Clause) Generic() (words []string) {
	for _, t := range c.tokens {
		if slices.Contains(c.Language.Generic, t.folded) {
			words = append(words, c.Text[t.start:t.end])
		}
	}
	return words
}

// Links reports whether the text begins with a word that needs another before it, such as "with" or "about".
func (c *Clause) Links(text string) bool {
	first, _, _ := strings.Cut(fold.Line(text), " ")
	return slices.Contains(c.Language.With, first) || slices.Contains(c.Language.Link, first) ||
		c.Language.fill[first]
}

// Several reports whether the clause speaks of several tasks.
func (c *Clause) Several() bool {
	for i, t := range c.tokens {
		if slices.Contains(c.Language.Plural, t.folded) {
			return true
		}
		if c.Language.Numbers[t.folded] > 1 && i < c.position("task") {
			return true
		}
	}
	return false
}

// SplitList splits "a, b and c".
func (l *Language) SplitList(text string) []string {
	for _, and := range l.And {
		text = strings.ReplaceAll(text, " "+and+" ", ", ")
	}
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == '\n' })
}

// Continues reports whether the clause says more about the row of the one before, such as "and make it urgent".
func (c *Clause) Continues(before *Clause) bool {
	return c.Intent == "change" && c.Has("pronoun") && len(c.Target()) == 0 && len(c.Quoted) == 0 &&
		slices.Contains([]string{"move", "change", "create_task"}, before.Intent)
}

// Quotes returns the texts in quotation marks.
func Quotes(text string) (list []string) {
	texts, _ := cutQuoted(text)
	for _, q := range texts {
		list = append(list, q.text)
	}
	return list
}

// Stem returns a folded word without the ending of its form.
func Stem(word string) string {
	const shortest = 4
	for _, ending := range []string{"en", "er", "es", "e", "n", "s", "i", "a", "o"} {
		if stem, ok := strings.CutSuffix(word, ending); ok && len([]rune(stem)) >= shortest {
			return stem
		}
	}
	return word
}

// Stems returns the stems of the words.
func Stems(words []string) (list []string) {
	for _, w := range words {
		if s := Stem(fold.Line(w)); s != "" && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// Recipient returns the person to whom the clause gives a row, as in "give it to Tom" and "gib Tom die Aufgabe", and
// the other words that name the row.
func (c *Clause) Recipient() (who string, words []string) {
	isPerson := func(i int) bool { return i < len(c.tokens) && isCapital(c.word(i)) && !c.dated[i] && !c.named[i] }
	isArticle := func(i int) bool {
		return i < len(c.tokens) && (slices.Contains(c.Language.Definite, c.tokens[i].folded) ||
			c.isTable(c.tokens[i].folded))
	}
	end := len(c.tokens)
	for end > 0 && (c.dated[end-1] || c.Language.fill[c.tokens[end-1].folded]) {
		end--
	}
	from, to := -1, -1
	for i := c.start + 1; i < end && from < 0; i++ {
		linked := slices.Contains(c.Language.To, c.tokens[i-1].folded)
		switch {
		case i == c.start+1 && isPerson(i) && isArticle(i+1), linked && isPerson(i) && isArticle(i+1):
			from, to = i, i+1
		case linked && end-i <= 2 && c.isContent(i):
			from, to = i, end
		}
	}
	if from < 0 && c.Language.VerbLast && end < len(c.tokens) && end > c.start+2 && isPerson(end-1) {
		from, to = end-1, end // "weise die Aufgabe Tom zu"
	}
	if from < 0 {
		return "", c.Target()
	}
	who = c.Text[c.tokens[from].start:c.tokens[to-1].end]
	for _, w := range c.Target() {
		if !slices.Contains(strings.Fields(who), w) {
			words = append(words, w)
		}
	}
	return who, words
}
