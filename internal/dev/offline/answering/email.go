package answering

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
	"github.com/adiuva/cloud-api/internal/fold"
)

// bareAddress returns the address alone, in lower case.
func bareAddress(address string) string {
	if _, inside, ok := strings.Cut(address, "<"); ok {
		address, _, _ = strings.Cut(inside, ">")
	}
	if address = strings.ToLower(strings.TrimSpace(address)); !strings.Contains(address, "@") {
		return ""
	}
	return address
}

// mentions reports whether the name or the address of a person has the words.
func mentions(address, name string) bool {
	folded := fold.Line(strings.NewReplacer("@", " ", ".", " ", "<", " ", ">", " ").Replace(address))
	for _, word := range strings.Fields(fold.Line(name)) {
		if !fold.Has(folded, word) {
			return false
		}
	}
	return name != ""
}

// classified returns the e-mails with their classes and snippets, those that need an answer first.
func (t *Turn) classified() ([]row, reply, bool) {
	found, ok := t.call("classify_email", map[string]any{"snippets": true})
	return found.rows("emails"), found, ok
}

// needReply lists the e-mails that need an answer.
func (t *Turn) needReply(c *reading.Clause) string {
	if !t.offers("classify_email") {
		return t.askColleague(c, "email_agent")
	}
	rows, found, ok := t.classified()
	switch {
	case !ok:
		return ""
	case found.err != "":
		return t.failed(found)
	}
	rows = slices.DeleteFunc(slices.Clone(rows), func(r row) bool {
		return r.text("class") != "needs_reply" && r.text("class") != "urgent"
	})
	if len(rows) == 0 {
		return t.say("needreply_none")
	}
	return lines(t.say("needreply"), t.list(rows, len(rows), t.emailText))
}

// inbox sums up the e-mails, newsletters last.
func (t *Turn) inbox(c *reading.Clause) string {
	if !t.offers("classify_email") {
		return t.askColleague(c, "email_agent")
	}
	rows, found, ok := t.classified()
	switch {
	case !ok:
		return ""
	case found.err != "":
		return t.failed(found)
	case len(rows) == 0:
		return t.say("emails_none")
	}
	return lines(t.say("inbox"), t.list(rows, found.number("total"), func(r row) string {
		return t.emailText(r) + snippet(shorten(r.text("snippet"), 160))
	}))
}

// ofClause returns the e-mails that the clause describes: by day, by kind and by the words.
func (t *Turn) ofClause(c *reading.Clause, rows []row) []row {
	from, to := t.span(c)
	words := c.Target()
	stems := reading.Stems(words)
	return slices.DeleteFunc(slices.Clone(rows), func(r row) bool {
		date := firstOf(r, "date_local", "date")
		bulk := slices.Contains([]string{"newsletter", "notification", "promotion"}, r.text("class"))
		switch {
		case c.Has("newsletter") && !bulk && matchOf(r, []string{"newsletter"}).hits == 0:
			return true
		case len(date) >= 10 && (from != "" && date[:10] < from[:10] || to != "" && date[:10] > to[:10]):
			return true
		}
		return len(stems) > 0 && matchOf(r, stems).hits == 0
	})
}

// emails lists the e-mails that the clause describes.
func (t *Turn) emails(c *reading.Clause) string {
	if !t.offers("classify_email") {
		return t.searchRows(c, "emails")
	}
	rows, found, ok := t.classified()
	switch {
	case !ok:
		return ""
	case found.err != "":
		return t.failed(found)
	}
	if rows = t.ofClause(c, rows); len(rows) == 0 {
		return t.say("emails_none")
	}
	withText := len(c.Target()) > 0 && len(rows) <= 3
	return lines(t.count("emails", len(rows)), t.list(rows, len(rows), func(r row) string {
		if withText {
			return t.emailText(r) + snippet(r.text("snippet"))
		}
		return t.emailText(r)
	}))
}

// wants says what the e-mails of a person ask for, or all of them.
func (t *Turn) wants(c *reading.Clause) string {
	if !t.offers("extract_action_items") {
		return t.askColleague(c, "email_agent")
	}
	words := c.Target()
	found, ok := t.call("extract_action_items", map[string]any{})
	switch {
	case !ok:
		return ""
	case found.err != "":
		return t.failed(found)
	}
	rows := found.rows("action_items")
	if len(words) > 0 {
		rows = slices.DeleteFunc(slices.Clone(rows), func(r row) bool {
			return !mentionsAny(r.text("from")+" "+r.text("subject"), words)
		})
	}
	if len(rows) == 0 {
		return t.saidBy(c, words)
	}
	return t.list(rows, len(rows), func(r row) string {
		due := ""
		if date := r.text("due_date"); date != "" {
			due = " (" + t.say("due", "at", t.when(date)) + ")"
		}
		return t.say("wants", "from", person(r.text("from")), "action", "“"+r.text("action")+"”", "due", due,
			"subject", t.quote(r.text("subject")))
	})
}

func mentionsAny(text string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return mentions(text, w) })
}

