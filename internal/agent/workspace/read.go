package workspace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fold"
)

// maxComments limits the comments shown with a task; the newest are shown.
const maxComments = 20

type readInput struct {
	Table  string `json:"table"`
	ID     string `json:"id" desc:"Or its exact title"`
	Start  string `json:"start,omitempty" desc:"If events share the id"`
	Column string `json:"column,omitempty" desc:"Text to read on"`
	From   int    `json:"from,omitempty" desc:"Character"`
}

func (w *workspace) readRow(ctx context.Context, run *agent.Run, in readInput) (string, error) {
	t, err := w.table(in.Table)
	if err != nil {
		return "", err
	}
	r, err := w.find(ctx, run, t, in.ID, in.Start)
	if err != nil {
		return "", err
	}
	if in.Column != "" || in.From > 0 {
		return readOn(ctx, run, r, in)
	}
	if err := run.Work(ctx, 1+r.bytes(run.Context)/readStepBytes); err != nil {
		return "", err
	}
	row := w.show(run, r, piece, nil)
	if t.name == "tasks" {
		if err := w.addComments(ctx, run, &row, r.id(run.Context)); err != nil {
			return "", err
		}
	}
	return agent.JSON(row)
}

// readStepBytes is how many bytes of text are counted and cut in about the time that a row takes.
const readStepBytes = 256

// bytes returns the length of the texts of the row.
func (r ref) bytes(c agent.Context) int {
	n := 0
	for i := range r.columns {
		text, _ := r.value(c, r.row, i).(string)
		n += len(text)
	}
	return n
}

// readOn returns a piece of one long text.
func readOn(ctx context.Context, run *agent.Run, r ref, in readInput) (string, error) {
	i := r.named(in.Column)
	if in.Column == "" {
		i = longest(run.Context, r)
	}
	if i < 0 || r.columns[i].Type != action.Text {
		return "", fmt.Errorf("%s has no text %q; it has %s", r.name, agent.Truncate(in.Column, 80), r.columnNames())
	}
	text, _ := r.value(run.Context, r.row, i).(string)
	if err := run.Work(ctx, 1+len(text)/readStepBytes); err != nil {
		return "", err
	}
	length := utf8.RuneCountInString(text)
	from := max(in.From, 0)
	if from > 0 && from >= length {
		return "", fmt.Errorf("%s ends at character %d", r.columns[i].Name, length)
	}
	rest := text
	for range from {
		_, size := utf8.DecodeRuneInString(rest)
		rest = rest[size:]
	}
	out := object{{"id", agent.Truncate(r.id(run.Context), maxMember)}, {"column", r.columns[i].Name}, {"from", from},
		{"length", length}}
	if from+piece < length {
		out.add("next_from", from+piece)
	}
	out.add("text", agent.Truncate(rest, piece))
	return agent.JSON(out)
}

// longest returns the position of the row's longest text column.
func longest(c agent.Context, r ref) int {
	best, size := -1, -1
	for i, column := range r.columns {
		if text, ok := r.value(c, r.row, i).(string); ok && column.Type == action.Text && len(text) > size {
			best, size = i, len(text)
		}
	}
	return best
}

// addComments adds the newest comments on a task, oldest first.
func (w *workspace) addComments(ctx context.Context, run *agent.Run, row *object, task string) error {
	var comments []agent.TaskComment
	for _, comment := range run.Context.TaskComments {
		if err := run.Work(ctx, 1); err != nil {
			return err
		}
		if comment.TaskID == task && task != "" {
			comments = append(comments, comment)
		}
	}
	if len(comments) == 0 {
		return nil
	}
	slices.SortStableFunc(comments, func(a, b agent.TaskComment) int { return int(sign(a.CreatedAt - b.CreatedAt)) })
	shown := []object{}
	for _, comment := range comments[max(0, len(comments)-maxComments):] {
		one := object{{"id", agent.Truncate(comment.ID, maxMember)}}
		if at := localTime(run.Context, comment.CreatedAt, "createdAt"); at != "" {
			one.add("createdAt", at)
		}
		one.add("content", around(comment.Content, excerpt, nil))
		shown = append(shown, one)
	}
	row.add("comments", len(comments))
	row.add("newestComments", shown)
	return nil
}

func sign(n int64) int64 { return min(max(n, -1), 1) }

type overviewInput struct {
	Project string `json:"project,omitempty" desc:"Id or name; left out: all"`
}

var errNoProjects = errors.New("the request has no projects; read the tasks instead")

func (w *workspace) projectOverview(ctx context.Context, run *agent.Run, in overviewInput) (string, error) {
	t, err := w.table("projects")
	if err != nil {
		return "", err
	}
	if t.size(run.Context) == 0 {
		return "", errNoProjects
	}
	if in.Project == "" {
		return w.allProjects(ctx, run)
	}
	r, err := w.findProject(ctx, run, t, in.Project)
	if err != nil {
		return "", err
	}
	return w.oneProject(ctx, run, run.Context.Projects[r.row])
}

// findProject is find, but also takes a part of a name that only one project has.
func (w *workspace) findProject(ctx context.Context, run *agent.Run, t *table, name string) (ref, error) {
	r, err := w.find(ctx, run, t, name, "")
	if err == nil {
		return r, nil
	}
	rows, findErr := w.containing(ctx, run, t, fold.Line(name))
	if findErr != nil {
		return ref{}, findErr
	}
	switch len(rows) {
	case 0:
		return ref{}, err
	case 1:
		return ref{t, rows[0]}, nil
	}
	return ref{}, fmt.Errorf("%d projects have %q in their name: %s; ask the person which one they mean", len(rows),
		agent.Truncate(name, 80), w.list(run, t, rows))
}
