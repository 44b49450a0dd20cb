// Package playbook holds what the cloud proposes and the client carries out: actions on the client's own tables, plans
// made of steps, the templates that generating steps name by id, and the ready-made plans called playbooks. It knows
// which tables and columns exist, so that nothing outside them can be proposed; it stores nothing of any user.
package playbook

// Kind is what a step does. The five action kinds change something on the client; Generate and Select occur in plans
// only.
type Kind string

// The kinds, by their names on the wire.
const (
	Create   Kind = "create_record"
	Update   Kind = "update_record"
	Delete   Kind = "delete_record"
	Index    Kind = "index_document"
	Notify   Kind = "send_notification"
	Generate Kind = "generate" // a text or records made from a template, by id
	Select   Kind = "select"   // the client reads rows of one table
)

// IsAction reports whether k is one of the five kinds that a PlanAction may have.
func (k Kind) IsAction() bool {
	switch k {
	case Create, Update, Delete, Index, Notify:
		return true
	}
	return false
}

// Action is one change proposed to the client. Table is empty where the kind has none. Data uses the client's camelCase
// columns; after Check its values are strings, int64, bool, []string or nil.
type Action struct {
	Type  Kind           `json:"type"`
	Table string         `json:"table,omitempty"`
	Data  map[string]any `json:"data"`
}

// CreateRecord proposes a new row; the client makes its id.
func CreateRecord(table string, data map[string]any) Action {
	return Action{Type: Create, Table: table, Data: data}
}

// UpdateRecord proposes new values for the columns named in data; data["id"] names the row.
func UpdateRecord(table string, data map[string]any) Action {
	return Action{Type: Update, Table: table, Data: data}
}

// DeleteRecord proposes to delete the row with that id.
func DeleteRecord(table, id string) Action {
	return Action{Type: Delete, Table: table, Data: map[string]any{"id": id}}
}

// IndexDocument proposes that the client adds the row with that id to its local vector index.
func IndexDocument(table, id, title string) Action {
	return Action{Type: Index, Table: table, Data: map[string]any{"id": id, "title": title}}
}

// SendNotification proposes a notification on the client, at the time at in milliseconds, or at once when at is 0.
func SendNotification(title, body string, at int64) Action {
	data := map[string]any{"title": title, "body": body}
	if at != 0 {
		data["at"] = at
	}
	return Action{Type: Notify, Data: data}
}
