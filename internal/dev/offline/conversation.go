package offline

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/dev/offline/answering"
)

// conversation is what the model reads from the messages of a call.
type conversation struct {
	system            string
	message           string // the person's last message
	today             time.Time
	now               time.Time // today with the local time of day
	name, email       string    // of the person
	projects, clients []answering.Named
	history           []answering.Said
	results           []answering.Result // of the calls since the last message
}

const dataMark = "Data of this request."

var (
	todayLine = regexp.MustCompile(`Today is (\d{4}-\d{2}-\d{2}) \(`)
	timeLine  = regexp.MustCompile(`The local time is (\d{2}):(\d{2})\.`)
)

// parseConversation parses the messages of a call. now is used when they do not say what day it is.
func parseConversation(messages []llms.MessageContent, now time.Time) conversation {
	c := conversation{today: midnight(now), now: now}
	last := 0
	for i, m := range messages {
		if m.Role == llms.ChatMessageTypeHuman {
			last = i
		}
	}
	for i, m := range messages {
		text := textOf(m)
		switch {
		case m.Role == llms.ChatMessageTypeSystem:
			c.system += text
		case i == last && m.Role == llms.ChatMessageTypeHuman:
			c.message = text
		case strings.HasPrefix(text, dataMark):
			c.readData(text)
		case i < last && text != "":
			c.history = append(c.history, answering.Said{Assistant: m.Role == llms.ChatMessageTypeAI, Text: text})
		}
	}
	c.readTime()
	if last < len(messages) {
		c.results = resultsIn(messages[last:])
	}
	return c
}

// readTime reads the day and the time of day that the prompt names last.
func (c *conversation) readTime() {
	found := todayLine.FindAllStringSubmatch(c.system, -1)
	if found == nil {
		return
	}
	day, err := time.Parse(time.DateOnly, found[len(found)-1][1])
	if err != nil {
		return
	}
	c.today, c.now = day, day
	if clock := timeLine.FindAllStringSubmatch(c.system, -1); clock != nil {
		hour, _ := strconv.Atoi(clock[len(clock)-1][1]) // digits
		minute, _ := strconv.Atoi(clock[len(clock)-1][2])
		c.now = day.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
	}
}

// readData reads the message that holds the data of the request.
func (c *conversation) readData(text string) {
	var profile struct{ Name, Email string }
	if _, rest, ok := strings.Cut(text, "\nUser profile:\n"); ok {
		line, _, _ := strings.Cut(rest, "\n")
		_ = json.Unmarshal([]byte(line), &profile) // without a readable profile, the person has no name
	}
	c.name, c.email = profile.Name, profile.Email
	c.projects, c.clients = namesIn(text, "Projects"), namesIn(text, "Clients")
}

// namesIn returns the ids and names under a heading of the data.
func namesIn(data, heading string) []answering.Named {
	_, rest, found := strings.Cut(data, "\n"+heading+" (id = name):\n")
	if !found {
		return nil
	}
	var list []answering.Named
	for line := range strings.Lines(rest) {
		id, name, ok := strings.Cut(strings.TrimSpace(line), " = ")
		if !ok {
			break
		}
		list = append(list, answering.Named{ID: id, Name: name})
	}
	return list
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

func resultsIn(messages []llms.MessageContent) []answering.Result {
	arguments := map[string]string{}
	var list []answering.Result
	for _, m := range messages {
		for _, p := range m.Parts {
			switch part := p.(type) {
			case llms.ToolCall:
				if part.FunctionCall != nil {
					arguments[part.ID] = part.FunctionCall.Arguments
				}
			case llms.ToolCallResponse:
				list = append(list, answering.Result{Tool: part.Name, Arguments: arguments[part.ToolCallID],
					Text: strings.TrimSpace(strings.ReplaceAll(part.Content, Notice, ""))})
			}
		}
	}
	return list
}

// facts returns what the skills need to know.
func (c *conversation) facts(m *Model, tools []tool) answering.Facts {
	f := answering.Facts{Now: c.now, Projects: c.projects, Clients: c.clients, Name: c.name, Email: c.email,
		History: c.history, Results: c.results, Plan: lackedPlan(c.system)}
	for _, t := range tools {
		f.Tools = append(f.Tools, t.name)
		if t.name == "ask_agent" && t.schema.Properties["agent"] != nil {
			f.Colleagues = slices.Clone(t.schema.Properties["agent"].Enum)
		}
	}
	return f
}
