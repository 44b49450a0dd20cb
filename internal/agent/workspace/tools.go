// Package workspace has the tools that every agent shares: they find, read, sum up and change the rows of all tables
// that a request carries. One description of the tables, in tables.go, serves all of them. Reading is linear in the
// rows; changes are proposals, checked by agent.Run.Propose.
package workspace

import (
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
)

// workspace has the tables that the tools work on. It is immutable.
type workspace struct{ tables []*table }

// tables are those of every request.
var tables = &workspace{tables: newTables()}

// tableNames returns the names of all tables.
func (w *workspace) tableNames() string {
	var names []string
	for _, t := range w.tables {
		names = append(names, t.name)
	}
	return strings.Join(names, ", ")
}

// Tools returns the shared tools.
func Tools() []agent.Tool {
	w := tables
	return []agent.Tool{
		agent.NewTool("find_rows", "Find rows by words, columns and time, or count them.", w.findRows).
			As(agent.SearchesWorkspace).
			WithPublicNote("Tables: " + w.tableNames() + "."),
		agent.NewTool("read_row", "Read one row whole; long texts in pieces.", w.readRow),
		agent.NewTool("project_overview", "Sum up a project: tasks, checkpoints, notes, people.", w.projectOverview),
		agent.NewTool("create_row", "Prepare a new row of any table.", w.createRow).As(agent.PreparesChanges),
		agent.NewTool("change_rows", "Prepare the same change of one or several rows.", w.changeRows).
			As(agent.PreparesChanges),
		agent.NewTool("delete_rows", "Prepare to delete rows that the person named or described.", w.deleteRows).
			As(agent.PreparesChanges),
		agent.NewTool("append_to_note", "Prepare to add text at the end of a note.", w.appendToNote).
			As(agent.PreparesChanges),
		agent.NewTool("index_document", "Prepare to add a row to the person's search index.", w.indexDocument).
			As(agent.PreparesChanges),
		agent.NewTool("send_notification", "Prepare a notification or reminder on the person's device.",
			sendNotification).As(agent.PreparesChanges).WithoutRows(),
	}
}
