package offline

import (
	"slices"
	"strings"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/dev/offline/answering"
	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
	"github.com/adiuva/cloud-api/internal/fold"
)

// planCalls returns the outline of a plan that fits the message. It returns false where no outlines are offered, or
// where the message asks for a change that a tool prepares at once.
func (m *Model) planCalls(c conversation, message reading.Message, tools []tool) ([]llms.ToolCall, bool) {
	var outlines []tool
	for _, t := range tools {
		if strings.HasPrefix(t.name, "plan_") && t.schema.Properties["filter"] != nil {
			outlines = append(outlines, t)
		}
	}
	if len(outlines) == 0 {
		return nil, false
	}
	first := message.Clauses[0]
	dated := first.HasAny("day|clock")
	direct := []string{"remind", "create_note", "create_project", "create_client", "create_checkpoint",
		"create_comment", "create_event", "append", "delete", "reply", "approve"}
	several := first.Several() || len(message.Clauses) > 1
	one := first.Intent == "create_task" && !several ||
		slices.Contains([]string{"change", "move"}, first.Intent) && !several
	if slices.Contains(direct, first.Intent) && (first.Intent != "create_event" || dated) || one {
		return nil, false
	}
	if len(c.results) > 0 {
		return nil, true
	}
	name := outlineFor(message, outlines)
	arguments := map[string]any{}
	if strings.Contains(name, "review") || strings.Contains(name, "task_summary") {
		if status := statusFilter(first); status != "" {
			arguments["filter"] = map[string]any{"status": status}
		}
	}
	return toolCalls([]answering.Call{{Tool: name, Arguments: arguments}}), true
}

// statusFilter returns the status of the rows that the clause speaks of, or "".
func statusFilter(c reading.Clause) string {
	switch {
	case c.Has("progress"):
		return "in_progress"
	case c.Has("done"):
		return "done"
	case c.HasAny("open|todo"):
		return "todo"
	}
	return ""
}

// outlineFor returns the outline that fits the message best: by its kind, or else by the words in common with its name
// and description.
func outlineFor(message reading.Message, outlines []tool) string {
	first := &message.Clauses[0]
	has := func(concepts string) bool {
		return slices.ContainsFunc(message.Clauses, func(c reading.Clause) bool { return c.HasAny(concepts) })
	}
	kinds := []string{"summary", "analysis"}
	switch {
	case first.Intent == "email_tasks" || first.Has("email") && first.HasAny("task|convert"):
		kinds = []string{"email_tasks"}
	case first.Intent == "report" && first.HasAny("note|create|set"):
		kinds = []string{"report_note"}
	case first.Has("move") || has("conflict") && !first.HasAny("question|show"):
		kinds = []string{"reschedule", "review"}
	case first.Intent == "create_task" || first.HasAny("convert") || first.StartsWith("create", "duty"):
		kinds = []string{"new_tasks"}
	case first.StartsWith("set", "finish", "assign", "begin", "reopen", "cleanup"), first.Intent == "change",
		has("priority"):
		kinds = []string{"review"}
	}
	for _, kind := range kinds {
		for _, o := range outlines {
			if strings.HasSuffix(o.name, kind) {
				return o.name
			}
		}
	}
	best, most := outlines[0].name, -1
	for _, o := range outlines {
		if n := sharedWords(first.Text, strings.ReplaceAll(o.name, "_", " ")+" "+o.description); n > most {
			best, most = o.name, n
		}
	}
	return best
}

// sharedWords returns how many words of more than three letters the texts have in common.
func sharedWords(a, b string) int {
	between := func(r rune) bool { return strings.ContainsRune(" ,.;:?!()'", r) }
	words := strings.FieldsFunc(fold.Line(b), between)
	n := 0
	for _, w := range strings.FieldsFunc(fold.Line(a), between) {
		if len(w) > 3 && slices.Contains(words, w) {
			n++
		}
	}
	return n
}
