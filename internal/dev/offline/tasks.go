package offline

import (
	"regexp"
	"strings"

	"github.com/tmc/langchaingo/llms"
)

var (
	afterTaskWord = regexp.MustCompile(`(?i)(?:\b(?:tasks?|to-?do|reminder|aufgabe|compito)\b` +
		`|\battività)\s*(?:(?:called|named|titled|about|for me to|namens|chiamata|per)\b|:|-)?\s*(.*)$`)
	afterDuty = regexp.MustCompile(`(?i)\b(?:i (?:need|have) to|remember to|don'?t forget to|remind me (?:to|about` +
		`|of)|notify me (?:to|about|of)|ricordami di|erinnere mich an)\s+(.+)$`)
	afterVerb  = regexp.MustCompile(`(?i)\b(?:create|add|make|put|erstelle?|crea|aggiungi)\s+(.+)$`)
	assignedTo = regexp.MustCompile(`(?i),?\s*\b(?:assigned to|assign (?:it )?to|for assignee|zugewiesen an` +
		`|assegnat[ao] a)\s+(\p{L}+)`)
)

// createCalls returns a call for each title in quotation marks, or else for the title in the sentence, or none.
func createCalls(c conversation, t tool) []llms.ToolCall {
	titles, rest := cutQuoted(c.message)
	common := map[string]any{}
	if m := assignedTo.FindStringSubmatch(rest); m != nil {
		common["assignee"], rest = m[1], assignedTo.ReplaceAllString(rest, "")
	}
	for _, p := range c.projects {
		phrase := regexp.MustCompile(`(?i)\b(?:(?:in|for|to|on) )?(?:the )?(?:project ` + regexp.QuoteMeta(p.name) +
			`|` + regexp.QuoteMeta(p.name) + ` project)`)
		if p.name != "" && phrase.MatchString(rest) {
			common["project_id"], rest = p.id, phrase.ReplaceAllString(rest, "")
			break
		}
	}
	if priority, left := cutPriority(rest); priority != "" {
		common["priority"], rest = priority, left
	}
	if due, left := cutDue(rest, c.today); due != "" {
		common["due_date"], rest = due, left
	}
	if len(titles) == 0 {
		titles = []string{findTitle(rest)}
	}
	var calls []llms.ToolCall
	for i, title := range titles[:min(len(titles), 20)] {
		if title == "" {
			continue
		}
		arguments := map[string]any{"title": title}
		for name, value := range common {
			if t.schema.Properties[name] != nil {
				arguments[name] = value
			}
		}
		calls = append(calls, toolCall(i, t.name, arguments))
	}
	return calls
}

// findTitle returns the title in a sentence, or "".
func findTitle(rest string) string {
	for _, pattern := range []*regexp.Regexp{afterDuty, afterTaskWord, afterVerb} {
		if m := pattern.FindStringSubmatch(rest); m != nil {
			return toTitle(m[1])
		}
	}
	return ""
}

// notificationCalls returns a call of send_notification, at 9:00 when the sentence names only a day.
func notificationCalls(c conversation) []llms.ToolCall {
	titles, rest := cutQuoted(c.message)
	due, rest := cutDue(rest, c.today)
	title := findTitle(rest)
	if len(titles) > 0 {
		title = titles[0]
	}
	if title == "" {
		return nil
	}
	arguments := map[string]any{"title": title, "body": title}
	if due != "" && !strings.Contains(due, "T") {
		due += "T09:00"
	}
	if due != "" {
		arguments["at"] = due
	}
	return oneCall("send_notification", arguments)
}

// statusWords are tried in this order.
var statusWords = []struct {
	status string
	words  *regexp.Regexp
}{
	{"open", regexp.MustCompile(`(?i)\b(?:open|unfinished|pending|remaining|left|not done|offene?n?|apert[aei]` +
		`|to do|do next)\b`)},
	{"in_progress", regexp.MustCompile(`(?i)\b(?:in progress|started|working on|in bearbeitung|in corso)\b`)},
	{"done", regexp.MustCompile(`(?i)\b(?:done|completed?|finished|closed|erledigte?n?|completat[aei]|fatt[aei])\b`)},
}

var (
	overdueWords = regexp.MustCompile(`(?i)(?:\b(?:overdue|late|past due|scadut[aei]|in ritardo)\b|überfällig)`)
	ownedBy      = regexp.MustCompile(`(?i)\b(?:assigned to|assegnat[aei] a|zugewiesen an)\s+(\p{L}+)`)
	allOfThem    = regexp.MustCompile(`(?i)\b(?:all|every|alle|tutt[ei])\b`)
)

