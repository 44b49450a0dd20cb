package answering

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
	"github.com/adiuva/cloud-api/internal/fold"
)

// createNote prepares a note with the text of the clause.
func (t *Turn) createNote(c *reading.Clause) string {
	text := c.Rest("create", "note", "show", "set")
	if len(c.Quoted) > 0 {
		text = c.Quoted[0]
	}
	if text == "" {
		return t.say("whatnote")
	}
	data := map[string]any{"title": shorten(upperFirst(text), 60), "content": sentence(text)}
	if id := t.project(c); id != "" && c.Has("project") {
		data["projectId"] = id
	}
	return t.createdRow("notes", data, data["title"].(string))
}

func (t *Turn) createdRow(table string, data map[string]any, title string) string {
	done, ok := t.call("create_row", map[string]any{"table": table, "data": data})
	switch {
	case !ok:
		return ""
	case done.err != "":
		return t.failed(done)
	}
	shown := map[string]any{}
	for _, name := range []string{"clientId", "projectId"} {
		if data[name] != nil {
			shown[name] = data[name]
		}
	}
	details := t.details(shown)
	if date, ok := data["date"].(string); ok {
		details = strings.Trim(t.when(date)+", "+details, ", ")
	}
	if details != "" {
		details = ", " + details
	}
	return t.prepared(done, t.say("created", "what", t.say("what_"+table), "title", t.quote(title), "details", details))
}

// createProject prepares a project, for the client that the clause names.
func (t *Turn) createProject(c *reading.Clause) string {
	title := c.Title("create", "project", "called", "set")
	if len(c.Quoted) > 0 {
		title = c.Quoted[0]
	}
	data := map[string]any{}
	if id := t.clientFor(c, title); id != "" {
		data["clientId"] = id
		if len(c.Quoted) == 0 {
			title = c.WithoutName(title, t.nameOf(t.Clients, id))
		}
	}
	if title = upperFirst(title); title == "" {
		return t.say("whatname")
	}
	data["name"] = title
	return t.createdRow("projects", data, title)
}

// clientFor returns the id of the client that the clause, or the end of a title, names.
func (t *Turn) clientFor(c *reading.Clause, title string) string {
	if id := t.client(c); id != "" {
		return id
	}
	words := strings.Fields(fold.Line(title))
	if len(words) == 0 {
		return ""
	}
	id := ""
	for _, client := range t.Clients {
		if mentions(client.Name, words[len(words)-1]) && len(words[len(words)-1]) > 3 {
			if id != "" {
				return ""
			}
			id = client.ID
		}
	}
	return id
}

// createClient prepares a client.
func (t *Turn) createClient(c *reading.Clause) string {
	title := c.Title("create", "client", "called", "set")
	if len(c.Quoted) > 0 {
		title = c.Quoted[0]
	}
	data := map[string]any{}
	if before, after, ok := c.AfterConcept("industry"); ok {
		data["industry"] = after
		if len(c.Quoted) == 0 {
			title = strings.TrimRight(strings.TrimSuffix(title, c.Text[len(before):]), " ,;")
		}
	}
	if title = upperFirst(title); title == "" {
		return t.say("whatname")
	}
	data["name"] = title
	return t.createdRow("clients", data, title)
}

// createCheckpoint prepares a checkpoint on a day.
func (t *Turn) createCheckpoint(c *reading.Clause) string {
	title := c.Title("create", "checkpoint", "called", "set")
	if len(c.Quoted) > 0 {
		title = c.Quoted[0]
	}
	at := dueDate(c)
	if at == "" {
		return t.say("whenevent")
	}
	data := map[string]any{"date": at}
	if id := t.project(c); id != "" {
		data["projectId"] = id
		if len(c.Quoted) == 0 {
			title = c.WithoutName(title, t.nameOf(t.Projects, id))
		}
	}
	if title = upperFirst(title); title == "" {
		return t.say("whatname")
	}
	data["title"] = title
	return t.createdRow("checkpoints", data, title)
}

// createComment prepares a comment to a task.
func (t *Turn) createComment(c *reading.Clause) string {
	before, text, ok := c.After([]string{"that", "dass", "che", "saying"})
	words := wordsWithin(c.Searched(), before)
	if len(c.Quoted) > 0 {
		text, words, ok = c.Quoted[0], c.Searched(), true
	}
	if to, said := c.Letter(); !ok {
		words, text = wordsWithin(c.Searched(), to), said
	}
	if text == "" {
		return t.say("whatnote")
	}
	p, ok := t.pick(c, words, false, "tasks")
	if !ok {
		return ""
	}
	if p.said != "" {
		return p.said
	}
	return t.createdRow("taskComments", map[string]any{"taskId": p.row.text("id"), "content": sentence(text)},
		p.row.title())
}

