package offline

import (
	"encoding/json"
	"regexp"
	"strings"

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
	column = regexp.MustCompile(`(?m)^- (\w+)(?: \(always\))?: `)
)

// stepAnswer answers a plan's step: with records as JSON when the step names their members, else with text.
func (m *Model) stepAnswer(c conversation) string {
	step := readStep(c)
	columns := parseColumns(c.system)
	if len(columns) == 0 {
		return withNotice(answering.Write(m.reader, textKind(c.system), step))
	}
	text, err := json.Marshal(map[string]any{"records": answering.Records(m.reader, columns, step)})
	if err != nil {
		return `{"records":[]}`
	}
	return string(text)
}

// readStep reads the variables, facts and records in the message of a step.
func readStep(c conversation) answering.Step {
	step := answering.Step{Now: c.now, Variables: map[string]string{}}
	i := strings.LastIndex(c.message, recordsMark)
	head := c.message[:i]
	_ = json.Unmarshal([]byte(c.message[i+len(recordsMark):]), &step.Rows) // without readable records there are none
	if before, facts, ok := strings.Cut(head, factsMark); ok {
		head = before
		_ = json.Unmarshal([]byte(strings.TrimSpace(facts)), &step.Facts) // without readable facts there are none
	}
	for _, name := range []string{"request", "period", "project", "meeting"} {
		step.Variables[name] = variable(head, name)
	}
	return step
}

// textKind returns what kind of text the step's prompt asks for.
func textKind(system string) string {
	for _, known := range [][2]string{{"stand-up", answering.Standup}, {"preparation sheet", answering.Preparation},
		{"status note", answering.Status}, {"figures", answering.Figures}, {"the report of", answering.Report}} {
		if strings.Contains(system, known[0]) {
			return known[1]
		}
	}
	return answering.Summary
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

// variable returns the value of a variable in the head of a step's message: the rest of its line, or for the request
// all that follows.
func variable(head, name string) string {
	_, rest, _ := strings.Cut("\n"+head, "\n"+name+": ")
	if name != "request" {
		rest, _, _ = strings.Cut(rest, "\n")
	}
	return strings.TrimSpace(rest)
}
