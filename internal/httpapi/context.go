package httpapi

import (
	"cmp"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/dates"
)

// questionBody is the ChatRequest of the contract with the rows of package agent. Those of package api have a map for
// every column, because they tell null from a column that is left out.
type questionBody struct {
	Message       string           `json:"message"`
	Context       *questionContext `json:"context"`
	ExecutionMode *chat.Mode       `json:"execution_mode"`
	Model         *api.ModelChoice `json:"model"`
	ClientTools   []api.ClientTool `json:"client_tools"`
	Continuation  string           `json:"continuation"`
	ToolResults   []api.ToolResult `json:"tool_results"`
}

// questionContext is the ChatContext of the contract.
type questionContext struct {
	UserProfile         map[string]any      `json:"user_profile"`
	RelevantDocuments   []string            `json:"relevant_documents"`
	ConversationHistory []agent.Turn        `json:"conversation_history"`
	Timezone            string              `json:"timezone"`
	RecentTasks         []agent.Task        `json:"recent_tasks"`
	TaskComments        []agent.TaskComment `json:"task_comments"`
	Projects            []agent.Project     `json:"projects"`
	Clients             []agent.Client      `json:"clients"`
	Notes               []agent.Note        `json:"notes"`
	Checkpoints         []agent.Checkpoint  `json:"checkpoints"`
	Events              []agent.Event       `json:"events"`
	Emails              []emailRow          `json:"emails"`
}

// emailRow is an e-mail whose thread may have either of two names.
type emailRow struct {
	agent.Email
	SnakeThreadID string `json:"thread_id"`
}

func (r emailRow) email() agent.Email {
	r.Email.ThreadID = cmp.Or(r.SnakeThreadID, r.Email.ThreadID)
	return r.Email
}

// request returns the question, or validation_failed where its members do not go together. appTools says whether it may
// have tools of the app.
func (b *questionBody) request(appTools bool) (chat.Request, error) {
	if err := checkMembers(b, appTools); err != nil {
		return chat.Request{}, err
	}
	req := chat.Request{Message: b.Message, Mode: chat.ModeDirect, Model: fromAPIModel(b.Model),
		AppTools: mapSlice(b.ClientTools, fromAPIAppTool), Continuation: b.Continuation,
		ToolResults: mapSlice(b.ToolResults, fromAPIResult)}
	if b.ExecutionMode != nil {
		req.Mode = *b.ExecutionMode
	}
	c := b.Context
	if c == nil {
		return req, nil
	}
	c.dropAbsurdTimes()
	req.Timezone = c.Timezone
	req.Context = agent.Context{
		UserProfile:       c.UserProfile,
		RelevantDocuments: c.RelevantDocuments,
		Tasks:             c.RecentTasks,
		TaskComments:      c.TaskComments,
		Projects:          c.Projects,
		Clients:           c.Clients,
		Notes:             c.Notes,
		Checkpoints:       c.Checkpoints,
		Events:            c.Events,
		Emails:            mapSlice(c.Emails, emailRow.email),
		History:           c.ConversationHistory,
	}
	return req, nil
}

// dropAbsurdTimes makes 0 of every time in an absurd year.
func (c *questionContext) dropAbsurdTimes() {
	for i := range c.RecentTasks {
		t := &c.RecentTasks[i]
		rowTimes(&t.DueDate, &t.CreatedAt, &t.CompletedAt)
	}
	for i := range c.TaskComments {
		rowTimes(&c.TaskComments[i].CreatedAt)
	}
	for i := range c.Projects {
		rowTimes(&c.Projects[i].CreatedAt)
	}
	for i := range c.Clients {
		rowTimes(&c.Clients[i].CreatedAt)
	}
	for i := range c.Notes {
		rowTimes(&c.Notes[i].CreatedAt, &c.Notes[i].UpdatedAt)
	}
	for i := range c.Checkpoints {
		rowTimes(&c.Checkpoints[i].Date, &c.Checkpoints[i].CreatedAt)
	}
	for i := range c.Events {
		rowTimes(&c.Events[i].Start, &c.Events[i].End)
	}
	for i := range c.Emails {
		rowTimes(&c.Emails[i].Date)
	}
}

func rowTimes(times ...*int64) {
	for _, t := range times {
		*t = dates.RowTime(*t)
	}
}

// mapSlice applies f to every element. A nil list stays nil.
func mapSlice[A, B any](list []A, f func(A) B) []B {
	if list == nil {
		return nil
	}
	out := make([]B, 0, len(list))
	for _, a := range list {
		out = append(out, f(a))
	}
	return out
}

// zeroIfNil returns what p points to, or the zero value.
func zeroIfNil[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
