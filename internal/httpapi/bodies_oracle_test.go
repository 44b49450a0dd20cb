package httpapi

import (
	"cmp"

	"github.com/oapi-codegen/nullable"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/dates"
)

// The way of a question's body through the types of package api, which hold what is null and what is left out. Tests
// compare the reader of bodies with it.

// fromAPIChat returns the question in a body that package api holds.
func fromAPIChat(in api.ChatRequest) chat.Request {
	req := chat.Request{Message: in.Message, Mode: chat.ModeDirect, Model: fromAPIModel(in.Model),
		AppTools: mapSlice(in.ClientTools, fromAPIAppTool), Continuation: in.Continuation,
		ToolResults: mapSlice(in.ToolResults, fromAPIResult)}
	if in.ExecutionMode != nil {
		req.Mode = chat.Mode(*in.ExecutionMode)
	}
	c := in.Context
	if c == nil {
		return req
	}
	req.Timezone = zeroIfNil(c.Timezone)
	req.Context = agent.Context{
		UserProfile:       c.UserProfile,
		RelevantDocuments: c.RelevantDocuments,
		Tasks:             mapSlice(c.RecentTasks, oldTask),
		TaskComments:      mapSlice(c.TaskComments, oldTaskComment),
		Projects:          mapSlice(c.Projects, oldProject),
		Clients:           mapSlice(c.Clients, oldClient),
		Notes:             mapSlice(c.Notes, oldNote),
		Checkpoints:       mapSlice(c.Checkpoints, oldCheckpoint),
		Events:            mapSlice(c.Events, oldEvent),
		Emails:            mapSlice(c.Emails, oldEmail),
		History:           mapSlice(c.ConversationHistory, fromAPITurn),
	}
	return req
}

func oldTask(r api.TaskRow) agent.Task {
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

func oldTaskComment(r api.TaskCommentRow) agent.TaskComment {
	return agent.TaskComment{
		ID:        zeroIfNil(r.ID),
		TaskID:    zeroIfNull(r.TaskID),
		Content:   zeroIfNull(r.Content),
		CreatedAt: rowTime(r.CreatedAt),
	}
}

func oldProject(r api.ProjectRow) agent.Project {
	return agent.Project{
		ID:        zeroIfNil(r.ID),
		ClientID:  zeroIfNull(r.ClientID),
		Name:      zeroIfNull(r.Name),
		Status:    zeroIfNull(r.Status),
		AISummary: zeroIfNull(r.AiSummary),
		CreatedAt: rowTime(r.CreatedAt),
	}
}

func oldClient(r api.ClientRow) agent.Client {
	return agent.Client{
		ID:        zeroIfNil(r.ID),
		ParentID:  zeroIfNull(r.ParentID),
		Name:      zeroIfNull(r.Name),
		Industry:  zeroIfNull(r.Industry),
		CreatedAt: rowTime(r.CreatedAt),
	}
}

func oldNote(r api.NoteRow) agent.Note {
	return agent.Note{
		ID:        zeroIfNil(r.ID),
		ProjectID: zeroIfNull(r.ProjectID),
		Title:     zeroIfNull(r.Title),
		Content:   zeroIfNull(r.Content),
		CreatedAt: rowTime(r.CreatedAt),
		UpdatedAt: rowTime(r.UpdatedAt),
	}
}

func oldCheckpoint(r api.CheckpointRow) agent.Checkpoint {
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

func oldEvent(r api.EventRow) agent.Event {
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

func oldEmail(r api.EmailRow) agent.Email {
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

// zeroIfNull returns what a nullable member holds, or the zero value where it is null or absent.
func zeroIfNull[T any](n nullable.Nullable[T]) T {
	v, err := n.Get()
	if err != nil {
		var zero T
		return zero
	}
	return v
}

// rowTime returns a column's time, and 0 for null, a column that is left out and an absurd year.
func rowTime(n nullable.Nullable[int64]) int64 { return dates.RowTime(zeroIfNull(n)) }
