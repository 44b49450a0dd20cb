package offline

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// recordsMark comes before the records in the message of a step.
const recordsMark = "\nRecords:\n"

func isStep(c conversation) bool {
	return strings.Contains(c.message, recordsMark) && stepDate.MatchString(c.system)
}

var (
	stepDate = regexp.MustCompile(`Today is \d{4}-\d{2}-\d{2} \(\w+\),(?: time zone (\S+),)? (-?\d+) in ` +
		`milliseconds\.$`)
	separator    = regexp.MustCompile(`(?i)\s*(?:;|\n|,|\band\b|\bund\b)\s*`)
	requestWords = regexp.MustCompile(`(?i)\b(?:please|can you|could you|need|must|send|confirm|review|reply|sign` +
		`|pay|deadline|urgent|bitte|\?)`)
)

// stepAnswer answers a plan's step: with records as a JSON array when the step names columns, else with text.
func stepAnswer(c conversation) string {
	i := strings.LastIndex(c.message, recordsMark)
	var rows []map[string]any
	_ = json.Unmarshal([]byte(c.message[i+len(recordsMark):]), &rows) // without readable records there are none
	columns := parseColumns(c.system)
	if len(columns) == 0 {
		return withNotice(summarize(rows))
	}
	now, _ := strconv.ParseInt(stepDate.FindStringSubmatch(c.system)[2], 10, 64)
	records := []map[string]any{}
	if slices.Contains(columns, "id") {
		records = append(records, changedRecords(rows, columns, now)...)
	} else if slices.Contains(columns, "title") {
		records = append(records, newRecords(c, variable(c.message[:i], "request"), rows)...)
	}
	for _, r := range records {
		for _, name := range columns {
			if _, ok := r[name]; !ok {
				r[name] = nil
			}
		}
	}
	text, err := json.Marshal(records)
	if err != nil {
		return "[]"
	}
	return string(text)
}

// parseColumns returns the columns at the end of the paragraph that asks for an array.
func parseColumns(system string) []string {
	paragraphs := strings.Split(system, "\n\n")
	if len(paragraphs) < 2 || !strings.Contains(paragraphs[len(paragraphs)-2], "JSON array") {
		return nil
	}
	asked := paragraphs[len(paragraphs)-2]
	return strings.Split(strings.TrimSpace(asked[strings.LastIndexByte(asked, ':')+1:]), ", ")
}

// variable returns the value of a variable in the head of a step's message.
func variable(head, name string) string {
	_, rest, _ := strings.Cut("\n"+head, "\n"+name+": ")
	return strings.TrimSpace(rest)
}

// newRecords returns a new row for each record that asks for something or, without records, for each part of the
// request.
func newRecords(c conversation, request string, rows []map[string]any) []map[string]any {
	var out []map[string]any
	for _, row := range rows {
		text := textAt(row, "subject") + textAt(row, "title") + "\n" + textAt(row, "snippet") + textAt(row, "content")
		if requestWords.MatchString(text) {
			first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
			out = append(out, map[string]any{"title": toTitle("Handle " + first), "priority": "medium"})
		}
	}
	if len(rows) > 0 || request == "" {
		return out
	}
	titles, rest := cutQuoted(request)
	priority, rest := cutPriority(rest)
	if priority == "" {
		priority = "medium"
	}
	due, rest := cutDue(rest, c.today)
	if len(titles) == 0 {
		if title := findTitle(rest); title != "" {
			rest = title
		}
		titles = separator.Split(rest, -1)
	}
	for _, title := range titles[:min(len(titles), 50)] {
		if title = toTitle(title); title != "" {
			record := map[string]any{"title": title, "priority": priority}
			if day, err := time.Parse(time.DateOnly, due); err == nil {
				next := time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, zoneOf(c))
				record["dueDate"] = next.UnixMilli() - 1
			}
			out = append(out, record)
		}
	}
	return out
}

// zoneOf returns the user's time zone, or UTC when the step does not name a known one.
func zoneOf(c conversation) *time.Location {
	if m := stepDate.FindStringSubmatch(c.system); m != nil {
		if zone, err := time.LoadLocation(m[1]); err == nil {
			return zone
		}
	}
	return time.UTC
}

// changedRecords returns the rows that change: overdue tasks get a new due date, e-mails a label.
func changedRecords(rows []map[string]any, columns []string, now int64) []map[string]any {
	var out []map[string]any
	for _, row := range rows {
		due, _ := row["dueDate"].(float64)
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
		case slices.Contains(columns, "dueDate") && due > 0 && int64(due) < now && textAt(row, "status") != "done":
			const day = 24 * 60 * 60 * 1000
			record := map[string]any{"id": row["id"], "dueDate": (now/day+3)*day - 1, "priority": row["priority"]}
			if slices.Contains(columns, "status") {
				record["status"] = row["status"]
			}
			out = append(out, record)
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
