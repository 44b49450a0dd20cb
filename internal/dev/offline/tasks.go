package offline

import (
	"regexp"
	"strings"

	"github.com/tmc/langchaingo/llms"
)

var (
	marker = regexp.MustCompile(`(?i)(?:\b(?:tasks?|to-?do|reminder|aufgabe|compito)\b` +
		`|\battività)\s*(?:(?:called|named|titled|about|for me to|namens|chiamata|per)\b|:|-)?\s*(.*)$`)
	duty = regexp.MustCompile(`(?i)\b(?:i (?:need|have) to|remember to|don'?t forget to|remind me (?:to|about` +
		`|of)|notify me (?:to|about|of)|ricordami di|erinnere mich an)\s+(.+)$`)
	verb  = regexp.MustCompile(`(?i)\b(?:create|add|make|put|erstelle?|crea|aggiungi)\s+(.+)$`)
	given = regexp.MustCompile(`(?i),?\s*\b(?:assigned to|assign (?:it )?to|for assignee|zugewiesen an` +
		`|assegnat[ao] a)\s+(\p{L}+)`)
)

// newTasks returns a call for each title in quotation marks, or one with the title that the sentence has, or none.
func newTasks(c conversation, t tool) []llms.ToolCall {
	titles, rest := quoted(c.message)
	common := map[string]any{}
	if m := given.FindStringSubmatch(rest); m != nil {
		common["assignee"], rest = m[1], given.ReplaceAllString(rest, "")
	}
	for _, p := range c.projects {
		phrase := regexp.MustCompile(`(?i)\b(?:(?:in|for|to|on) )?(?:the )?(?:project ` + regexp.QuoteMeta(p.name) +
			`|` + regexp.QuoteMeta(p.name) + ` project)`)
		if p.name != "" && phrase.MatchString(rest) {
			common["project_id"], rest = p.id, phrase.ReplaceAllString(rest, "")
			break
		}
	}
	if priority, left := takePriority(rest); priority != "" {
		common["priority"], rest = priority, left
	}
	if due, left := takeDue(rest, c.today); due != "" {
		common["due_date"], rest = due, left
	}
	if len(titles) == 0 {
		titles = []string{titleIn(rest)}
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
		calls = append(calls, callOf(i, t.name, arguments))
	}
	return calls
}

func titleIn(rest string) string {
	for _, pattern := range []*regexp.Regexp{duty, marker, verb} {
		if m := pattern.FindStringSubmatch(rest); m != nil {
			return tidy(m[1])
		}
	}
	return ""
}

