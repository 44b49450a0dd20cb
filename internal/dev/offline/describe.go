package offline

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

var resultMark = regexp.MustCompile(`\n\nResult \d+:\n`)

func isSynthesis(c conversation) bool {
	return strings.HasPrefix(c.message, "Request:\n") && resultMark.MatchString(c.message)
}

var planNotice = regexp.MustCompile(`The person's plan (does not include .*; the \w+ plan does\.) Say so`)

// missingFeature returns the sentence that the prompt asks for where the user's plan lacks what the message needs, else
// "".
func missingFeature(c conversation) string {
	notice := planNotice.FindStringSubmatch(c.system)
	if notice == nil {
		return ""
	}
	return "\n\nYour plan " + notice[1]
}

// mergeResults joins the results of a synthesis, without duplicates.
func mergeResults(message string) string {
	var parts []string
	for _, part := range resultMark.Split(message, -1)[1:] {
		if part = strings.TrimSpace(strings.ReplaceAll(part, Notice, "")); part != "" && !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "\n\n")
}

// describeResults describes the results of the tools in sentences.
func describeResults(c conversation) string {
	if len(c.results) == 0 {
		return "I could not tell from the words of your message what to do. Try “create a task 'Call Anna' for " +
			"tomorrow” or “list my open tasks”."
	}
	var parts []string
	onlyRead := len(c.resultsOf("update_task")) == 0 && intent(c.message,
		[]tool{{name: "update_task"}, {name: "list_tasks"}, {name: "create_task"}}) == "update_task"
	for _, r := range c.results {
		switch value := r.value(); {
		case r.failed():
			parts = append(parts, "That did not work: "+strings.TrimSpace(strings.TrimPrefix(r.text, "error:"))+".")
		case value["proposed"] != nil:
			parts = append(parts, describeProposal(c, r, value))
		case r.tool == "list_tasks" && onlyRead:
			parts = append(parts, "I changed nothing: your message does not name exactly one of these tasks "+
				"and a change to it.", describeTasks(value))
		case r.tool == "list_tasks" && len(c.resultsOf("update_task")) > 0:
		case r.tool == "list_tasks":
			parts = append(parts, describeTasks(value))
		case r.tool == "find_rows":
			parts = append(parts, describeRows(value))
		case value != nil:
			parts = append(parts, strings.Join(describeObject(value, 0), "\n"))
		default:
			parts = append(parts, r.text)
		}
	}
	return strings.Join(parts, "\n\n")
}

func textAt(row map[string]any, name string) string {
	text, _ := row[name].(string)
	return text
}

func rowsAt(value map[string]any, name string) []map[string]any {
	list, _ := value[name].([]any)
	var rows []map[string]any
	for _, item := range list {
		if row, ok := item.(map[string]any); ok {
			rows = append(rows, row)
		}
	}
	return rows
}

// describeProposal describes a proposed action in a sentence.
func describeProposal(c conversation, r result, value map[string]any) string {
	data, _ := value["proposed"].(map[string]any)
	title, what := textAt(data, "title"), "Prepared a new task"
	if r.tool == "update_task" {
		what = "Prepared a change of the task"
		for _, l := range c.resultsOf("list_tasks") {
			for _, row := range rowsAt(l.value(), "tasks") {
				if textAt(row, "id") == textAt(data, "id") {
					title = textAt(row, "title")
				}
			}
		}
	}
	var facts []string
	for _, name := range []string{"status", "priority", "assignee"} {
		if text := textAt(data, name); text != "" {
			facts = append(facts, name+" "+strings.ReplaceAll(text, "_", " "))
		}
	}
	if due := textAt(value, "due_local"); due != "" {
		facts = append(facts, "due "+formatLocal(due))
	} else if _, cleared := data["dueDate"]; cleared {
		facts = append(facts, "no due date")
	}
	text := strings.TrimSuffix(fmt.Sprintf("%s “%s”: %s", what, title, strings.Join(facts, ", ")), ": ") + "."
	if textAt(value, "note") != "" {
		text += " An open task with this title exists already."
	}
	return text
}

// formatLocal formats an RFC 3339 time as a day, with the time of day unless that is the start or the end of the day.
func formatLocal(local string) string {
	t, err := time.Parse(time.RFC3339, local)
	if err != nil {
		return local
	}
	if clock := t.Format("15:04"); clock != "23:59" && clock != "00:00" {
		return t.Format("Monday 2 January 2006 at 15:04")
	}
	return t.Format("Monday 2 January 2006")
}

// describeTasks describes the result of list_tasks.
func describeTasks(value map[string]any) string {
	rows := rowsAt(value, "tasks")
	total, _ := value["total"].(float64)
	if len(rows) == 0 {
		return "There are no such tasks."
	}
	lines := []string{fmt.Sprintf("Tasks found: %d.", int(total))}
	for _, row := range rows {
		facts := []string{strings.ReplaceAll(textAt(row, "status"), "_", " ")}
		if p := textAt(row, "priority"); p != "" {
			facts = append(facts, p+" priority")
		}
		if due := textAt(row, "due_local"); due != "" {
			facts = append(facts, "due "+formatLocal(due))
		}
		if row["overdue"] == true {
			facts = append(facts, "overdue")
		}
		lines = append(lines, "- "+textAt(row, "title")+" ("+strings.Join(facts, ", ")+")")
	}
	return strings.Join(lines, "\n")
}

// describeRows describes the result of find_rows: a line for each row.
func describeRows(value map[string]any) string {
	rows := rowsAt(value, "rows")
	if len(rows) == 0 {
		return "Nothing like that is in your workspace."
	}
	total, _ := value["total"].(float64)
	lines := []string{fmt.Sprintf("Rows found: %d.", int(total))}
	for _, row := range rows {
		title := ""
		for _, name := range []string{"title", "name", "subject", "content"} {
			if title = textAt(row, name); title != "" {
				break
			}
		}
		if table := textAt(row, "table"); table != "" {
			title += " (" + table + ")"
		}
		lines = append(lines, "- "+title)
	}
	return strings.Join(lines, "\n")
}

// describeObject describes a JSON object in lines, without ids and milliseconds.
func describeObject(value map[string]any, depth int) []string {
	var lines []string
	indent := strings.Repeat("  ", depth)
	for _, name := range slices.Sorted(maps.Keys(value)) {
		if name == "id" || strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "Id") ||
			strings.HasSuffix(name, "_ms") || depth > 4 {
			continue
		}
		label := indent + "- " + strings.ReplaceAll(name, "_", " ") + ":"
		switch v := value[name].(type) {
		case map[string]any:
			lines = append(append(lines, label), describeObject(v, depth+1)...)
		case []any:
			lines = append(lines, label+fmt.Sprintf(" %d", len(v)))
			for _, item := range v {
				if row, ok := item.(map[string]any); ok {
					lines = append(lines, describeObject(row, depth+1)...)
				} else {
					lines = append(lines, indent+"  - "+formatValue(item))
				}
			}
		case nil:
		default:
			lines = append(lines, label+" "+formatValue(v))
		}
	}
	return lines
}

func formatValue(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(text)
}
