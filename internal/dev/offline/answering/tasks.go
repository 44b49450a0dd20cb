package answering

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
)

// maxTitles limits the rows that one sentence creates.
const maxTitles = 20

// createTask prepares a task for each title in the clause.
func (t *Turn) createTask(c *reading.Clause) string {
	common := map[string]any{}
	if p := priorityOutside(c); p != "" {
		common["priority"] = p
	}
	if due := dueDate(c); due != "" {
		common["due_date"] = due
	}
	if id := t.project(c); id != "" && (c.Has("project") || len(c.Quoted) > 0) {
		common["project_id"] = id
	}
	for _, also := range c.Also {
		t.addChanges(also, common)
		delete(common, "status")
	}
	titles := t.taskTitles(c, common)
	if len(titles) == 0 {
		return t.say("whattask")
	}
	var said []string
	for _, title := range titles[:min(len(titles), maxTitles)] {
		arguments := map[string]any{"title": title}
		for name, value := range common {
			arguments[name] = value
		}
		said = append(said, t.created("tasks", arguments, title))
	}
	if slices.Contains(said, "") {
		return ""
	}
	return strings.Join(said, "\n")
}

// NewTasks returns a row for each task that a request to make tasks names: its title, priority and due date.
func NewTasks(m reading.Message) (rows []map[string]any) {
	t := &Turn{language: m.Language}
	for i := range m.Clauses {
		c := &m.Clauses[i]
		for _, title := range t.taskTitles(c, map[string]any{}) {
			r := map[string]any{"title": title, "priority": "medium"}
			if p := priorityOutside(c); p != "" {
				r["priority"] = p
			}
			if due := dueDate(c); due != "" {
				r["dueDate"] = due
			}
			if len(rows) < maxTitles {
				rows = append(rows, r)
			}
		}
	}
	return rows
}

// created calls the tool for a new row and says what was prepared, or returns "".
func (t *Turn) created(table string, arguments map[string]any, title string) string {
	var done reply
	var ok bool
	if table == "tasks" && t.offers("create_task") {
		done, ok = t.call("create_task", arguments)
	} else {
		data := map[string]any{}
		for name, value := range arguments {
			data[columnOf(name)] = value
		}
		done, ok = t.call("create_row", map[string]any{"table": table, "data": data})
	}
	switch {
	case !ok:
		return ""
	case done.err != "":
		return t.failed(done)
	}
	return t.prepared(done, t.say("created", "what", t.say("what_"+table), "title", t.quote(title), "details",
		t.newDetails(table, arguments)))
}

// newDetails says in words what a new row has beside its title.
func (t *Turn) newDetails(table string, arguments map[string]any) string {
	if table == "events" {
		whole := t.eventText(arguments)
		return strings.TrimPrefix(whole, t.quote(row(arguments).title()))
	}
	shown := map[string]any{}
	for name, value := range arguments {
		if name != "title" && name != "name" && name != "status" {
			shown[name] = value
		}
	}
	if text := t.details(shown); text != "" {
		return ", " + text
	}
	return ""
}

// columnOf returns the column that an argument of the task tools sets.
func columnOf(name string) string {
	switch name {
	case "due_date":
		return "dueDate"
	case "project_id":
		return "projectId"
	}
	return name
}

// priorityOutside returns the priority that the clause names outside of a title.
func priorityOutside(c *reading.Clause) string {
	p := priority(c)
	if p == "" || c.Has("priority") || p == "urgent" {
		return p
	}
	return ""
}

// taskTitles returns the titles of the tasks to create, and sets the assignee that stands before them.
func (t *Turn) taskTitles(c *reading.Clause, common map[string]any) (titles []string) {
	if len(c.Quoted) > 0 {
		for _, q := range c.Quoted {
			titles = append(titles, upperFirst(q))
		}
		return titles
	}
	if who := c.Assigned(); who != "" {
		common["assignee"] = who
	}
	text := c.Title("create", "duty", "task", "urgent", "show", "set", "project", "list", "convert")
	if who, rest, ok := personBefore(text, c); ok {
		common["assignee"], text = who, rest
	}
	parts := []string{text}
	if c.Several() {
		parts = c.Language.SplitList(text)
	}
	for _, part := range parts {
		if title := upperFirst(strings.Trim(part, " .,;:!-–")); title != "" {
			titles = append(titles, shorten(title, 200))
		}
	}
	return titles
}

