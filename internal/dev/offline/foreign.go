package offline

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dev/offline/answering"
	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
)

// knownTools are the tools of the built-in agents, which skills call.
func knownTools() []string {
	return []string{"create_task", "update_task", "list_tasks", "suggest_tasks", "list_events", "detect_conflicts",
		"find_free_time", "suggest_reschedule", "move_event", "classify_email", "extract_action_items",
		"draft_response", "calculate_metrics", "generate_report", "trend_analysis", "find_rows", "read_row",
		"project_overview", "create_row", "change_rows", "delete_rows", "append_to_note", "index_document",
		"send_notification", "ask_agent"}
}

// foreignTool returns the tool of a declared agent or of the app that has most words in common with the message, at
// least two.
func foreignTool(message string, tools []tool) (tool, bool) {
	var best tool
	most := 1
	for _, t := range tools {
		if slices.Contains(knownTools(), t.name) || strings.HasPrefix(t.name, "plan_") {
			continue
		}
		text := strings.Join(strings.FieldsFunc(t.name, func(r rune) bool { return r == '_' || r == '.' }), " ")
		if n := sharedWords(message, text+" "+t.description); n > most {
			best, most = t, n
		}
	}
	return best, most > 1
}

// foreignAnswer calls the tool with what the message has for its arguments, and then describes the result.
func (m *Model) foreignAnswer(c conversation, message reading.Message, of tool, textOnly bool) agent.Answer {
	for _, r := range c.results {
		if r.Tool == of.name {
			return agent.Answer{Text: withNotice(describeResult(r.Text))}
		}
	}
	if textOnly {
		return agent.Answer{Text: withNotice(message.Language.Text("shrug"))}
	}
	first := message.Clauses[0]
	return agent.Answer{ToolCalls: toolCalls([]answering.Call{{Tool: of.name, Arguments: fillArguments(first,
		of.schema)}})}
}

// fillArguments returns arguments for the schema: days, a word of an enum, and the text for a required argument. Lists
// stay empty.
func fillArguments(c reading.Clause, s *schema) map[string]any {
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p, required := s.Properties[name], slices.Contains(s.Required, name)
		if p == nil {
			continue
		}
		switch {
		case p.Type == "object":
			if inner := fillArguments(c, p); len(inner) > 0 || required {
				out[name] = inner
			}
		case p.Type == "array" && required:
			out[name] = []any{}
		case p.Type == "string":
			if text := textArgument(c, name, p, required); text != "" || required {
				out[name] = text
			}
		}
	}
	return out
}

func textArgument(c reading.Clause, name string, p *schema, required bool) string {
	for _, word := range p.Enum {
		if sharedWords(c.Text, strings.ReplaceAll(word, "_", " ")) > 0 {
			return word
		}
	}
	switch {
	case slices.Contains([]string{"from", "start", "start_date", "date_from"}, name) && !c.First.IsZero():
		return c.First.Format(time.DateOnly)
	case slices.Contains([]string{"to", "end", "end_date", "date_to"}, name) && !c.Last.IsZero():
		return c.Last.Format(time.DateOnly)
	case !required:
		return ""
	case len(p.Enum) > 0:
		return p.Enum[0]
	case len(c.Quoted) > 0:
		return c.Quoted[0]
	}
	return strings.TrimSpace(c.Text)
}

// describeResult describes the result of a tool of which nothing is known.
func describeResult(text string) string {
	if reason, failed := strings.CutPrefix(text, "error:"); failed {
		return "That did not work: " + strings.TrimSuffix(strings.TrimSpace(reason), ".") + "."
	}
	var value map[string]any
	if json.Unmarshal([]byte(text), &value) != nil {
		return text
	}
	return strings.Join(describeObject(value, 0), "\n")
}

// describeObject describes a JSON object in lines, without ids and milliseconds.
func describeObject(value map[string]any, depth int) []string {
	const deepest = 4
	var lines []string
	indent := strings.Repeat("  ", depth)
	for _, name := range slices.Sorted(maps.Keys(value)) {
		if name == "id" || strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "Id") ||
			strings.HasSuffix(name, "_ms") || depth > deepest {
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
