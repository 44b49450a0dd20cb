package llmtest

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// choose picks the tool call that the message asks for; no name when none fits.
func choose(r Request, message, system string) (name, arguments string) {
	low := strings.ToLower(message)
	switch {
	case creates.MatchString(low) && r.offers("create_task"):
		return "create_task", object(
			"title", taskTitle(message), "priority", priority.FindString(low), "due_date", dueDate(low, today(system)))
	case lists.MatchString(low) && r.offers("list_tasks"):
		status := ""
		if strings.Contains(low, "open") {
			status = "open"
		}
		return "list_tasks", `{"filters":` + object("status", status, "priority", priority.FindString(low)) + `}`
	}
	return "", ""
}

var (
	creates  = regexp.MustCompile(`\b(create|add|make|remind me|new task)\b`)
	lists    = regexp.MustCompile(`\b(list|show|which|what|read)\b.*\b(tasks?|to-?dos?)\b`)
	priority = regexp.MustCompile(`\b(low|medium|high|urgent)\b`)
	inQuotes = regexp.MustCompile(`'([^']+)'|"([^"]+)"|‘([^’]+)’|“([^”]+)”`)
	preamble = regexp.MustCompile(`(?i)^.*?\b(task|remind me|todo)( to| called| named|:)?\s+`)
	trailing = regexp.MustCompile(`(?i)[,;]?\s+(for|by|on|due|until|with|in)?\s*(today|tomorrow|monday|tuesday|wednesday|thursday|` +
		`friday|saturday|sunday|\d{4}-\d{2}-\d{2}|\d+ days?|(low|medium|high|urgent) priority).*$`)
	isoDate  = regexp.MustCompile(`\b\d{4}-\d{2}-\d{2}\b`)
	daysOn   = regexp.MustCompile(`\bin (\d{1,3}) days?\b`)
	todaySay = regexp.MustCompile(`Today is (\d{4}-\d{2}-\d{2})`)
)

// object writes the pairs whose value is not empty as a JSON object.
func object(pairs ...string) string {
	var members []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			members = append(members, quoted(pairs[i])+":"+quoted(pairs[i+1]))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// taskTitle is what stands in quotes, or what is left without the words around it.
func taskTitle(message string) string {
	if m := inQuotes.FindStringSubmatch(message); m != nil {
		return strings.Join(m[1:], "") // one of them matched
	}
	title := strings.TrimSpace(trailing.ReplaceAllString(preamble.ReplaceAllString(message, ""), ""))
	if title == "" {
		return brief(message)
	}
	return strings.TrimRight(brief(title), ".!")
}

// today is the date that the system message names.
func today(system string) time.Time {
	if m := todaySay.FindStringSubmatch(system); m != nil {
		if day, err := time.Parse(time.DateOnly, m[1]); err == nil {
			return day
		}
	}
	return time.Now()
}

// dueDate reads a date from words, counted from now; "" when there is none.
func dueDate(message string, now time.Time) string {
	if m := isoDate.FindString(message); m != "" {
		return m
	}
	if m := daysOn.FindStringSubmatch(message); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			return now.AddDate(0, 0, n).Format(time.DateOnly)
		}
	}
	switch {
	case strings.Contains(message, "tomorrow"):
		return now.AddDate(0, 0, 1).Format(time.DateOnly)
	case strings.Contains(message, "today"):
		return now.Format(time.DateOnly)
	}
	for n := 1; n <= 7; n++ {
		day := now.AddDate(0, 0, n)
		if strings.Contains(message, strings.ToLower(day.Weekday().String())) {
			return day.Format(time.DateOnly)
		}
	}
	return ""
}
