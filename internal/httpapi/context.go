package httpapi

import (
	"github.com/oapi-codegen/nullable"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
)

func fromAPIChat(in api.ChatRequest) chat.Request {
	req := chat.Request{Message: in.Message, Mode: chat.ModeDirect}
	if in.ExecutionMode != nil {
		req.Mode = chat.Mode(*in.ExecutionMode)
	}
	c := in.Context
	if c == nil {
		return req
	}
	req.Timezone = deref(c.Timezone)
	req.Context = agent.Context{
		UserProfile: c.UserProfile, RelevantDocuments: c.RelevantDocuments,
		Tasks: each(c.RecentTasks, fromAPITask), Projects: each(c.Projects, fromAPIProject), Clients: each(c.Clients, fromAPIClient),
		Notes: each(c.Notes, fromAPINote), Checkpoints: each(c.Checkpoints, fromAPICheckpoint), Events: each(c.Events, fromAPIEvent),
		Emails: each(c.Emails, fromAPIEmail), History: each(c.ConversationHistory, fromAPITurn),
	}
	return req
}

func fromAPITask(r api.TaskRow) agent.Task {
	return agent.Task{ID: deref(r.ID), ProjectID: value(r.ProjectID), Title: value(r.Title), Description: value(r.Description),
		Status: value(r.Status), Priority: value(r.Priority), Assignee: value(r.Assignee), DueDate: value(r.DueDate),
		CreatedAt: value(r.CreatedAt), CompletedAt: value(r.CompletedAt)}
}

func fromAPIProject(r api.ProjectRow) agent.Project {
	return agent.Project{ID: deref(r.ID), ClientID: value(r.ClientID), Name: value(r.Name), Status: value(r.Status),
		AISummary: value(r.AiSummary)}
}

func fromAPIClient(r api.ClientRow) agent.Client {
	return agent.Client{ID: deref(r.ID), ParentID: value(r.ParentID), Name: value(r.Name), Industry: value(r.Industry)}
}

func fromAPINote(r api.NoteRow) agent.Note {
	return agent.Note{ID: deref(r.ID), ProjectID: value(r.ProjectID), Title: value(r.Title), Content: value(r.Content)}
}

func fromAPICheckpoint(r api.CheckpointRow) agent.Checkpoint {
	return agent.Checkpoint{ID: deref(r.ID), ProjectID: value(r.ProjectID), Title: value(r.Title), Date: value(r.Date),
		IsAISuggested: value(r.IsAiSuggested), IsApproved: value(r.IsApproved)}
}

func fromAPIEvent(r api.EventRow) agent.Event {
	return agent.Event{ID: deref(r.ID), Title: value(r.Title), Start: value(r.Start), End: value(r.End),
		Timezone: value(r.Timezone), Attendees: r.Attendees, Location: value(r.Location)}
}

func fromAPIEmail(r api.EmailRow) agent.Email {
	return agent.Email{ID: deref(r.ID), ThreadID: value(r.ThreadID), From: value(r.From), To: r.To, Subject: value(r.Subject),
		Date: value(r.Date), Snippet: value(r.Snippet), Labels: r.Labels}
}

func fromAPITurn(t api.ConversationTurn) agent.Turn {
	return agent.Turn{Role: string(t.Role), Content: t.Content}
}

// each maps a list, keeping nil.
func each[A, B any](list []A, f func(A) B) []B {
	if list == nil {
		return nil
	}
	out := make([]B, 0, len(list))
	for _, a := range list {
		out = append(out, f(a))
	}
	return out
}

// value is what a nullable member holds, or its zero.
func value[T any](n nullable.Nullable[T]) T {
	v, err := n.Get()
	if err != nil {
		var zero T
		return zero
	}
	return v
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
