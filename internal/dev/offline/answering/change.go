package answering

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
	"github.com/adiuva/cloud-api/internal/fold"
)

// remove prepares to delete the one row that the clause names.
func (t *Turn) remove(c *reading.Clause) string {
	words := targetWords(c)
	if c.Has("all") && len(unnamedOf(c, words)) == 0 && !refersBack(c) {
		return t.removeAll(c)
	}
	tables := []string{"tasks", "events", "notes", "projects", "clients", "checkpoints", "emails"}
	if table := namedTable(c); table != "" {
		tables = []string{table}
	}
	if groups := c.Groups(); len(groups) > 1 && len(c.Quoted) == 0 {
		if said, all := t.eachGroup(c, groups, true, tables, t.removeRow); all {
			return said
		}
	}
	p, ok := t.pick(c, words, true, tables...)
	if !ok {
		return ""
	}
	if p.said != "" {
		return p.said
	}
	if c.StartsWith("cancel") && p.table != "events" && namedTable(c) == "" {
		return t.which([]match{{row: p.row}})
	}
	return t.removeRow(p)
}

// removeRow prepares to delete a row.
func (t *Turn) removeRow(p picked) string {
	done, ok := t.call("delete_rows", map[string]any{"table": p.table, "ids": []any{p.row.text("id")}})
	if !ok {
		return ""
	}
	if done.err != "" {
		return t.failed(done)
	}
	return t.prepared(done, t.say("deleted", "title", t.quote(p.row.title())))
}

// eachGroup does something for the row of each group of words. It reports whether each group names one row.
func (t *Turn) eachGroup(c *reading.Clause, groups [][]string, strict bool, tables []string,
	do func(picked) string) (string, bool) {
	var rows []picked
	for _, words := range groups {
		p, ok := t.pick(c, words, strict, tables...)
		if !ok {
			return "", true
		}
		if p.said != "" {
			return "", false
		}
		rows = append(rows, p)
	}
	var said []string
	for _, p := range rows {
		said = append(said, do(p))
	}
	if slices.Contains(said, "") {
		return "", true
	}
	return strings.Join(said, "\n"), true
}

// prepared adds to a sentence what the tool said about the change.
func (t *Turn) prepared(r reply, sentence string) string {
	if r.suggested {
		sentence += " " + t.say("suggestion")
	}
	if note := r.text("note"); strings.Contains(note, "already") || strings.Contains(note, "exists") {
		sentence += " " + t.say("twice")
	}
	return sentence
}

// change changes the row that the clause names: a task, or a project, event or checkpoint where it names one.
func (t *Turn) change(c *reading.Clause) string {
	tables := []string{"tasks"}
	words := targetWords(c)
	switch table := namedTable(c); {
	case c.HasAny("onhold|active|archived|archive") && c.Has("project"):
		return t.changeProject(c)
	case c.HasAny("longer|shorter|later|earlier") && table != "tasks" && len(c.Also) == 0 && c.Day.IsZero():
		return t.moveOf(c, "events")
	case table == "events" && t.agent == "calendar_agent" || c.StartsWith("move") && table == "":
		return t.move(c)
	case table == "checkpoints" || c.Has("approve"):
		return t.approve(c)
	}
	if table := namedTable(c); c.StartsWith("rename") && table != "" && table != "tasks" {
		return t.rename(c, table)
	}
	updates, words := t.taskChanges(c, words)
	if c.StartsWith("assign") && updates["assignee"] == nil && len(updates) == 0 {
		return t.say("whoshall")
	}
	if c.Has("all") && len(unnamedOf(c, words)) == 0 && len(updates) > 0 {
		return t.changeAll(c, updates)
	}
	groups := c.Groups()
	if len(groups) > 1 && len(c.Quoted) == 0 && len(updates) > 0 && updates["assignee"] == nil {
		update := func(p picked) string { return t.updateTask(p.row, updates) }
		if said, all := t.eachGroup(c, groups, false, tables, update); all {
			return said
		}
	}
	p, ok := t.pick(c, words, false, tables...)
	if !ok {
		return ""
	}
	if p.said != "" {
		return p.said
	}
	if len(updates) == 0 {
		return t.say("whatchange", "title", t.quote(p.row.title()))
	}
	if !t.nameAssignee(updates) {
		return ""
	}
	return t.updateTask(p.row, updates)
}

// rename prepares a new title of a row that is no task.
func (t *Turn) rename(c *reading.Clause, table string) string {
	words, title := newTitle(c, targetWords(c))
	if title == "" {
		return t.say("whatname")
	}
	p, ok := t.pick(c, words, false, table)
	if !ok {
		return ""
	}
	if p.said != "" {
		return p.said
	}
	column := "title"
	if table == "projects" || table == "clients" {
		column = "name"
	}
	done, ok := t.call("change_rows", map[string]any{"table": table, "ids": []any{p.row.text("id")},
		"set": map[string]any{column: title}})
	switch {
	case !ok:
		return ""
	case done.err != "":
		return t.failed(done)
	}
	return t.prepared(done, t.say("changed", "title", t.quote(p.row.title()), "details",
		t.say("title", "value", t.quote(title))))
}