// appendNote prepares to add a text to a note.
func (t *Turn) appendNote(c *reading.Clause) string {
	p, ok := t.pick(c, c.Searched(), false, "notes")
	if !ok {
		return ""
	}
	if p.said != "" {
		return p.said
	}
	done, ok := t.call("append_to_note", map[string]any{"id": p.row.text("id"), "text": c.Quoted[0]})
	switch {
	case !ok:
		return ""
	case done.err != "":
		return t.failed(done)
	}
	return t.prepared(done, t.say("appended", "text", c.Quoted[0], "title", t.quote(p.row.title())))
}

// index prepares to add a row to the search index.
func (t *Turn) index(c *reading.Clause) string {
	var tables []string
	if table := namedTable(c); table != "" {
		tables = []string{table}
	}
	p, ok := t.pick(c, targetWords(c), false, tables...)
	if !ok {
		return ""
	}
	if p.said != "" {
		return p.said
	}
	done, ok := t.call("index_document", map[string]any{"table": p.table, "id": p.row.text("id")})
	switch {
	case !ok:
		return ""
	case done.err != "":
		return t.failed(done)
	}
	return t.prepared(done, t.say("indexed", "title", t.quote(p.row.title())))
}

// rowsOf lists the rows of a table.
func (t *Turn) rowsOf(table, heading string, arguments map[string]any, line func(row) string) string {
	arguments["table"] = table
	found, ok := t.call("find_rows", arguments)
	switch {
	case !ok:
		return ""
	case found.err != "":
		return t.failed(found)
	case len(found.rows("rows")) == 0:
		return t.say("none")
	}
	return lines(heading, t.list(found.rows("rows"), found.number("total"), line))
}

// notes lists the notes.
func (t *Turn) notes(*reading.Clause) string {
	return t.rowsOf("notes", t.say("notes"), map[string]any{"order": "newest"}, func(r row) string {
		return t.quote(r.title()) + snippet(shorten(r.text("content"), 120))
	})
}

// clients lists the clients.
func (t *Turn) clients(*reading.Clause) string {
	return t.rowsOf("clients", t.say("rows"), map[string]any{"order": "title"}, func(r row) string {
		if what := r.text("industry"); what != "" {
			return t.quote(r.title()) + ", " + t.say("industry", "value", what)
		}
		return t.quote(r.title())
	})
}

// checkpoints lists the checkpoints that lie ahead, or finds one.
func (t *Turn) checkpoints(c *reading.Clause) string {
	if words := unnamed(c); len(words) > 0 && !c.HasAny("next|all|show") {
		return t.oneEvent(c, words)
	}
	arguments := map[string]any{"from": t.today().Format(time.DateOnly), "order": "oldest"}
	if id := t.project(c); id != "" {
		arguments["where"] = map[string]any{"projectId": id}
	}
	return t.rowsOf("checkpoints", t.say("checkpoints"), arguments, func(r row) string {
		text := t.quote(r.title()) + ", " + t.when(r.text("date"))
		if p := r.text("project"); p != "" {
			text += ", " + t.say("project", "value", p)
		}
		return text
	})
}

// projects lists the projects with their tasks.
func (t *Turn) projects(*reading.Clause) string {
	found, ok := t.call("project_overview", map[string]any{})
	switch {
	case !ok:
		return ""
	case found.err != "":
		return t.failed(found)
	case len(found.rows("projects")) == 0:
		return t.say("none")
	}
	return lines(t.say("rows"), t.list(found.rows("projects"), found.number("total"), t.projectText))
}

func (t *Turn) projectText(r row) string {
	client := ""
	if name := r.text("client"); name != "" {
		client = ", " + t.say("client", "value", name)
	}
	return t.say("project_line", "name", t.quote(r.title()), "status", r.text("status"), "open",
		strconv.Itoa(r.number("open")), "overdue", strconv.Itoa(r.number("overdue")), "done",
		strconv.Itoa(r.number("done")), "client", client)
}

// project sums up the project that the clause names.
func (t *Turn) projectOverview(c *reading.Clause) string {
	name := ""
	for _, p := range t.Projects {
		if slices.Contains(c.Names, p.Name) {
			name = p.ID
		}
	}
	if name == "" {
		if id := t.client(c); id != "" {
			return t.clientOverview(c)
		}
		return t.searchRows(c, "")
	}
	r, ok := t.call("project_overview", map[string]any{"project": name})
	switch {
	case !ok:
		return ""
	case r.err != "":
		return t.failed(r)
	}
	text := lines(t.say("project_head", "name", t.quote(r.title()), "open", strconv.Itoa(r.number("open")), "overdue",
		strconv.Itoa(r.number("overdue")), "done", strconv.Itoa(r.number("done"))),
		t.list(r.rows("openTasks"), r.number("open"), t.taskLine))
	if rows := r.rows("nextCheckpoints"); len(rows) > 0 {
		text = lines(text, t.say("checkpoints"), t.list(rows, 0, func(k row) string {
			return t.quote(k.title()) + ", " + t.when(k.text("date"))
		}))
	}
	if rows := r.rows("newestNotes"); len(rows) > 0 {
		text = lines(text, t.say("notes"), t.list(rows, 0, func(n row) string { return t.quote(n.title()) }))
	}
	return text
}

