package offline

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/tmc/langchaingo/llms"
)

// conversation is what the model reads from the messages of a call.
type conversation struct {
	system   string
	message  string // the user's last message
	today    time.Time
	projects []project // in the data of the request
	results  []result
}

type project struct{ id, name string }

// result is a tool call since the last message, with its result.
type result struct {
	tool, arguments, text string
}

// value returns the result's JSON, or nil when it is not an object.
func (r result) value() map[string]any {
	var v map[string]any
	if json.Unmarshal([]byte(r.text), &v) != nil {
		return nil
	}
	return v
}

func (r result) failed() bool { return strings.HasPrefix(r.text, "error:") }

var todayLine = regexp.MustCompile(`Today is (\d{4}-\d{2}-\d{2}) \(`)

// parseConversation parses the messages of a call. now is used when they do not say what day it is.
func parseConversation(messages []llms.MessageContent, now time.Time) conversation {
	c := conversation{today: midnight(now)}
	lastHuman := 0
	for i, m := range messages {
		switch m.Role {
		case llms.ChatMessageTypeSystem:
			c.system = textOf(m)
		case llms.ChatMessageTypeHuman:
			c.message = textOf(m)
			lastHuman = i
			if strings.HasPrefix(c.message, "Data of this request.") {
				c.projects = append(c.projects, projectsIn(c.message)...)
			}
		}
	}
	if found := todayLine.FindAllStringSubmatch(c.system, -1); found != nil {
		if day, err := time.Parse("2006-01-02", found[len(found)-1][1]); err == nil {
			c.today = day
		}
	}
	if lastHuman < len(messages) {
		c.results = resultsIn(messages[lastHuman:])
	}
	return c
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

func textOf(m llms.MessageContent) string {
	var parts []string
	for _, p := range m.Parts {
		if text, ok := p.(llms.TextContent); ok {
			parts = append(parts, text.Text)
		}
	}
	return strings.Join(parts, "\n")
}

func resultsIn(messages []llms.MessageContent) []result {
	arguments := map[string]string{}
	var list []result
	for _, m := range messages {
		for _, p := range m.Parts {
			switch part := p.(type) {
			case llms.ToolCall:
				if part.FunctionCall != nil {
					arguments[part.ID] = part.FunctionCall.Arguments
				}
			case llms.ToolCallResponse:
				list = append(list, result{part.Name, arguments[part.ToolCallID], part.Content})
			}
		}
	}
	return list
}

func projectsIn(data string) []project {
	_, rest, found := strings.Cut(data, "\nProjects (id = name):\n")
	if !found {
		return nil
	}
	var list []project
	for line := range strings.Lines(rest) {
		id, name, ok := strings.Cut(strings.TrimSpace(line), " = ")
		if !ok {
			break
		}
		list = append(list, project{id, name})
	}
	return list
}

// resultsOf returns the results of that tool.
func (c conversation) resultsOf(tool string) []result {
	var list []result
	for _, r := range c.results {
		if r.tool == tool {
			list = append(list, r)
		}
	}
	return list
}