// nameAssignee puts the whole name in place of a part that only one of those who have tasks has. It returns false while
// a call has to be made.
func (t *Turn) nameAssignee(updates map[string]any) bool {
	who, ok := updates["assignee"].(string)
	if !ok {
		return true
	}
	found, ok := t.call("find_rows", map[string]any{"table": "tasks", "count_by": "assignee"})
	if !ok {
		return false
	}
	var names []string
	for _, r := range found.rows("counts") {
		if name := r.text("value"); mentions(name, who) {
			names = append(names, name)
		}
	}
	if len(names) == 1 {
		updates["assignee"] = names[0]
	}
	return true
}

// updateTask prepares a change of a task.
func (t *Turn) updateTask(r row, updates map[string]any) string {
	var done reply
	var ok bool
	if t.offers("update_task") {
		done, ok = t.call("update_task", map[string]any{"id": r.text("id"), "updates": updates})
	} else {
		set := map[string]any{}
		for name, value := range updates {
			set[map[string]string{"due_date": "dueDate", "project_id": "projectId"}[name]+onlyPlain(name)] = value
		}
		done, ok = t.call("change_rows", map[string]any{"table": "tasks", "ids": []any{r.text("id")}, "set": set})
	}
	switch {
	case !ok:
		return ""
	case done.err != "":
		return t.failed(done)
	case strings.Contains(done.text("result"), "already so"):
		return t.say("unchanged", "title", t.quote(r.title()))
	}
	return t.prepared(done, t.say("changed", "title", t.quote(r.title()), "details", t.details(updates)))
}

func onlyPlain(name string) string {
	if name == "due_date" || name == "project_id" {
		return ""
	}
	return name
}

// details says in words what changes.
func (t *Turn) details(updates map[string]any) string {
	var facts []string
	names := slices.Sorted(maps.Keys(updates))
	if updates["start"] != nil { // before its end
		names = append([]string{"start"}, slices.DeleteFunc(names, func(n string) bool { return n == "start" })...)
	}
	for _, name := range names {
		value, _ := updates[name].(string)
		switch name {
		case "due_date", "dueDate":
			if value == "none" {
				facts = append(facts, t.say("nodue"))
				break
			}
			facts = append(facts, t.say("due", "at", t.when(value)))
		case "assignee":
			if value == "" {
				facts = append(facts, t.say("noassignee"))
				break
			}
			facts = append(facts, t.say("assignee", "value", value))
		case "status":
			facts = append(facts, t.say("status", "value", t.word(value)))
		case "priority":
			facts = append(facts, t.word(value))
		case "project_id", "projectId":
			facts = append(facts, t.say("project", "value", t.nameOf(t.Projects, value)))
		case "clientId":
			facts = append(facts, t.say("client", "value", t.nameOf(t.Clients, value)))
		case "title", "name":
			facts = append(facts, t.say("title", "value", t.quote(value)))
		case "start", "end":
			facts = append(facts, t.say(name, "value", t.when(value)))
		}
	}
	return strings.Join(facts, ", ")
}

func (t *Turn) nameOf(list []Named, id string) string {
	for _, n := range list {
		if n.ID == id {
			return n.Name
		}
	}
	return id
}

// taskChanges returns what the clause, and those that follow it about the same task, change, and the words that name
// the task.
func (t *Turn) taskChanges(c *reading.Clause, words []string) (map[string]any, []string) {
	updates := map[string]any{}
	if c.StartsWith("rename") {
		title := ""
		words, title = newTitle(c, words)
		if title != "" {
			updates["title"] = title
		}
		return updates, words
	}
	if who, rest, ok := t.assignee(c, words); ok {
		updates["assignee"] = who
		words = rest
	}
	t.addChanges(c, updates)
	for _, also := range c.Also {
		t.addChanges(also, updates)
	}
	if id := t.project(c); id != "" && updates["status"] == nil && updates["assignee"] == nil && len(unnamed(c)) > 0 {
		if c.Has("project") || len(updates) == 0 {
			updates["project_id"] = id
			words = unnamed(c)
		}
	}
	return updates, words
}

// addChanges adds the status, the priority and the due date that the clause names.
func (t *Turn) addChanges(c *reading.Clause, updates map[string]any) {
	switch {
	case c.StartsWith("reopen"):
		updates["status"] = "todo"
	case c.StartsWith("begin") || c.Has("progress"):
		updates["status"] = "in_progress"
	case c.StartsWith("finish") || c.Has("done"):
		updates["status"] = "done"
	case c.HasAny("open|todo"):
		updates["status"] = "todo"
	}
	if p := priority(c); p != "" {
		updates["priority"] = p
		if c.Has("all") {
			updates["priority"] = c.LastOf("urgent", "high", "low", "medium")
		}
	}
	if c.Has("nodate") {
		updates["due_date"] = "none"
	} else if due := dueDate(c); due != "" && updates["status"] != "done" {
		updates["due_date"] = due
	}
}