func reminder(c conversation) []llms.ToolCall {
	titles, rest := quoted(c.message)
	due, rest := takeDue(rest, c.today)
	title := titleIn(rest)
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

// stateWords are tried in this order.
var stateWords = []struct {
	status string
	words  *regexp.Regexp
}{
	{"open", regexp.MustCompile(`(?i)\b(?:open|unfinished|pending|remaining|left|not done|offene?n?|apert[aei]` +
		`|to do|do next)\b`)},
	{"in_progress", regexp.MustCompile(`(?i)\b(?:in progress|started|working on|in bearbeitung|in corso)\b`)},
	{"done", regexp.MustCompile(`(?i)\b(?:done|completed?|finished|closed|erledigte?n?|completat[aei]|fatt[aei])\b`)},
}

var (
	overdue  = regexp.MustCompile(`(?i)(?:\b(?:overdue|late|past due|scadut[aei]|in ritardo)\b|überfällig)`)
	ownedBy  = regexp.MustCompile(`(?i)\b(?:assigned to|assegnat[aei] a|zugewiesen an)\s+(\p{L}+)`)
	everyOne = regexp.MustCompile(`(?i)\b(?:all|every|alle|tutt[ei])\b`)
)

// filtersIn reads the filters of list_tasks from the sentence.
func filtersIn(c conversation) map[string]any {
	texts, plain := quoted(c.message)
	out := map[string]any{}
	if priority, rest := takePriority(plain); priority != "" {
		out["priority"], plain = priority, rest
	}
	if overdue.MatchString(plain) {
		out["overdue"] = true
	}
	for _, s := range stateWords {
		if out["overdue"] == nil && s.words.MatchString(plain) {
			out["status"] = s.status
			break
		}
	}
	if m := ownedBy.FindStringSubmatch(plain); m != nil {
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
	from, to := period(plain, c.today)
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

// targetFilters narrows the rows read before an update: to the overdue ones for "all overdue tasks", else to none.
func targetFilters(c conversation) map[string]any {
	if everyOne.MatchString(c.message) && overdue.MatchString(c.message) {
		return wrapFilters(map[string]any{"overdue": true})
	}
	return map[string]any{}
}

// updates returns the changes to the rows that the sentence means, none when it means no row or nothing changes.
func updates(c conversation) []llms.ToolCall {
	rows := meant(c)
	var calls []llms.ToolCall
	for i, row := range rows[:min(len(rows), 50)] {
		id, _ := row["id"].(string)
		if changes := changesIn(c, textAt(row, "title")); id != "" && len(changes) > 0 {
			calls = append(calls, callOf(i, "update_task", map[string]any{"id": id, "updates": changes}))
		}
	}
	return calls
}

// meant returns the listed rows that the sentence names: every one for "all overdue", else the one named best.
func meant(c conversation) []map[string]any {
	var rows []map[string]any
	for _, r := range c.called("list_tasks") {
		rows = append(rows, rowsAt(r.value(), "tasks")...)
	}
	texts, plain := quoted(c.message)
	if len(texts) == 0 && everyOne.MatchString(plain) && overdue.MatchString(plain) {
		return rows
	}
	said := " " + fold(c.message) + " "
	var best []map[string]any
	longest := 0
	for _, row := range rows {
		title := fold(textAt(row, "title"))
		if title == "" || !strings.Contains(said, " "+title+" ") || len(title) < longest {
			continue
		}
		if len(title) > longest {
			best, longest = nil, len(title)
		}
		best = append(best, row)
	}
	if len(best) > 1 { // the same title twice: the person must say which
		return nil
	}
	return best
}

var (
	toDone = regexp.MustCompile(`(?i)\b(?:done|complete[d]?|finish(?:ed)?|close[d]?|erledigt|fatt[ao]` +
		`|completa(?:ta)?)\b`)
	toStart  = regexp.MustCompile(`(?i)\b(?:in progress|start(?:ed)?|begin|in bearbeitung|in corso)\b`)
	toOpen   = regexp.MustCompile(`(?i)\b(?:reopen|undo|not done|to do)\b`)
	noDue    = regexp.MustCompile(`(?i)\b(?:no|remove|clear|without)\b.*\b(?:due date|deadline|date)\b`)
	assignee = regexp.MustCompile(`(?i)\bassign\b.*\bto\s+(\p{L}+)\s*[.!]?\s*$`)
	renaming = regexp.MustCompile(`(?i)\brename\b`)
)

func changesIn(c conversation, title string) map[string]any {
	texts, plain := quoted(c.message)
	if at := strings.Index(strings.ToLower(plain), strings.ToLower(title)); at >= 0 && at+len(title) <= len(plain) {
		plain = plain[:at] + " " + plain[at+len(title):]
	}
	out := map[string]any{}
	if renaming.MatchString(plain) {
		if len(texts) > 0 && fold(texts[len(texts)-1]) != fold(title) {
			out["title"] = texts[len(texts)-1]
		}
		return out
	}
	if m := assignee.FindStringSubmatch(plain); m != nil {
		return map[string]any{"assignee": m[1]}
	}
	if priority, rest := takePriority(plain); priority != "" {
		out["priority"], plain = priority, rest
	}
	switch {
	case toOpen.MatchString(plain):
		out["status"] = "todo"
	case toStart.MatchString(plain):
		out["status"] = "in_progress"
	case toDone.MatchString(plain):
		out["status"] = "done"
	}
	if noDue.MatchString(plain) {
		out["due_date"] = "none"
	} else if due, _ := takeDue(plain, c.today); due != "" && out["status"] == nil {
		out["due_date"] = due
	}
	return out
}
