package offline

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/dev/offline/answering"
)

// What comes before the facts and before the records in the message of a step.
const (
	factsMark   = "\nComputed from the records:\n"
	recordsMark = "\nRecords:\n"
)

func isStep(c conversation) bool {
	return strings.Contains(c.message, recordsMark) && stepDate.MatchString(c.system)
}

var (
	stepDate = regexp.MustCompile(`Today is (\d{4}-\d{2}-\d{2}) \(\w+\), time zone (\S+)\. ` +
		`The local time is (\d{2}:\d{2})\.$`)
	column       = regexp.MustCompile(`(?m)^- (\w+)(?: \(always\))?: `)
	requestWords = regexp.MustCompile(`(?i)\b(?:please|can you|could you|need|must|send|confirm|review|reply|sign` +
		`|pay|deadline|urgent|bitte|\?)`)
)

// stepAnswer answers a plan's step: with records as JSON when the step names their members, else with text.
func (m *Model) stepAnswer(c conversation) string {
	i := strings.LastIndex(c.message, recordsMark)
	var rows []map[string]any
	_ = json.Unmarshal([]byte(c.message[i+len(recordsMark):]), &rows) // without readable records there are none
	columns := parseColumns(c.system)
	if len(columns) == 0 {
		return withNotice(summarize(rows))
	}
	records := []map[string]any{}
	if slices.Contains(columns, "start") {
		records = append(records, movedEvents(c.message[:i])...)
	} else if slices.Contains(columns, "id") {
		records = append(records, changedRecords(rows, columns, c)...)
	} else if slices.Contains(columns, "title") {
		records = append(records, m.newRecords(c, variable(c.message[:i], "request"), rows)...)
	}
	text, err := json.Marshal(map[string]any{"records": records})
	if err != nil {
		return `{"records":[]}`
	}
	return string(text)
}

// parseColumns returns the members that the paragraph about records lists.
func parseColumns(system string) (names []string) {
	paragraphs := strings.Split(system, "\n\n")
	if len(paragraphs) < 2 || !strings.Contains(paragraphs[len(paragraphs)-2], `{"records": [`) {
		return nil
	}
	for _, m := range column.FindAllStringSubmatch(paragraphs[len(paragraphs)-2], -1) {
		names = append(names, m[1])
	}
	return names
}

// variable returns the value of a variable in the head of a step's message.
func variable(head, name string) string {
	_, rest, _ := strings.Cut("\n"+head, "\n"+name+": ")
	return strings.TrimSpace(rest)
}

// newRecords returns a new row for each record that asks for something or, without records, for each part of the
// request.
func (m *Model) newRecords(c conversation, request string, rows []map[string]any) []map[string]any {
	var out []map[string]any
	for _, row := range rows {
		text := textAt(row, "subject") + textAt(row, "title") + "\n" + textAt(row, "snippet") + textAt(row, "content")
		if requestWords.MatchString(text) {
			first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
			out = append(out, map[string]any{"title": "Handle " + first, "priority": "medium"})
		}
	}
	if len(rows) > 0 || request == "" {
		return out
	}
	return answering.NewTasks(m.reader.Read(request, "", nil, c.today))
}

func textAt(row map[string]any, name string) string {
	text, _ := row[name].(string)
	return text
}

// movedEvents returns for each conflict in the step's facts the event that moves, at the first of its free times.
func movedEvents(head string) (out []map[string]any) {
	var facts struct {
		Conflicts []struct {
			Move string `json:"id_to_move"`
			Free []struct{ Start, End string }
		}
	}
	_, text, _ := strings.Cut(head, factsMark)
	_ = json.Unmarshal([]byte(strings.TrimSpace(text)), &facts) // without readable facts nothing moves
	for _, c := range facts.Conflicts {
		if len(c.Free) > 0 {
			out = append(out, map[string]any{"id": c.Move, "start": c.Free[0].Start, "end": c.Free[0].End})
		}
	}
	return out
}

// changedRecords returns the rows that change: overdue tasks are due in two days, e-mails get a label.
func changedRecords(rows []map[string]any, columns []string, c conversation) []map[string]any {
	m := stepDate.FindStringSubmatch(c.system)
	now := m[1] + "T" + m[3]
	var out []map[string]any
	for _, row := range rows {
		due := textAt(row, "dueDate")
		overdue := due != "" && due < now && due != m[1] // days and times compare as text
		switch {
		case textAt(row, "id") == "":
		case slices.Contains(columns, "labels"):
			label := "information"
			if requestWords.MatchString(textAt(row, "subject") + " " + textAt(row, "snippet")) {
				label = "action"
			}
			labels, _ := row["labels"].([]any)
			if !slices.Contains(labels, any(label)) {
				labels = append(labels, label)
			}
			out = append(out, map[string]any{"id": row["id"], "labels": labels})
		case slices.Contains(columns, "dueDate") && overdue && textAt(row, "status") != "done":
			out = append(out, map[string]any{"id": row["id"], "priority": row["priority"],
				"dueDate": c.today.AddDate(0, 0, 2).Format(time.DateOnly)})
		}
	}
	return out
}

func summarize(rows []map[string]any) string {
	if len(rows) == 0 {
		return "There are no records to write about."
	}
	lines := []string{"Records: " + strconv.Itoa(len(rows)) + "."}
	for _, row := range rows {
		name := textAt(row, "title") + textAt(row, "subject") + textAt(row, "name")
		if status := textAt(row, "status"); status != "" {
			name += " (" + strings.ReplaceAll(status, "_", " ") + ")"
		}
		lines = append(lines, "- "+name)
	}
	return strings.Join(lines, "\n")
}
