package answering

import (
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
)

// maxDeletes limits the rows that one sentence deletes.
const maxDeletes = 10

// described returns the filters by which the clause describes several tasks, such as "all overdue tasks", or nil when
// it would be every task.
func (t *Turn) described(c *reading.Clause, updates map[string]any) map[string]any {
	f := t.withProject(c, map[string]any{"status": "open"})
	narrow := f["project"] != nil
	switch {
	case c.Has("overdue"):
		f["overdue"], narrow = true, true
		delete(f, "status")
	case c.Has("done") && updates == nil:
		f["status"], narrow = "done", true
	case c.Has("progress") && updates["status"] == nil:
		f["status"], narrow = "in_progress", true
	}
	p := c.FirstByPlace("urgent", "high", "low", "medium")
	if p != "" && (updates == nil || p != updates["priority"]) {
		f["priority"], narrow = p, true
	}
	if !narrow {
		return nil
	}
	return f
}

// changeAll prepares the same change of all tasks that the clause describes. It asks where that would be every task.
func (t *Turn) changeAll(c *reading.Clause, updates map[string]any) string {
	f := t.described(c, updates)
	if f == nil {
		return t.say("whichone")
	}
	if !t.nameAssignee(updates) {
		return ""
	}
	found, ok := t.callTasks(f)
	if !ok {
		return ""
	}
	if found.err != "" || found.number("total") == 0 {
		return t.say("tasks_none")
	}
	var said []string
	rows := found.rows("tasks")
	for _, r := range rows[:min(len(rows), maxTitles)] {
		said = append(said, t.updateTask(r, updates))
	}
	if slices.Contains(said, "") {
		return ""
	}
	return strings.Join(said, "\n")
}

// removeAll prepares to delete the tasks or events that the clause describes, at most maxDeletes. It asks where that
// would be every task or event.
func (t *Turn) removeAll(c *reading.Clause) string {
	var rows []row
	table := namedTable(c)
	switch f := t.described(c, nil); {
	case table == "events" && !c.First.IsZero():
		from, to := t.span(c)
		list, total, failed, ok := t.events(from, to)
		if !ok {
			return ""
		}
		if failed.err != "" || total > maxDeletes {
			return t.say("toomany")
		}
		rows = list
	case table == "tasks" && f != nil && c.First.IsZero():
		found, ok := t.callTasks(f)
		if !ok {
			return ""
		}
		if found.err != "" || found.number("total") > maxDeletes {
			return t.say("toomany")
		}
		rows = found.rows("tasks")
	default:
		return t.say("toomany")
	}
	if len(rows) == 0 {
		return t.say("none")
	}
	var ids []any
	for _, r := range rows {
		ids = append(ids, r.text("id"))
	}
	done, ok := t.call("delete_rows", map[string]any{"table": table, "ids": ids})
	switch {
	case !ok:
		return ""
	case done.err != "":
		return t.failed(done)
	}
	var said []string
	for _, r := range rows {
		said = append(said, t.say("deleted", "title", t.quote(r.title())))
	}
	return t.prepared(done, strings.Join(said, "\n"))
}

// labelEmail prepares a new label of an e-mail.
func (t *Turn) labelEmail(c *reading.Clause) string {
	words, label := targetWords(c), ""
	switch before, after, ok := c.AfterLast(c.Language.To); {
	case c.Has("archive"):
		label = "archived"
	case len(c.Quoted) > 0:
		label, words = c.Quoted[len(c.Quoted)-1], c.Target()
	case ok:
		label, words = after, wordsWithin(words, before)
	default:
		return t.say("whatname")
	}
	p, ok := t.pick(c, words, false, "emails")
	if !ok {
		return ""
	}
	if p.said != "" {
		return p.said
	}
	done, ok := t.call("change_rows", map[string]any{"table": "emails", "ids": []any{p.row.text("id")},
		"add": map[string]any{"labels": []any{label}}})
	switch {
	case !ok:
		return ""
	case done.err != "":
		return t.failed(done)
	}
	return t.prepared(done, t.say("changed", "title", t.quote(p.row.title()), "details", t.quote(label)))
}

// accept does what the last answer offered.
func (t *Turn) accept(c *reading.Clause) string {
	answer := ""
	for _, said := range t.History {
		if said.Assistant {
			answer = said.Text
		}
	}
	var names []string
	for _, n := range slices.Concat(t.Projects, t.Clients) {
		names = append(names, n.Name)
	}
	offer, ok := t.reader.Offer(answer, names, t.today())
	if !ok {
		return t.say("fine")
	}
	var parts []string
	for i := range offer.Clauses {
		one := &offer.Clauses[i]
		if one.Intent == "yes" {
			continue
		}
		one.Topic = c.Topic
		parts = append(parts, t.clause(one))
	}
	if len(parts) == 0 || slices.Contains(parts, "") {
		return ""
	}
	return paragraphs(parts...)
}