// priority returns the priority that the clause names, or "".
func priority(c *reading.Clause) string { return c.FirstOf("urgent", "high", "low", "medium") }

// dueDate returns the day, with the time of day, that the clause names, or "".
func dueDate(c *reading.Clause) string {
	day := c.Day
	if day.IsZero() && (c.First.IsZero() || c.First.Equal(c.Last)) { // of a longer period none is the day
		day = c.Last
	}
	if day.IsZero() {
		return ""
	}
	if c.Has("clock") {
		return day.Add(c.Clock).Format("2006-01-02T15:04")
	}
	return day.Format(time.DateOnly)
}

// newTitle returns the words that name the row, and its new title.
func newTitle(c *reading.Clause, words []string) ([]string, string) {
	switch len(c.Quoted) {
	case 0:
		before, after, ok := c.After(c.Language.To)
		if !ok {
			return words, ""
		}
		return wordsWithin(words, before), after
	case 1:
		return words, c.Quoted[0]
	}
	return strings.Fields(c.Quoted[0]), c.Quoted[len(c.Quoted)-1]
}

// wordsWithin returns those of the words that the text has.
func wordsWithin(words []string, text string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return !strings.Contains(text, w) })
}

// assignee returns who shall do it, and the words without that name.
func (t *Turn) assignee(c *reading.Clause, words []string) (string, []string, bool) {
	if !c.StartsWith("assign") || len(words) == 0 {
		return "", words, false
	}
	who, rest := c.Recipient()
	if who == "" {
		return "", words, false
	}
	if len(c.Quoted) > 0 {
		rest = words
	}
	return who, rest, true
}

// project returns the id of the only project that the clause names, or "".
func (t *Turn) project(c *reading.Clause) string {
	id := ""
	for _, p := range t.Projects {
		if slices.Contains(c.Names, p.Name) {
			if id != "" {
				return ""
			}
			id = p.ID
		}
	}
	return id
}

// client returns the id of the only client that the clause names, or "".
func (t *Turn) client(c *reading.Clause) string {
	id := ""
	for _, p := range t.Clients {
		if slices.Contains(c.Names, p.Name) {
			if id != "" {
				return ""
			}
			id = p.ID
		}
	}
	return id
}

// targetWords returns the words that name a row: the first text in quotation marks, or else the words of the clause.
func targetWords(c *reading.Clause) []string {
	if len(c.Quoted) > 0 && !c.StartsWith("rename") {
		return strings.Fields(c.Quoted[0])
	}
	return c.Target()
}

// unnamed returns the words that are no part of a project's or client's name.
func unnamed(c *reading.Clause) []string { return unnamedOf(c, c.Target()) }

// unnamedOf returns those of the words that are no part of a project's or client's name.
func unnamedOf(c *reading.Clause, words []string) []string {
	var list []string
	for _, w := range words {
		inName := func(n string) bool { return fold.Has(fold.Line(n), fold.Line(w)) }
		if !slices.ContainsFunc(c.Names, inName) {
			list = append(list, w)
		}
	}
	return list
}

// changeProject prepares a new status of a project.
func (t *Turn) changeProject(c *reading.Clause) string {
	p, ok := t.pick(c, targetWords(c), false, "projects")
	if !ok {
		return ""
	}
	if p.said != "" {
		return p.said
	}
	status := c.FirstOf("onhold", "active", "archived")
	switch status {
	case "onhold":
		status = "on hold"
	case "":
		status = "archived"
	}
	done, ok := t.call("change_rows", map[string]any{"table": "projects", "ids": []any{p.row.text("id")},
		"set": map[string]any{"status": status}})
	switch {
	case !ok:
		return ""
	case done.err != "":
		return t.failed(done)
	}
	return t.prepared(done, t.say("changed", "title", t.quote(p.row.title()), "details",
		t.say("status", "value", t.quote(status))))
}

// approve marks a checkpoint as approved.
func (t *Turn) approve(c *reading.Clause) string {
	p, ok := t.pick(c, targetWords(c), false, "checkpoints")
	if !ok {
		return ""
	}
	if p.said != "" {
		return p.said
	}
	done, ok := t.call("change_rows", map[string]any{"table": "checkpoints", "ids": []any{p.row.text("id")},
		"set": map[string]any{"isApproved": true}})
	switch {
	case !ok:
		return ""
	case done.err != "":
		return t.failed(done)
	}
	return t.prepared(done, t.say("changed", "title", t.quote(p.row.title()), "details", t.say("approved")))
}