// parseFilters returns the filters of list_tasks that the sentence names.
func parseFilters(c conversation) map[string]any {
	texts, unquoted := cutQuoted(c.message)
	out := map[string]any{}
	if priority, rest := cutPriority(unquoted); priority != "" {
		out["priority"], unquoted = priority, rest
	}
	if overdueWords.MatchString(unquoted) {
		out["overdue"] = true
	}
	for _, s := range statusWords {
		if out["overdue"] == nil && s.words.MatchString(unquoted) {
			out["status"] = s.status
			break
		}
	}
	if m := ownedBy.FindStringSubmatch(unquoted); m != nil {
		out["assignee"] = m[1]
	}
	for _, p := range c.projects {
		if p.name != "" && strings.Contains(strings.ToLower(c.message), strings.ToLower(p.name)) {
			out["project"] = p.name
			break
		}
	}
	if len(texts) > 0 && out["project"] == nil {
		out["text"] = texts[0]
	}
	from, to := period(unquoted, c.today)
	if from != "" {
		out["due_from"] = from
	}
	if to != "" {
		out["due_to"] = to
	}
	return out
}

func wrapFilters(filters map[string]any) map[string]any {
	if len(filters) == 0 {
		return map[string]any{}
	}
	return map[string]any{"filters": filters}
}

// targetFilters returns the filters for the list_tasks before an update: only "all overdue tasks" has one.
func targetFilters(c conversation) map[string]any {
	if allOfThem.MatchString(c.message) && overdueWords.MatchString(c.message) {
		return wrapFilters(map[string]any{"overdue": true})
	}
	return map[string]any{}
}

// updateCalls returns calls that change the tasks that the sentence mentions.
func updateCalls(c conversation) []llms.ToolCall {
	rows := mentionedRows(c)
	var calls []llms.ToolCall
	for i, row := range rows[:min(len(rows), 50)] {
		id, _ := row["id"].(string)
		if changes := parseChanges(c, textAt(row, "title")); id != "" && len(changes) > 0 {
			calls = append(calls, toolCall(i, "update_task", map[string]any{"id": id, "updates": changes}))
		}
	}
	return calls
}

// mentionedRows returns the listed tasks that the sentence mentions: all for "all overdue", else the one with the
// longest title in it.
func mentionedRows(c conversation) []map[string]any {
	var rows []map[string]any
	for _, r := range c.resultsOf("list_tasks") {
		rows = append(rows, rowsAt(r.value(), "tasks")...)
	}
	texts, unquoted := cutQuoted(c.message)
	if len(texts) == 0 && allOfThem.MatchString(unquoted) && overdueWords.MatchString(unquoted) {
		return rows
	}
	message := " " + normalize(c.message) + " "
	var best []map[string]any
	longest := 0
	for _, row := range rows {
		title := normalize(textAt(row, "title"))
		if title == "" || !strings.Contains(message, " "+title+" ") || len(title) < longest {
			continue
		}
		if len(title) > longest {
			best, longest = nil, len(title)
		}
		best = append(best, row)
	}
	if len(best) > 1 { // the same title twice: the user must say which
		return nil
	}
	return best
}

var (
	doneWords = regexp.MustCompile(`(?i)\b(?:done|complete[d]?|finish(?:ed)?|close[d]?|erledigt|fatt[ao]` +
		`|completa(?:ta)?)\b`)
	startWords  = regexp.MustCompile(`(?i)\b(?:in progress|start(?:ed)?|begin|in bearbeitung|in corso)\b`)
	reopenWords = regexp.MustCompile(`(?i)\b(?:reopen|undo|not done|to do)\b`)
	noDueWords  = regexp.MustCompile(`(?i)\b(?:no|remove|clear|without)\b.*\b(?:due date|deadline|date)\b`)
	assignTo    = regexp.MustCompile(`(?i)\bassign\b.*\bto\s+(\p{L}+)\s*[.!]?\s*$`)
	renameWords = regexp.MustCompile(`(?i)\brename\b`)
)

// parseChanges returns the changes that the sentence asks for, without regard to the words of the title.
func parseChanges(c conversation, title string) map[string]any {
	texts, unquoted := cutQuoted(c.message)
	if at := strings.Index(strings.ToLower(unquoted),
		strings.ToLower(title)); at >= 0 && at+len(title) <= len(unquoted) {
		unquoted = unquoted[:at] + " " + unquoted[at+len(title):]
	}
	out := map[string]any{}
	if renameWords.MatchString(unquoted) {
		if len(texts) > 0 && normalize(texts[len(texts)-1]) != normalize(title) {
			out["title"] = texts[len(texts)-1]
		}
		return out
	}
	if m := assignTo.FindStringSubmatch(unquoted); m != nil {
		return map[string]any{"assignee": m[1]}
	}
	if priority, rest := cutPriority(unquoted); priority != "" {
		out["priority"], unquoted = priority, rest
	}
	switch {
	case reopenWords.MatchString(unquoted):
		out["status"] = "todo"
	case startWords.MatchString(unquoted):
		out["status"] = "in_progress"
	case doneWords.MatchString(unquoted):
		out["status"] = "done"
	}
	if noDueWords.MatchString(unquoted) {
		out["due_date"] = "none"
	} else if due, _ := cutDue(unquoted, c.today); due != "" && out["status"] == nil {
		out["due_date"] = due
	}
	return out
}