func (t *Turn) clientOverview(c *reading.Clause) string {
	id := t.client(c)
	return t.rowsOf("projects", t.say("client", "value", t.nameOf(t.Clients, id))+":",
		map[string]any{"where": map[string]any{"clientId": id}}, func(r row) string { return t.quote(r.title()) })
}

// clientOf names the client of a project.
func (t *Turn) clientOf(c *reading.Clause) string {
	id := t.project(c)
	if id == "" {
		return t.clients(c)
	}
	r, ok := t.call("read_row", map[string]any{"table": "projects", "id": id})
	switch {
	case !ok:
		return ""
	case r.err != "":
		return t.failed(r)
	case r.text("client") == "":
		return t.say("none")
	}
	return t.say("of", "value", t.quote(r.text("client")))
}

// industry names the industry of a client.
func (t *Turn) industry(c *reading.Clause) string {
	p, ok := t.pick(c, c.Searched(), false, "clients")
	switch {
	case !ok:
		return ""
	case p.said != "":
		return p.said
	case p.row.text("industry") == "":
		return t.say("none")
	}
	return t.quote(p.row.title()) + ": " + t.say("industry", "value", p.row.text("industry")) + "."
}

// searchRows lists the rows that have the words of the clause. table may be "".
func (t *Turn) searchRows(c *reading.Clause, table string) string {
	words := targetWords(c)
	if len(words) == 0 {
		return t.say("shrug")
	}
	list, ok := t.search(table, words)
	if !ok {
		return ""
	}
	if len(list) == 0 {
		return t.say("none")
	}
	var rows []row
	for _, m := range list {
		if m.hits == list[0].hits {
			rows = append(rows, m.row)
		}
	}
	return lines(t.say("rows"), t.list(rows, len(rows), t.rowText))
}

// question answers a question of fact from the texts of the rows, and says so when there is none.
func (t *Turn) question(c *reading.Clause) string {
	if c.Has("decide") {
		return t.noteText(c)
	}
	words := c.Searched()
	if len(words) == 0 {
		return t.say("shrug")
	}
	list, ok := t.search("", words)
	if !ok {
		return ""
	}
	return t.quoteBest(list, words)
}

// quoteBest quotes the rows that have most of the words, or says that there are none.
func (t *Turn) quoteBest(list []match, words []string) string {
	const maxQuoted = 3
	if len(list) == 0 || list[0].hits == 0 || list[0].hits*3 < len(reading.Stems(words)) {
		return t.say("none")
	}
	var said []string
	for _, m := range list {
		if m.hits < list[0].hits || len(said) == maxQuoted {
			break
		}
		said = append(said, "- "+t.quoteRow(m.row, words))
	}
	if len(said) == 1 {
		return strings.TrimPrefix(said[0], "- ")
	}
	return strings.Join(said, "\n")
}

// quoteRow quotes what a row says about the words.
func (t *Turn) quoteRow(r row, words []string) string {
	switch text := firstOf(r, "content", "snippet", "description"); {
	case text == "":
		return t.fact(r)
	case r.text("table") == "emails":
		return t.emailText(r) + ": " + t.quote(sentencesWith(text, words))
	default:
		return t.say("note_quote", "title", t.quote(r.title()), "text", sentencesWith(text, words))
	}
}

// sentencesWith returns the sentences that have most of the words, or the whole text where it is short or none does.
func sentencesWith(text string, words []string) string {
	const short = 400
	parts := sentencesOf(text)
	most, best := 0, []string(nil)
	for _, p := range parts {
		n := 0
		for _, s := range reading.Stems(words) {
			if hasStem(fold.Line(p), s) {
				n++
			}
		}
		if n > most {
			most, best = n, nil
		}
		if n == most && n > 0 {
			best = append(best, p)
		}
	}
	if len(best) == 0 {
		return shorten(strings.Join(strings.Fields(text), " "), short)
	}
	return shorten(strings.Join(best, " "), short)
}

// sentencesOf splits a text into at most 200 sentences.
func sentencesOf(text string) (list []string) {
	const most = 200
	for line := range strings.Lines(text) {
		for part := range strings.SplitAfterSeq(strings.TrimSpace(line), ". ") {
			if part = strings.TrimSpace(part); part != "" && len(list) < most {
				list = append(list, part)
			}
		}
	}
	return list
}

// noteText quotes the note that the clause names.
func (t *Turn) noteText(c *reading.Clause) string {
	list, ok := t.search("notes", append(c.Target(), c.Generic()...))
	if !ok {
		return ""
	}
	if len(list) == 0 || list[0].hits == 0 && len(c.Target()) > 0 {
		return t.say("none")
	}
	r := list[0].row
	return t.say("note_quote", "title", t.quote(r.title()), "text", shorten(r.text("content"), 1_000))
}