// saidBy quotes what the e-mails of a person say.
func (t *Turn) saidBy(c *reading.Clause, words []string) string {
	rows, found, ok := t.classified()
	switch {
	case !ok:
		return ""
	case found.err != "":
		return t.failed(found)
	}
	rows = slices.DeleteFunc(slices.Clone(rows), func(r row) bool {
		return !mentionsAny(r.text("from")+" "+r.text("subject"), words)
	})
	if len(rows) == 0 {
		return t.say("wrote_no", "words", strings.Join(words, " "))
	}
	return t.list(rows, len(rows), func(r row) string { return t.emailText(r) + snippet(r.text("snippet")) })
}

// didWrite says whether a person wrote, and what; or who wrote.
func (t *Turn) didWrite(c *reading.Clause) string {
	if !t.offers("classify_email") {
		return t.askColleague(c, "email_agent")
	}
	words := c.Target()
	rows, found, ok := t.classified()
	switch {
	case !ok:
		return ""
	case found.err != "":
		return t.failed(found)
	}
	rows = t.ofClause(c, rows)
	if len(words) > 0 {
		rows = slices.DeleteFunc(rows, func(r row) bool { return !mentionsAny(r.text("from"), words) })
	}
	switch {
	case len(rows) == 0 && len(words) > 0:
		return t.say("wrote_no", "words", strings.Join(words, " "))
	case len(rows) == 0:
		return t.say("emails_none")
	case len(words) == 0:
		return lines(t.count("emails", len(rows)), t.list(rows, len(rows), t.emailText))
	}
	return t.list(rows, len(rows), func(r row) string {
		return t.say("wrote_yes", "from", person(r.text("from")), "date", t.when(r.text("date_local")),
			"subject", t.quote(r.text("subject")), "snippet", shorten(r.text("snippet"), 300))
	})
}

// emailTasks prepares a task for each thing that an e-mail asks for.
func (t *Turn) emailTasks(c *reading.Clause) string {
	if !t.offers("extract_action_items") {
		return t.askColleague(c, "email_agent")
	}
	found, ok := t.call("extract_action_items", map[string]any{})
	switch {
	case !ok:
		return ""
	case found.err != "":
		return t.failed(found)
	case len(found.rows("action_items")) == 0:
		return t.say("noactions")
	}
	var said []string
	items := found.rows("action_items")
	for _, item := range items[:min(len(items), maxTitles)] {
		title := upperFirst(shorten(item.text("action"), 80))
		data := map[string]any{"title": title, "description": t.say("from", "from", person(item.text("from")),
			"subject", item.text("subject"))}
		if due := item.text("due_date"); due != "" {
			data["due_date"] = due
		}
		said = append(said, t.created("tasks", data, title))
	}
	if slices.Contains(said, "") {
		return ""
	}
	return strings.Join(said, "\n")
}

// answerEmail prepares a draft that says what the clause says, to the sender of the e-mail that it names.
func (t *Turn) answerEmail(c *reading.Clause) string {
	if !t.offers("draft_response") {
		return t.askColleague(c, "email_agent")
	}
	to, text := c.Letter()
	words := wordsWithin(c.Target(), to)
	if strings.Contains(to, ",") {
		text = c.Language.VerbSecond(text)
	}
	text = c.Language.Addressed(text)
	if len(c.Quoted) > 0 {
		text = c.Quoted[0]
	}
	if text = strings.TrimSpace(text); text == "" {
		return t.say("whatreply")
	}
	list, ok := t.search("emails", words)
	if !ok {
		return ""
	}
	byPerson := slices.DeleteFunc(slices.Clone(list), func(m match) bool {
		return !mentionsAny(m.text("from")+" "+m.text("subject"), words)
	})
	if len(words) == 0 || len(byPerson) == 0 {
		return t.say("replyto", "words", strings.Join(words, " "))
	}
	newest := slices.MaxFunc(byPerson, func(a, b match) int { return strings.Compare(a.text("date"), b.text("date")) })
	from := newest.text("from")
	body := fmt.Sprintf("%s %s,\n\n%s\n\n%s\n%s", t.say("greeting"), firstName(from), sentence(text),
		t.say("regards"), firstName(t.Name))
	done, ok := t.call("draft_response", map[string]any{"thread_context": map[string]any{"email_id": newest.text("id")},
		"draft_text": strings.TrimSpace(body)})
	switch {
	case !ok:
		return ""
	case strings.Contains(done.err, "did not ask for"):
		return t.say("whatreply")
	case done.err != "":
		return t.failed(done)
	}
	return t.prepared(done, t.say("draft", "to", person(from))+"\n\n"+strings.TrimSpace(body))
}

// sentence makes a sentence of what a draft shall say.
func sentence(text string) string {
	text = upperFirst(strings.TrimSpace(text))
	if !strings.ContainsAny(text[max(len(text)-1, 0):], ".!?") {
		text += "."
	}
	return text
}

func firstName(address string) string {
	name, _, _ := strings.Cut(person(address), " ")
	if at := strings.IndexByte(name, '@'); at > 0 {
		name = upperFirst(name[:at])
	}
	return name
}

// dateOnly returns the day of a time of a tool.
func dateOnly(text string) string {
	at, _, ok := parseLocal(text)
	if !ok {
		return ""
	}
	return at.Format(time.DateOnly)
}
