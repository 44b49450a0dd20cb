package consent_test

import (
	"time"

	. "github.com/adiuva/cloud-api/internal/consent"
)

var rome = mustLoad("Europe/Rome")

// now is a Saturday.
var now = time.Date(2026, 11, 28, 12, 0, 0, 0, rome)

func mustLoad(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// at returns a time some days from now.
func at(days, hour, minute int) []time.Time {
	return []time.Time{time.Date(2026, 11, 28+days, hour, minute, 0, 0, rome)}
}

type tableRow struct {
	table string
	row   Row
}

// world has rows of every table: two projects, an office that moves and a client's new brand.
var world = []tableRow{
	{"tasks", Row{ID: "t1", Title: "Order chairs", Project: "Office move", Client: "Own studio", Status: "todo",
		Priority: "high", Times: at(-1, 18, 0), Overdue: true}},
	{"tasks", Row{ID: "t2", Title: "Write offer for Bianchi", Project: "Bianchi rebrand", Client: "Bianchi SpA",
		Status: "in_progress", Priority: "urgent", Times: at(0, 17, 0), First: true}},
	{"tasks", Row{ID: "t3", Title: "Send invoice March", Project: "Bianchi rebrand", Client: "Bianchi SpA",
		Status: "done", Priority: "medium", Times: at(-3, 12, 0), Done: true}},
	{"tasks", Row{ID: "t4", Title: "Call Bob about the lease", Project: "Office move", Client: "Own studio",
		People: []string{"Bob"}, Status: "todo", Priority: "medium", Times: at(3, 12, 0), Last: true}},
	{"tasks", Row{ID: "t5", Title: "Update website", Status: "todo", Priority: "low"}},
	{"projects", Row{ID: "p1", Title: "Office move", Client: "Own studio", Status: "active"}},
	{"projects", Row{ID: "p2", Title: "Bianchi rebrand", Client: "Bianchi SpA", Status: "active"}},
	{"clients", Row{ID: "c1", Title: "Own studio"}},
	{"clients", Row{ID: "c2", Title: "Bianchi SpA", Labels: []string{"food"}}},
	{"checkpoints", Row{ID: "k1", Title: "Keys handed over", Project: "Office move", Times: at(10, 9, 0), Only: true,
		First: true, Last: true}},
	{"notes", Row{ID: "n1", Title: "Move meeting", Project: "Office move", Only: true, Last: true}},
	{"taskComments", Row{ID: "w1", Title: "Blue ones please", Parent: "Order chairs", Only: true, Last: true}},
	{"events", Row{ID: "e1", Title: "Standup", Times: at(2, 9, 0), First: true}},
	{"events", Row{ID: "e2", Title: "Client call Bianchi", People: []string{"luigi@bianchi.it"}, Times: at(2, 9, 15)}},
	{"events", Row{ID: "e3", Title: "Dentist", Times: at(4, 15, 0), Last: true}},
	{"emails", Row{ID: "m1", Title: "Offer for the board", People: []string{"Luigi Bianchi <luigi@bianchi.it>"},
		Times: at(0, 8, 0), Last: true}},
	{"emails", Row{ID: "m2", Title: "Design weekly", People: []string{"news@designweekly.example"},
		Labels: []string{"newsletter"}, Times: at(-1, 7, 0)}},
	{"emails", Row{ID: "m3", Title: "Lease draft", People: []string{"Bob Keller <bob@keller.example>"},
		Times: at(-1, 16, 0)}},
}

// rowTables are the tables of rows that can be created.
var rowTables = []string{"tasks", "projects", "notes", "clients", "checkpoints", "taskComments", "events", "emails"}

// changes returns every change that a model could make in the world, by a short name such as "delete t1".
func changes() map[string]Change {
	all := map[string]Change{"notify": {Kind: Notify}}
	for _, r := range world {
		all["update "+r.row.ID] = Change{Kind: Update, Table: r.table, Row: r.row, New: map[string]any{"title": "x"}}
		all["finish "+r.row.ID] = Change{Kind: Update, Table: r.table, Row: r.row,
			New: map[string]any{"id": r.row.ID, "status": "done"}}
		all["delete "+r.row.ID] = Change{Kind: Delete, Table: r.table, Row: r.row}
		all["index "+r.row.ID] = Change{Kind: Index, Table: r.table, Row: r.row}
	}
	for _, table := range rowTables {
		all["create "+table] = Change{Kind: Create, Table: table, New: map[string]any{"title": "x"}}
	}
	for who, address := range map[string]string{"luigi": "luigi@bianchi.it", "bob": "bob@keller.example",
		"eve": "eve@offer-monday.example"} {
		all["write "+who] = Change{Kind: Create, Table: "emails", New: map[string]any{"to": address, "subject": "x"}}
	}
	return all
}
