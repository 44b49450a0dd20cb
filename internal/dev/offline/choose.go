package offline

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tmc/langchaingo/llms"
)

// schema is the part of the JSON schema of a tool's arguments that this model needs.
type schema struct {
	Type       string             `json:"type"`
	Enum       []string           `json:"enum"`
	Properties map[string]*schema `json:"properties"`
	Required   []string           `json:"required"`
}

type tool struct {
	name, description string
	schema            *schema
}

func parseTools(list []llms.Tool) []tool {
	var tools []tool
	for _, t := range list {
		if t.Function == nil {
			continue
		}
		of := tool{t.Function.Name, t.Function.Description, &schema{}}
		if text, err := json.Marshal(t.Function.Parameters); err == nil {
			_ = json.Unmarshal(text, of.schema) // without a readable schema, no arguments
		}
		tools = append(tools, of)
	}
	return tools
}

// rule says which words ask for a tool. The rule with the lowest rank wins; among equal ranks, the one whose words come
// first in the sentence.
type rule struct {
	rank  int
	tool  string
	words *regexp.Regexp
}

func newRule(rank int, tool, words string) rule {
	return rule{rank, tool, regexp.MustCompile(`(?i)` + words)}
}

var rules = []rule{
	newRule(0, "send_notification", `\b(?:remind me|notify me|send (?:me )?a (?:notification|reminder)`+
		`|erinnere mich|ricordami)\b`),
	newRule(1, "suggest_tasks", `\b(?:suggest|propose|find (?:new )?(?:tasks|work)|from (?:my|the|these) notes`+
		`|schlag|suggerisci|proponi)`),
	newRule(1, "update_task", `\b(?:mark|complete|finish|close|rename|postpone|move|reschedule|reopen|start|update`+
		`|change|assign|verschieb|schließ|sposta|completa|rimanda|segna|set\b.*\b(?:priority|due|status`+
		`|deadline)|markiere)\b`),
	newRule(1, "create_task", `\b(?:create|add|new task|make (?:me )?(?:a|an|two|three|some)\b|put|todo:|i (?:need`+
		`|have) to|remember to|don'?t forget to|erstelle?|lege|neue aufgabe|crea|aggiungi|nuova)`),
	newRule(1, "list_tasks", `\b(?:list|show|what|which|how many|do i have|overdue|display|give me|see|tasks due`+
		`|open tasks|zeige?|liste|welche|was|mostra|elenca|quali|cosa)\b`),
	newRule(0, "detect_conflicts", `(?:conflict|overlap|clash|double[- ]book|konflikt|überschneid|conflitt|sovrappo)`),
	newRule(-1, "suggest_reschedule", `(?:reschedul|new time|another time|\bmove\b|verschieb|sposta)`),
	newRule(9, "list_events", ``),
	newRule(0, "draft_response", `\b(?:draft|reply|respond|answer|antworte?|rispond|risposta)`),
	newRule(1, "extract_action_items", `\b(?:action items?|to-?dos?|extract|tasks?|follow.?ups?|aufgaben|attivit)`),
	newRule(9, "classify_email", ``),
	newRule(0, "trend_analysis", `\b(?:trends?|over time|develop|compare|entwicklung|andamento)`),
	newRule(1, "generate_report", `\b(?:report|summar|bericht|rapporto|resoconto)`),
	newRule(9, "calculate_metrics", ``),
}

// chooseCalls returns the next tool calls, or none when the conversation has all that an answer needs.
func chooseCalls(c conversation, tools []tool) []llms.ToolCall {
	if len(tools) == 0 {
		return nil
	}
	if len(c.results) > 0 {
		return followUpCalls(c, tools)
	}
	name := intent(c.message, tools)
	if outline := outlineFor(c, name, tools); outline != "" {
		return []llms.ToolCall{toolCall(0, outline, map[string]any{})}
	}
	chosen, ok := findTool(tools, name)
	if !ok {
		return nil
	}
	switch name {
	case "create_task":
		return createCalls(c, chosen)
	case "update_task":
		return oneCall("list_tasks", targetFilters(c))
	case "list_tasks":
		return oneCall(name, wrapFilters(parseFilters(c)))
	case "send_notification":
		return notificationCalls(c)
	case "suggest_reschedule":
		if _, ok := findTool(tools, "detect_conflicts"); ok {
			chosen, _ = findTool(tools, "detect_conflicts")
		}
	}
	return oneCall(chosen.name, fillArguments(c, chosen.schema))
}

// followUpCalls returns the calls that depend on the result of an earlier one.
func followUpCalls(c conversation, tools []tool) []llms.ToolCall {
	last := c.results[len(c.results)-1]
	if last.failed() {
		return nil
	}
	switch intent(c.message, tools) {
	case "update_task":
		if len(c.results) == 1 && last.tool == "list_tasks" {
			return updateCalls(c)
		}
	case "suggest_reschedule":
		chosen, _ := findTool(tools, "suggest_reschedule")
		if len(c.results) == 1 && last.tool == "detect_conflicts" && firstRow(last.value()) != nil {
			return oneCall(chosen.name, fillArguments(c, chosen.schema))
		}
	}
	return nil
}

