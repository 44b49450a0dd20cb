package llmtest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Assistant answers like a small model: the router's question with agent names, a request for records with records, a
// message about tasks with the fitting tool call, tool results with a sentence that quotes their titles, and anything
// else with a sentence of its own. It streams word by word when streaming was asked for.
func Assistant() Step {
	return func(x *Exchange) {
		text, call := reply(x.Request)
		if call != nil {
			CallTools(*call)(x)
			return
		}
		Say(strings.SplitAfter(text, " ")...)(x)
	}
}

func reply(r Request) (text string, call *ToolCall) {
	system, last := r.system(), r.said("user")
	if agents := agentNames.FindAllStringSubmatch(system, -1); len(r.Tools) == 0 && len(agents) > 0 {
		return route(last, agents), nil
	}
	if columns := recordColumns.FindStringSubmatch(system); len(r.Tools) == 0 && columns != nil {
		return records(last, strings.Split(strings.TrimSpace(columns[1]), ", ")), nil
	}
	if n := len(r.Messages); n > 0 && r.Messages[n-1].Role == "tool" {
		return afterTools(r), nil
	}
	if name, arguments := choose(r, last, system); name != "" {
		made := Call(fmt.Sprintf("call_%d", len(r.Messages)), name, arguments)
		return "", &made
	}
	if _, results, ok := strings.Cut(last, "Result 1:\n"); ok {
		return "Put together: " + strings.Join(strings.Fields(results), " "), nil
	}
	return fmt.Sprintf("You said %q, and there is nothing I can do about that yet.", brief(last)), nil
}

var (
	agentNames    = regexp.MustCompile(`"name":\s*"([a-z0-9_-]+)"`)
	recordColumns = regexp.MustCompile(`JSON array[^:]*unknown:\s*([^\n]+)`)
)

// topics are words that tell which agent a message is for, in the order they are tried.
var topics = []struct{ topic, words string }{
	{"email", "email e-mail mail inbox reply thread sender"},
	{"calendar", "calendar meeting event appointment reschedule conflict free slot"},
	{"analytics", "analytics report statistics trend productivity throughput workload completion rate"},
	{"task", "task todo to-do remind deadline"},
}

// route names one agent for each part of the message that "then" sets apart, as the router's question asks for.
func route(question string, agents [][]string) string {
	message, _, _ := strings.Cut(strings.TrimPrefix(question, "Message: "), "\nContext:")
	var chosen []string
	for part := range strings.SplitSeq(strings.ToLower(message), " then ") {
		if name := fitting(part, agents); !slices.Contains(chosen, name) {
			chosen = append(chosen, name)
		}
	}
	return strings.Join(chosen, ", ")
}

func fitting(message string, agents [][]string) string {
	for _, t := range topics {
		if !slices.ContainsFunc(strings.Fields(t.words), func(w string) bool { return strings.Contains(message, w) }) {
			continue
		}
		for _, a := range agents {
			if strings.Contains(a[1], t.topic) {
				return a[1]
			}
		}
	}
	for _, a := range agents {
		if strings.Contains(message, strings.TrimSuffix(a[1], "_agent")) {
			return a[1]
		}
	}
	return agents[0][1]
}

// records answers a plan's generating step: the source rows' own values, or one row made of the request.
func records(question string, columns []string) string {
	var rows []map[string]any
	request, data, _ := strings.Cut(question, "\nRecords:\n")
	if err := json.Unmarshal([]byte(data), &rows); err != nil || len(rows) == 0 {
		rows = []map[string]any{{"title": brief(strings.TrimPrefix(strings.TrimSpace(request), "request: "))}}
	}
	list := make([]map[string]any, 0, len(rows))
	for _, row := range rows {
		record := map[string]any{}
		for _, c := range columns {
			record[c] = row[c]
		}
		if title, ok := record["title"]; ok && title == nil {
			record["title"] = row["subject"]
		}
		list = append(list, record)
	}
	text, err := json.Marshal(list)
	if err != nil {
		return "[]"
	}
	return string(text)
}

// afterTools puts the results of the last round of tools into a sentence.
func afterTools(r Request) string {
	from := len(r.Messages)
	for from > 0 && r.Messages[from-1].Role == "tool" {
		from--
	}
	var titles []string
	prepared := false
	for _, m := range r.Messages[from:] {
		var result map[string]any
		if err := json.Unmarshal([]byte(m.Content), &result); err != nil {
			if strings.HasPrefix(string(m.Content), "error:") {
				return "That did not work: " + brief(string(m.Content)) + "."
			}
			continue
		}
		if _, ok := result["proposed"]; ok {
			prepared = true
		}
		titles = titlesIn(result, titles)
	}
	switch {
	case prepared && len(titles) > 0:
		return fmt.Sprintf("I prepared %s for you to confirm.", joined(titles))
	case prepared:
		return "I prepared the change for you to confirm."
	case len(titles) > 0:
		return fmt.Sprintf("Found %d: %s.", len(titles), joined(titles))
	}
	return "There is nothing that fits."
}

// titlesIn collects the title of every row inside value, in the order of the text.
func titlesIn(value any, titles []string) []string {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range []string{"title", "subject"} {
			if title, ok := v[key].(string); ok {
				return append(titles, title)
			}
		}
		for _, key := range sortedKeys(v) {
			titles = titlesIn(v[key], titles)
		}
	case []any:
		for _, e := range v {
			titles = titlesIn(e, titles)
		}
	}
	return titles
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// joined writes a list as prose does.
func joined(list []string) string {
	quotedList := make([]string, len(list))
	for i, s := range list {
		quotedList[i] = `"` + s + `"`
	}
	if n := len(quotedList); n > 1 {
		return strings.Join(quotedList[:n-1], ", ") + " and " + quotedList[n-1]
	}
	return strings.Join(quotedList, "")
}

// brief is the start of s in one line.
func brief(s string) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	return string(r[:min(len(r), 80)])
}
