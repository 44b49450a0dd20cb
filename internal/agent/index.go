package agent

// rowIndex finds the rows of a request by their ids.
type rowIndex struct {
	tables map[string]map[string]int // by table and id, the position of the first such row
	// references has, by table, the ids that other rows refer to: rows that exist although they were not sent.
	references  map[string]map[string]bool
	occurrences map[string][]int // the positions of events that share an id, by the id
}

// index returns the index of the request's rows. It is made at the first look-up; all agents of the request share it.
func (r *Run) index() *rowIndex {
	if r.shared.index == nil {
		r.shared.index = newRowIndex(r.Context)
	}
	return r.shared.index
}

func newRowIndex(c Context) *rowIndex {
	x := &rowIndex{tables: map[string]map[string]int{}, references: map[string]map[string]bool{}}
	addRows(x, "tasks", c.Tasks, func(r Task) string { return r.ID })
	addRows(x, "taskComments", c.TaskComments, func(r TaskComment) string { return r.ID })
	addRows(x, "projects", c.Projects, func(r Project) string { return r.ID })
	addRows(x, "clients", c.Clients, func(r Client) string { return r.ID })
	addRows(x, "notes", c.Notes, func(r Note) string { return r.ID })
	addRows(x, "checkpoints", c.Checkpoints, func(r Checkpoint) string { return r.ID })
	addRows(x, "events", c.Events, func(r Event) string { return r.ID })
	addRows(x, "emails", c.Emails, func(r Email) string { return r.ID })
	x.addOccurrences(c.Events)
	addReferences(x, "projects", c.Tasks, func(r Task) string { return r.ProjectID })
	addReferences(x, "projects", c.Notes, func(r Note) string { return r.ProjectID })
	addReferences(x, "projects", c.Checkpoints, func(r Checkpoint) string { return r.ProjectID })
	addReferences(x, "tasks", c.TaskComments, func(r TaskComment) string { return r.TaskID })
	addReferences(x, "clients", c.Clients, func(r Client) string { return r.ParentID })
	addReferences(x, "clients", c.Projects, func(r Project) string { return r.ClientID })
	return x
}

func addRows[Row any](x *rowIndex, table string, rows []Row, id func(Row) string) {
	positions := make(map[string]int, len(rows))
	for i, row := range rows {
		if _, known := positions[id(row)]; !known && id(row) != "" {
			positions[id(row)] = i
		}
	}
	x.tables[table] = positions
}

func addReferences[Row any](x *rowIndex, table string, rows []Row, id func(Row) string) {
	if x.references[table] == nil {
		x.references[table] = map[string]bool{}
	}
	for _, row := range rows {
		x.references[table][id(row)] = true
	}
}

// has reports whether the table has a row with that id.
func (x *rowIndex) has(table, id string) bool {
	_, ok := x.tables[table][id]
	return ok
}

// mayRefer reports whether a reference to the table may have that id: that of one of its rows, or one that other rows
// refer to.
func (x *rowIndex) mayRefer(table, id string) bool {
	return x.has(table, id) || x.references[table][id]
}

// find returns the first of the table's rows with that id.
func find[Row any](r *Run, table string, rows []Row, id string) (row Row, ok bool) {
	if i, ok := r.index().tables[table][id]; ok {
		return rows[i], true
	}
	return row, false
}

// Task returns the first task with that id; an empty id matches none.
func (r *Run) Task(id string) (Task, bool) { return find(r, "tasks", r.Context.Tasks, id) }

// Project returns the first project with that id; an empty id matches none.
func (r *Run) Project(id string) (Project, bool) { return find(r, "projects", r.Context.Projects, id) }

// Event returns the first event with that id; an empty id matches none.
func (r *Run) Event(id string) (Event, bool) { return find(r, "events", r.Context.Events, id) }

// Email returns the first e-mail with that id; an empty id matches none.
func (r *Run) Email(id string) (Email, bool) { return find(r, "emails", r.Context.Emails, id) }
