package reading

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits on what is read of a message.
const (
	maxMessage = 4_000 // bytes
	maxClauses = 6
)

// UnknownLanguage is the intent of a message in a language that the reader does not know.
const UnknownLanguage = "language"

// Message is what a person said.
type Message struct {
	Language *Language
	Clauses  []Clause // at least one
}

// Read reads a message. earlier is the person's message before it, which tells the language where this one does not;
// names are those of projects and clients; today is midnight UTC. Only the beginning of a long
// message is read.
func (r *Reader) Read(text, earlier string, names []string, today time.Time) Message {
	if len(text) > maxMessage {
		text = text[:maxMessage]
		for !utf8.ValidString(text) && len(text) > maxMessage-utf8.UTFMax {
			text = text[:len(text)-1]
		}
	}
	quotes, rest := cutQuoted(text)
	language, known := r.detect(tokensOf(rest), tokensOf(earlier))
	m := Message{Language: language}
	for _, part := range r.split(m.Language, rest) {
		c := r.clause(m.Language, rest[part.start:part.end], names, today)
		for _, q := range quotes {
			if part.start <= q.start && q.start < part.end && q.text != "" {
				c.Quoted = append(c.Quoted, q.text)
			}
		}
		if c.Intent, c.Agent = UnknownLanguage, DefaultAgent; known {
			c.Intent = r.intent(&c)
			c.Agent = r.agent(&c)
		}
		m.Clauses = append(m.Clauses, c)
	}
	for i := 1; i < len(m.Clauses); i++ {
		m.Clauses[i].Before = &m.Clauses[i-1]
	}
	if earlier != "" && known {
		r.continueFrom(&m.Clauses[0], r.Read(earlier, "", names, today))
	}
	return m
}

// continueFrom gives a clause that is only a part of a question, such as "and on Thursday?", the intent of the message
// before, and one that says "it" the agent of that message. A change is never repeated so.
func (r *Reader) continueFrom(c *Clause, earlier Message) {
	last := &earlier.Clauses[len(earlier.Clauses)-1]
	weak := []string{"", "tasks", "question", "events"}
	repeatable := []string{"tasks", "events", "free", "free_time", "working", "emails", "did_write", "email_wants",
		"report", "report_period", "question", "finished", "count_tasks", "checkpoints", "project", "when_due",
		"conflicts", "metrics", "note_text"}
	const fragment = 6 // words
	part := c.start > 0 && c.tokens[0].folded != "" && slices.ContainsFunc(c.Language.and, func(and []string) bool {
		return beginsWith(c.tokens, and)
	}) || c.startsWith("again")
	table := c.HasAny("task|event|email|note|project|checkpoint|client|calendar")
	switch {
	case part && len(c.tokens) <= fragment && slices.Contains(weak, c.Intent) && !table &&
		slices.Contains(repeatable, last.Intent):
		c.Intent, c.Agent = last.Intent, last.Agent
		c.Topic, c.part = last, true
		if c.First.IsZero() && c.Last.IsZero() {
			c.Day, c.First, c.Last = last.Day, last.First, last.Last
		}
	case r.byTable[c.Intent] && c.Has("pronoun") && !table:
		c.Agent = last.Agent
		c.Topic = last
	case c.Has("pronoun") && !table:
		c.Topic = last
	}
	if c.Agent != r.tables["event"] && c.Agent != r.tables["email"] && r.byTable[c.Intent] {
		c.Agent = DefaultAgent
	}
}

func (r *Reader) clause(l *Language, text string, names []string, today time.Time) Clause {
	c := Clause{Text: text, Language: l, tokens: tokensOf(text)}
	c.marks = l.marksOf(c.tokens)
	c.start = skip(c.tokens, l.lead)
	c.late = c.lateVerb()
	c.dated, c.named = make([]bool, len(c.tokens)), make([]bool, len(c.tokens))
	c.findTimes(today)
	c.findNames(names)
	return c
}

// commands are the concepts that begin a clause of its own after "and".
func commands() []string {
	return []string{"create", "delete", "cancel", "move", "finish", "begin", "reopen", "assign", "rename",
		"set", "show", "search", "suggest", "remind", "schedule", "reply", "summarize", "comment", "question",
		"count", "plan", "duty", "approve", "freeslot", "when", "whatson", "tell", "send", "label",
		"archive", "forward"}
}

// split returns the parts of the text that ask for something of their own.
func (r *Reader) split(l *Language, text string) []token {
	tokens := tokensOf(text)
	begins := func(i int) bool {
		at := i + skip(tokens[i:], l.lead)
		for _, m := range l.marksOf(tokens[at:min(at+6, len(tokens))]) {
			if m.from == 0 && slices.Contains(commands(), m.concept) {
				return true
			}
		}
		return false
	}
	open := true // whether an order may end before a comma or "and"
	parts := []token{{start: 0, end: len(text)}}
	first := 0
	for i := 1; i < len(tokens) && len(parts) < maxClauses; i++ {
		between := text[tokens[i-1].end:tokens[i].start]
		if strings.Contains(between, ":") {
			open = false
		}
		next := i
		joined := false
		for _, and := range l.and {
			if beginsWith(tokens[i:], and) && i+len(and) < len(tokens) && i+len(and) > next {
				next, joined = i+len(and), true
			}
		}
		end := strings.ContainsAny(between, "?!;\n") ||
			strings.Contains(between, ". ") && !digitAt(text, tokens[i-1].end-1)
		list := l.startsList(tokens[first:])
		comma := strings.Contains(between, ",") && !list
		if (end || open && (joined || comma)) && begins(next) && i > first {
			parts[len(parts)-1].end = tokens[i-1].end + strings.IndexAny(between+" ", "?!;., \n") + boolInt(end)
			parts = append(parts, token{start: tokens[next].start, end: len(text)})
			first, open, i = next, true, next
		}
	}
	return parts
}

func digitAt(text string, i int) bool { return i >= 0 && text[i] >= '0' && text[i] <= '9' }

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// startsList reports whether the order is one whose words may hold commas.
func (l *Language) startsList(tokens []token) bool {
	at := skip(tokens, l.lead)
	return slices.ContainsFunc(l.marksOf(tokens[at:min(at+6, len(tokens))]), func(m mark) bool {
		return m.from == 0 && slices.Contains([]string{"create", "duty", "remind", "reply", "note",
			"assign", "comment", "set"}, m.concept)
	})
}