// personBefore splits "Bob to fetch the keys", which follows "a task for".
func personBefore(text string, c *reading.Clause) (who, rest string, ok bool) {
	first, after, found := strings.Cut(text, " ")
	linker, rest, found2 := strings.Cut(after, " ")
	if !found || !found2 || !c.StartsWith("create") || !isCapital(first) {
		return "", "", false
	}
	if !slices.Contains([]string{"to", "zu", "di", "per", "da"}, strings.ToLower(linker)) {
		return "", "", false
	}
	return first, rest, true
}

func isCapital(word string) bool {
	first, _ := utf8.DecodeRuneInString(word)
	return unicode.IsUpper(first)
}

func upperFirst(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return text
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

// filters returns the filters of list_tasks that the clause names.
func (t *Turn) filters(c *reading.Clause) map[string]any {
	f := map[string]any{}
	switch {
	case c.Has("overdue"):
		f["overdue"] = true
	case c.Has("progress"):
		f["status"] = "in_progress"
	case c.HasAny("done|finish") && !c.HasAny("open|must"):
		f["status"] = "done"
	default:
		f["status"] = "open"
	}
	if p := priority(c); p != "" && (p != "medium" || c.Has("priority")) {
		f["priority"] = p
	}
	if f["status"] == "done" || f["overdue"] == true {
		return t.withProject(c, f)
	}
	if !c.First.IsZero() && c.First.After(t.today()) {
		f["due_from"] = c.First.Format(time.DateOnly)
	}
	if !c.Last.IsZero() {
		f["due_to"] = c.Last.Format(time.DateOnly)
	}
	return t.withProject(c, f)
}

func (t *Turn) withProject(c *reading.Clause, f map[string]any) map[string]any {
	if id := t.project(c); id != "" {
		f["project"] = id
	}
	return f
}

// listTasks lists the tasks that the clause describes.
func (t *Turn) listTasks(c *reading.Clause) string {
	f := t.filters(c)
	if who := c.Assigned(); who != "" {
		return t.tasksWith(c, withValue(f, "assignee", who))
	}
	words := unnamed(c)
	if len(c.Quoted) > 0 {
		return t.tasksWith(c, withValue(f, "text", c.Quoted[0]))
	}
	if c.Has("all") && !c.Has("open") && len(f) == 1 && f["status"] == "open" {
		f = map[string]any{}
	}
	if len(words) > 0 && len(words) <= 3 {
		return t.tasksOf(c, f, words)
	}
	return t.tasksWith(c, f)
}

// tasksWith lists the tasks that meet the filters.
func (t *Turn) tasksWith(c *reading.Clause, f map[string]any) string {
	found, ok := t.callTasks(f)
	if !ok {
		return ""
	}
	if found.err != "" {
		return t.failed(found)
	}
	rows, total := found.rows("tasks"), found.number("total")
	if total == 0 && c.HasAny("day|week|month") && !c.HasAny("done|overdue") {
		return t.say("tasks_nothing")
	}
	const most = 3
	if c.Has("next") && !c.Has("week") && !c.Has("month") && total > most {
		rows, total = rows[:min(len(rows), most)], most
	}
	return lines(t.count("tasks", total), t.list(rows, total, t.taskLine))
}

// callTasks calls list_tasks, or find_rows for an agent that has no list of tasks.
func (t *Turn) callTasks(f map[string]any) (reply, bool) {
	if t.offers("list_tasks") {
		if len(f) == 0 {
			return t.call("list_tasks", map[string]any{})
		}
		return t.call("list_tasks", map[string]any{"filters": f})
	}
	where := map[string]any{}
	switch {
	case f["overdue"] == true:
		where["overdue"] = true
	case f["status"] == "open":
		where["open"] = true
	case f["status"] != nil:
		where["status"] = f["status"]
	}
	for _, name := range []string{"priority", "assignee", "project"} {
		if f[name] != nil {
			where[name] = f[name]
		}
	}
	arguments := map[string]any{"table": "tasks", "where": where}
	if f["due_to"] != nil {
		arguments["to"], arguments["time_column"] = f["due_to"], "dueDate"
	}
	if f["due_from"] != nil {
		arguments["from"] = f["due_from"]
	}
	found, ok := t.call("find_rows", arguments)
	if found.row != nil {
		found.row["tasks"] = found.row["rows"]
	}
	return found, ok
}

// tasksOf lists the tasks of a person, or those with the words.
func (t *Turn) tasksOf(c *reading.Clause, f map[string]any, words []string) string {
	byPerson := withValue(f, "assignee", strings.Join(words, " "))
	mine, ok := t.callTasks(byPerson)
	if !ok {
		return ""
	}
	if mine.number("total") > 0 {
		return t.taskList(mine)
	}
	byText := withValue(f, "text", strings.Join(words, " "))
	if found, ok := t.callTasks(byText); !ok {
		return ""
	} else if found.number("total") > 0 {
		return t.taskList(found)
	}
	if c.Has("task") && !c.HasAny("day|overdue|open|done|progress|urgent|high|low") {
		return t.searchRows(c, "tasks")
	}
	return t.tasksWith(c, f)
}

// taskList lists the tasks of a reply.
func (t *Turn) taskList(found reply) string {
	n := found.number("total")
	return lines(t.count("tasks", n), t.list(found.rows("tasks"), n, t.taskLine))
}

func withValue(f map[string]any, name string, value any) map[string]any {
	out := map[string]any{name: value}
	for k, v := range f {
		out[k] = v
	}
	return out
}

// countTasks says how many tasks there are.
func (t *Turn) countTasks(c *reading.Clause) string {
	if c.HasAny("done|finish") && !c.First.IsZero() {
		return t.finished(c)
	}
	f := t.filters(c)
	if !c.HasAny("open|todo|day|overdue|done|progress") {
		f["status"] = "all"
	}
	found, ok := t.callTasks(f)
	if !ok {
		return ""
	}
	if found.err != "" {
		return t.failed(found)
	}
	n := found.number("total")
	if n == 0 {
		return "0. " + t.say("tasks_none")
	}
	return lines(strconv.Itoa(n)+". "+t.count("tasks", n), t.list(found.rows("tasks"), n, t.taskLine))
}

// dueOf says when a task is due, or when an event or a checkpoint is.
func (t *Turn) dueOf(c *reading.Clause) string {
	words := c.Target()
	if len(words) == 0 && len(t.History) == 0 {
		return t.tasksWith(c, map[string]any{"status": "open"})
	}
	p, ok := t.pick(c, words, false, "tasks", "checkpoints", "events")
	if !ok {
		return ""
	}
	if p.said != "" {
		return p.said
	}
	p.row["table"] = p.table
	return t.fact(p.row) + "."
}

// fact describes a row that was asked for.
func (t *Turn) fact(r row) string {
	switch r.text("table") {
	case "tasks":
		return t.taskLine(r)
	case "events":
		return t.eventText(r) + t.people(r)
	}
	return t.rowText(r)
}

// working lists what a person works on.
func (t *Turn) working(c *reading.Clause) string {
	words := c.Target()
	if len(words) == 0 {
		return t.tasksWith(c, map[string]any{"status": "in_progress"})
	}
	f := map[string]any{"status": "open"}
	mine, ok := t.callTasks(withValue(f, "assignee", strings.Join(words, " ")))
	if !ok {
		return ""
	}
	if mine.number("total") > 0 {
		return t.taskList(mine)
	}
	byText, ok := t.callTasks(withValue(f, "text", strings.Join(words, " ")))
	switch {
	case !ok:
		return ""
	case byText.number("total") > 0:
		return t.taskList(byText)
	}
	return t.question(c)
}

// finished lists the tasks that were completed in the period.
func (t *Turn) finished(c *reading.Clause) string {
	arguments := map[string]any{"table": "tasks", "where": map[string]any{"status": "done"},
		"time_column": "completedAt", "order": "newest"}
	if !c.First.IsZero() {
		arguments["from"] = c.First.Format(time.DateOnly)
	}
	if !c.Last.IsZero() {
		arguments["to"] = c.Last.Format(time.DateOnly)
	}
	found, ok := t.call("find_rows", arguments)
	switch {
	case !ok:
		return ""
	case found.err != "":
		return t.failed(found)
	}
	n := found.number("total")
	head := t.count("tasks", n)
	if c.Has("count") {
		head = strconv.Itoa(n) + ". " + head
	}
	return lines(head, t.list(found.rows("rows"), n, func(r row) string {
		return t.quote(r.title()) + " (" + t.say("done") + ", " + t.when(r.text("completedAt")) + ")"
	}))
}

// suggestTasks repeats the work that notes mention.
func (t *Turn) suggestTasks(*reading.Clause) string {
	if !t.offers("suggest_tasks") {
		return t.say("impossible")
	}
	found, ok := t.call("suggest_tasks", map[string]any{})
	switch {
	case !ok:
		return ""
	case found.err != "":
		return t.failed(found)
	case len(found.rows("suggestions")) == 0:
		return t.say("suggestions_none")
	}
	rows := found.rows("suggestions")
	return lines(t.say("suggestions"), t.list(rows, len(rows), func(r row) string {
		text := t.quote(r.title())
		if due := r.text("due_date"); due != "" {
			text += ", " + t.say("due", "at", t.when(due))
		}
		return text
	}))
}
