package consent

import "time"

// Kind is what a change does, by the wire's name of the action.
type Kind string

// The kinds of changes.
const (
	Create Kind = "create_record"
	Update Kind = "update_record"
	Delete Kind = "delete_record"
	Notify Kind = "send_notification"
	Index  Kind = "index_document"
)

// Turn is one message of the conversation so far.
type Turn struct {
	Role    string // "user" or "assistant"
	Content string
}

// Row is what a person may say about a row to name it. Members that a table does not have are zero.
type Row struct {
	ID              string
	Title           string      // title, name or subject; of a comment the first words
	Text            string      // its description or place, which names it no more than a note's content does
	Parent          string      // the title of the task that a comment belongs to
	Project, Client string      // names
	People          []string    // names and addresses: assignee, from, to, attendees
	Times           []time.Time // due, start, date: those that a person would name it by
	Status          string
	Priority        string
	Labels          []string
	Overdue, Done   bool
	Only            bool // the only row of its table in the request
	First           bool // the next one from now on
	Last            bool // the newest of its table
}

// Change is a change that a model proposes.
type Change struct {
	Kind  Kind
	Table string         // the wire's name; "" for Notify
	Row   Row            // the row that is changed; for a reply, the e-mail that it answers
	Self  []string       // names and addresses of the person
	New   map[string]any // the columns of the change: texts, int64 milliseconds, bool, []string, nil
}

// Verdict is what may become of a change. The zero value is Refuse.
type Verdict int

// The verdicts.
const (
	Refuse  Verdict = iota // leave the change out
	Propose                // show it to the person as a suggestion
	Act                    // the person asked for it
)

func (v Verdict) String() string {
	return [...]string{"Refuse", "Propose", "Act"}[v]
}
