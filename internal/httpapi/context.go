package httpapi

import (
	"cmp"

	"github.com/oapi-codegen/nullable"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/dates"
)

// fromAPIChat returns the question, or validation_failed where its members do not go together. appTools says whether it
// may have tools of the app.
func fromAPIChat(in api.ChatRequest, appTools bool) (chat.Request, error) {
	if err := checkMembers(in, appTools); err != nil {
		return chat.Request{}, err
	}
	req := chat.Request{Message: in.Message, Mode: chat.ModeDirect, Model: fromAPIModel(in.Model),
		AppTools: mapSlice(in.ClientTools, fromAPIAppTool), Continuation: in.Continuation,
		ToolResults: mapSlice(in.ToolResults, fromAPIResult)}
	if in.ExecutionMode != nil {
		req.Mode = chat.Mode(*in.ExecutionMode)
	}
	c := in.Context
	if c == nil {
		return req, nil
	}
	req.Timezone = zeroIfNil(c.Timezone)
	req.Context = agent.Context{
		UserProfile:       c.UserProfile,
		RelevantDocuments: c.RelevantDocuments,
		Tasks:             mapSlice(c.RecentTasks, fromAPITask),
		TaskComments:      mapSlice(c.TaskComments, fromAPITaskComment),
		Projects:          mapSlice(c.Projects, fromAPIProject),
		Clients:           mapSlice(c.Clients, fromAPIClient),
		Notes:             mapSlice(c.Notes, fromAPINote),
		Checkpoints:       mapSlice(c.Checkpoints, fromAPICheckpoint),
		Events:            mapSlice(c.Events, fromAPIEvent),
		Emails:            mapSlice(c.Emails, fromAPIEmail),
		History:           mapSlice(c.ConversationHistory, fromAPITurn),
	}
	return req, nil
}

func fromAPITask(r api.TaskRow) agent.Task {
	return agent.Task{
		ID:          zeroIfNil(r.ID),
		ProjectID:   zeroIfNull(r.ProjectID),
		Title:       zeroIfNull(r.Title),
		Description: zeroIfNull(r.Description),
		Status:      zeroIfNull(r.Status),
		Priority:    zeroIfNull(r.Priority),
		Assignee:    zeroIfNull(r.Assignee),
		DueDate:     rowTime(r.DueDate),
		CreatedAt:   rowTime(r.CreatedAt),
		CompletedAt: rowTime(r.CompletedAt),
	}
}

func fromAPITaskComment(r api.TaskCommentRow) agent.TaskComment {
	return agent.TaskComment{
		ID:        zeroIfNil(r.ID),
		TaskID:    zeroIfNull(r.TaskID),
		Content:   zeroIfNull(r.Content),
		CreatedAt: rowTime(r.CreatedAt),
	}
}

func fromAPIProject(r api.ProjectRow) agent.Project {
	return agent.Project{
		ID:        zeroIfNil(r.ID),
		ClientID:  zeroIfNull(r.ClientID),
		Name:      zeroIfNull(r.Name),
		Status:    zeroIfNull(r.Status),
		AISummary: zeroIfNull(r.AiSummary),
		CreatedAt: rowTime(r.CreatedAt),
	}
}

func fromAPIClient(r api.ClientRow) agent.Client {
	return agent.Client{
		ID:        zeroIfNil(r.ID),
		ParentID:  zeroIfNull(r.ParentID),
		Name:      zeroIfNull(r.Name),
		Industry:  zeroIfNull(r.Industry),
		CreatedAt: rowTime(r.CreatedAt),
	}
}

func fromAPINote(r api.NoteRow) agent.Note {
	return agent.Note{
		ID:        zeroIfNil(r.ID),
		ProjectID: zeroIfNull(r.ProjectID),
		Title:     zeroIfNull(r.Title),
		Content:   zeroIfNull(r.Content),
		CreatedAt: rowTime(r.CreatedAt),
		UpdatedAt: rowTime(r.UpdatedAt),
	}
}

func fromAPICheckpoint(r api.CheckpointRow) agent.Checkpoint {
	return agent.Checkpoint{
		ID:            zeroIfNil(r.ID),
		ProjectID:     zeroIfNull(r.ProjectID),
		Title:         zeroIfNull(r.Title),
		Date:          rowTime(r.Date),
		IsAISuggested: zeroIfNull(r.IsAiSuggested),
		IsApproved:    zeroIfNull(r.IsApproved),
		CreatedAt:     rowTime(r.CreatedAt),
	}
}

func fromAPIEvent(r api.EventRow) agent.Event {
	return agent.Event{
		ID:               zeroIfNil(r.ID),
		Title:            zeroIfNull(r.Title),
		Start:            rowTime(r.Start),
		End:              rowTime(r.End),
		Timezone:         zeroIfNull(r.Timezone),
		Attendees:        zeroIfNull(r.Attendees),
		Location:         zeroIfNull(r.Location),
		AllDay:           zeroIfNull(r.AllDay),
		RecurringEventID: zeroIfNull(r.RecurringEventID),
	}
}

func fromAPIEmail(r api.EmailRow) agent.Email {
	return agent.Email{
		ID:       zeroIfNil(r.ID),
		ThreadID: cmp.Or(zeroIfNull(r.ThreadID), zeroIfNull(r.CamelThreadID)),
		From:     zeroIfNull(r.From),
		To:       zeroIfNull(r.To),
		Subject:  zeroIfNull(r.Subject),
		Date:     rowTime(r.Date),
		Snippet:  zeroIfNull(r.Snippet),
		Labels:   zeroIfNull(r.Labels),
	}
}

func fromAPITurn(t api.ConversationTurn) agent.Turn {
	return agent.Turn{Role: string(t.Role), Content: t.Content}
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

// zeroIfNull returns what a nullable member holds, or the zero value where it is null or absent.
func zeroIfNull[T any](n nullable.Nullable[T]) T {
	v, err := n.Get()
	if err != nil {
		var zero T
		return zero
	}
	return v
}

// rowTime returns a column's time in milliseconds, and 0 for null, a column that is left out and an absurd year.
func rowTime(n nullable.Nullable[int64]) int64 { return dates.RowTime(zeroIfNull(n)) }

// zeroIfNil returns what p points to, or the zero value.
func zeroIfNil[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
