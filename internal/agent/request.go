package agent

import (
	"time"

	"github.com/adiuva/cloud-api/internal/dates"
)

// Context is what the client sent with one message: rows of its own database and facts about the user. It is used for
// one request only. Times are milliseconds since the epoch; 0 means that the row has none.
type Context struct {
	UserProfile       map[string]any
	RelevantDocuments []string // the vector-store context: what the client's own search found for the message
	Tasks             []Task   // recent_tasks in the API
	TaskComments      []TaskComment
	Projects          []Project
	Clients           []Client
	Notes             []Note
	Checkpoints       []Checkpoint
	Events            []Event
	Emails            []Email
	History           []Turn
	Location          *time.Location // the caller's zone; nil means UTC
	Now               time.Time      // when the request arrived
}

// Zone returns the caller's time zone, UTC when the request named none.
func (c Context) Zone() *time.Location {
	if c.Location == nil {
		return time.UTC
	}
	return c.Location
}

// LocalNow returns the time of the request in the caller's time zone.
func (c Context) LocalNow() time.Time { return c.Now.In(c.Zone()) }

// ParseDate reads a date or time in the caller's time zone, as dates.Parse does.
func (c Context) ParseDate(text string) (dates.Date, error) { return dates.Parse(text, c.LocalNow()) }

// Day returns the calendar day, in the caller's zone, that a time in milliseconds stands for, and false for a time of
// day. Date pickers write a date without a time as the start of the local day or as midnight in UTC; we write the last
// millisecond of the day.
func (c Context) Day(ms int64) (dates.Date, bool) {
	t := time.UnixMilli(ms)
	if utc := t.UTC(); utc.Equal(dates.StartOfDay(utc)) {
		return dates.Day(utc, c.Zone()), true
	}
	t = t.In(c.Zone())
	day := dates.Day(t, c.Zone())
	return day, t.Equal(day.Start) || t.Equal(day.End())
}

// Due returns the last instant at which a task with that dueDate, in milliseconds, is on time: the end of the day when
// the dueDate stands for a day.
func (c Context) Due(ms int64) time.Time {
	if day, ok := c.Day(ms); ok {
		return day.End()
	}
	return time.UnixMilli(ms).In(c.Zone())
}

// Overdue reports whether the task is open and its due date has passed.
func (c Context) Overdue(t Task) bool {
	return !t.Done() && t.DueDate != 0 && c.Due(t.DueDate).Before(c.Now)
}

// Local returns a time in milliseconds as RFC 3339 in the caller's time zone, or "" for 0.
func (c Context) Local(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).In(c.Zone()).Format(time.RFC3339)
}

// LocalDue returns the dueDate of a task, or the date of a checkpoint, as models read it: the day, YYYY-MM-DD, or else
// the local time as dates.Format writes it. It returns "" for 0.
func (c Context) LocalDue(ms int64) string {
	if ms == 0 {
		return ""
	}
	if day, ok := c.Day(ms); ok {
		return day.Start.Format(time.DateOnly)
	}
	return dates.Format(time.UnixMilli(ms).In(c.Zone()))
}

// Turn is an earlier message of the conversation. Role is "user" or "assistant".
type Turn struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Task is a row of the client's tasks. Status is todo, in_progress or done; Priority is low, medium, high or urgent.
type Task struct {
	ID          string `json:"id"`
	ProjectID   string `json:"projectId,omitempty"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Status      string `json:"status,omitempty"`
	Priority    string `json:"priority,omitempty"`
	Assignee    string `json:"assignee,omitempty"`
	DueDate     int64  `json:"dueDate,omitempty"`
	CreatedAt   int64  `json:"createdAt,omitempty"`
	CompletedAt int64  `json:"completedAt,omitempty"`
}

// Done reports whether the task is finished. Every other status is open.
func (t Task) Done() bool { return t.Status == "done" }

// TaskComment is a row of the client's comments on tasks.
type TaskComment struct {
	ID        string `json:"id"`
	TaskID    string `json:"taskId,omitempty"`
	Content   string `json:"content"`
	CreatedAt int64  `json:"createdAt,omitempty"`
}

// Project is a row of the client's projects.
type Project struct {
	ID        string `json:"id"`
	ClientID  string `json:"clientId,omitempty"`
	Name      string `json:"name"`
	Status    string `json:"status,omitempty"`
	AISummary string `json:"aiSummary,omitempty"`
	CreatedAt int64  `json:"createdAt,omitempty"`
}

// Client is a row of the client's clients, which are the user's customers.
type Client struct {
	ID        string `json:"id"`
	ParentID  string `json:"parentId,omitempty"`
	Name      string `json:"name"`
	Industry  string `json:"industry,omitempty"`
	CreatedAt int64  `json:"createdAt,omitempty"`
}

// Note is a row of the client's notes.
type Note struct {
	ID        string `json:"id"`
	ProjectID string `json:"projectId,omitempty"`
	Title     string `json:"title,omitempty"`
	Content   string `json:"content"`
	CreatedAt int64  `json:"createdAt,omitempty"`
	UpdatedAt int64  `json:"updatedAt,omitempty"`
}

// Checkpoint is a row of the client's checkpoints.
type Checkpoint struct {
	ID            string `json:"id"`
	ProjectID     string `json:"projectId,omitempty"`
	Title         string `json:"title"`
	Date          int64  `json:"date,omitempty"`
	IsAISuggested bool   `json:"isAiSuggested,omitempty"`
	IsApproved    bool   `json:"isApproved,omitempty"`
	CreatedAt     int64  `json:"createdAt,omitempty"`
}

// Event is the metadata of a calendar event.
type Event struct {
	ID        string   `json:"id"`
	Title     string   `json:"title"`
	Start     int64    `json:"start"`
	End       int64    `json:"end"`
	Timezone  string   `json:"timezone,omitempty"`
	Attendees []string `json:"attendees,omitempty"`
	Location  string   `json:"location,omitempty"`
	// AllDay is true for an event that the client calls all-day. Without it, times at midnight mean the same.
	AllDay bool `json:"allDay,omitempty"`
	// RecurringEventID is the same for all events of a series. They may share ID too; Start then tells them apart.
	RecurringEventID string `json:"recurringEventId,omitempty"`
}

// Email is the metadata of an e-mail; bodies never leave the client.
type Email struct {
	ID       string   `json:"id"`
	ThreadID string   `json:"threadId,omitempty"`
	From     string   `json:"from,omitempty"`
	To       []string `json:"to,omitempty"`
	Subject  string   `json:"subject,omitempty"`
	Date     int64    `json:"date,omitempty"`
	Snippet  string   `json:"snippet,omitempty"`
	Labels   []string `json:"labels,omitempty"`
}
