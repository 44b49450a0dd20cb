// Package action defines the changes that the service proposes to a client's own database: the kinds of action, and the
// tables and columns of the client that they may name. Check refuses everything else. The client executes actions;
// this package stores and executes nothing.
package action

// Kind says what an action does. The values are the names on the wire.
type Kind string

// The kinds of action.
const (
	Create Kind = "create_record"
	Update Kind = "update_record"
	Delete Kind = "delete_record"
	Index  Kind = "index_document"
	Notify Kind = "send_notification"
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{Create, Update, Delete, Index, Notify} }

// Action is one change proposed to the client. Table is empty for a notification. The keys of Data are the client's
// camelCase columns; after Check its values are of type string, int64, bool, []string or nil.
type Action struct {
	Type  Kind           `json:"type"`
	Table string         `json:"table,omitempty"`
	Data  map[string]any `json:"data"`
}

// CreateRecord proposes a new row; the client assigns its id.
func CreateRecord(table string, data map[string]any) Action {
	return Action{Type: Create, Table: table, Data: data}
}

// UpdateRecord proposes new values for the columns named in data; data["id"] names the row.
func UpdateRecord(table string, data map[string]any) Action {
	return Action{Type: Update, Table: table, Data: data}
}

// DeleteRecord proposes to remove the row with that id.
func DeleteRecord(table, id string) Action {
	return Action{Type: Delete, Table: table, Data: map[string]any{"id": id}}
}

// IndexDocument proposes to add the row with that id to the client's local vector index.
func IndexDocument(table, id, title string) Action {
	return Action{Type: Index, Table: table, Data: map[string]any{"id": id, "title": title}}
}

// SendNotification proposes a notification on the client at a time in milliseconds since the epoch, or at once when at
// is 0.
func SendNotification(title, body string, at int64) Action {
	data := map[string]any{"title": title, "body": body}
	if at != 0 {
		data["at"] = at
	}
	return Action{Type: Notify, Data: data}
}