func oneCall(name string, arguments map[string]any) []llms.ToolCall {
	return []llms.ToolCall{toolCall(0, name, arguments)}
}

func toolCall(i int, name string, arguments map[string]any) llms.ToolCall {
	text, err := json.Marshal(arguments)
	if err != nil {
		text = []byte("{}")
	}
	return llms.ToolCall{ID: fmt.Sprintf("offline_%s_%d", name, i), Type: "function",
		FunctionCall: &llms.FunctionCall{Name: name, Arguments: string(text)}}
}

func findTool(tools []tool, name string) (tool, bool) {
	i := slices.IndexFunc(tools, func(t tool) bool { return t.name == name })
	if i < 0 {
		return tool{}, false
	}
	return tools[i], true
}

// intent returns the name of the tool that the words outside quotation marks ask for, or "".
func intent(message string, tools []tool) string {
	_, unquoted := cutQuoted(message)
	best := ""
	rank := 100
	first := 0 // where the words of best begin
	for _, r := range rules {
		at := r.words.FindStringIndex(unquoted)
		if _, offered := findTool(tools, r.tool); !offered || at == nil {
			continue
		}
		if r.rank < rank || r.rank == rank && at[0] < first {
			best = r.tool
			rank = r.rank
			first = at[0]
		}
	}
	if best != "" {
		return best
	}
	most := 1 // a tool without rules needs two words in common with its name and description
	for _, t := range tools {
		known := t.name == "index_document" || t.name == "ask_agent" ||
			slices.ContainsFunc(rules, func(r rule) bool { return r.tool == t.name })
		if n := sharedWords(unquoted, strings.ReplaceAll(t.name, "_", " ")+" "+t.description); !known && n > most {
			best, most = t.name, n
		}
	}
	return best
}

var plural = regexp.MustCompile(`(?i)\b(?:tasks|to-?dos|aufgaben)\b`)

// outlineFor returns the name of the outline that matches best when outlines are offered. It returns "" when the
// message asks for one task or a notification.
func outlineFor(c conversation, intent string, tools []tool) string {
	_, unquoted := cutQuoted(c.message)
	if intent == "create_task" && !plural.MatchString(unquoted) || intent == "send_notification" {
		return ""
	}
	best, most := "", -1
	for _, t := range tools {
		if !strings.HasPrefix(t.name, "plan_") || t.schema.Properties["filter"] == nil {
			continue
		}
		if n := sharedWords(unquoted, strings.ReplaceAll(t.name, "_", " ")+" "+t.description); n > most {
			best, most = t.name, n
		}
	}
	return best
}

// fillArguments returns arguments for the schema: days and words from the sentence, and for required arguments the
// member of that name in an earlier result. Lists stay empty.
func fillArguments(c conversation, s *schema) map[string]any {
	out := map[string]any{}
	from, to := period(c.message, c.today)
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p, required := s.Properties[name], slices.Contains(s.Required, name)
		var value any
		switch {
		case p == nil:
		case p.Type == "object":
			if inner := fillArguments(c, p); len(inner) > 0 || required {
				value = inner
			}
		case p.Type == "array" && required:
			value = []any{}
		case p.Type == "string":
			if text := textArgument(c, name, p, from, to, required); text != "" || required {
				value = text
			}
		case required:
			value = fromResults(c, name)
		}
		if value != nil {
			out[name] = value
		}
	}
	return out
}

func textArgument(c conversation, name string, p *schema, from, to string, required bool) string {
	for _, word := range p.Enum {
		if strings.Contains(" "+normalize(c.message)+" ", " "+normalize(word)+" ") {
			return word
		}
	}
	switch name {
	case "from", "start", "start_date", "date_from":
		return from
	case "to", "end", "end_date", "date_to":
		return to
	}
	if !required {
		return ""
	}
	if text, ok := fromResults(c, name).(string); ok {
		return text
	}
	if len(p.Enum) > 0 {
		return p.Enum[0]
	}
	if texts, _ := cutQuoted(c.message); len(texts) > 0 {
		return texts[0]
	}
	return c.message
}

// fromResults returns the member of that name in the first row of an earlier result, or nil.
func fromResults(c conversation, name string) any {
	for _, r := range c.results {
		if row := firstRow(r.value()); row != nil && row[name] != nil {
			return row[name]
		}
	}
	return nil
}

// firstRow returns the first object in a list that is a member of v, or nil.
func firstRow(v map[string]any) map[string]any {
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if list, ok := v[name].([]any); ok && len(list) > 0 {
			if row, ok := list[0].(map[string]any); ok {
				return row
			}
		}
	}
	return nil
}
