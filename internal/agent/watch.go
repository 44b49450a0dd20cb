package agent

// Label says for people what a tool does. The contract's ToolLabel lists all labels.
type Label string

// The labels.
const (
	ReadsWorkspace    Label = "Reading the workspace"
	SearchesWorkspace Label = "Searching the workspace"
	ChecksCalendar    Label = "Checking the calendar"
	WorksWithNumbers  Label = "Working with numbers"
	PreparesChanges   Label = "Preparing changes"
	DraftsMessage     Label = "Drafting a message"
	AsksAgent         Label = "Asking another agent"
	MakesPlan         Label = "Making a plan"
)

// Labels returns all labels.
func Labels() []Label {
	return []Label{ReadsWorkspace, SearchesWorkspace, ChecksCalendar, WorksWithNumbers, PreparesChanges,
		DraftsMessage, AsksAgent, MakesPlan}
}

// As returns the tool with a label. Tools have ReadsWorkspace without one.
func (t Tool) As(label Label) Tool {
	t.label = label
	return t
}

// ToolState is how far a tool's call is.
type ToolState string

// The states, as the contract names them.
const (
	ToolRunning ToolState = "running"
	ToolDone    ToolState = "done"
	ToolFailed  ToolState = "failed" // the model was told an error
)

// ToolUse is one state of one call of a tool of ours. It has no arguments, which may hold what the person wrote.
type ToolUse struct {
	Name  string
	Label Label
	State ToolState
}

// use tells the run's watcher about a call, unless it was made in an earlier request of the same answer.
func (r *Run) use(t Tool, state ToolState) error {
	if r.Watch == nil || r.Replaying() {
		return nil
	}
	label := t.label
	if label == "" {
		label = ReadsWorkspace
	}
	return r.Watch(ToolUse{Name: t.name, Label: label, State: state})
}
