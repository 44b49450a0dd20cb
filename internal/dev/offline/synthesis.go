package offline

import (
	"regexp"
	"slices"
	"strings"
)

var resultMark = regexp.MustCompile(`\n\nResult \d+:\n`)

func isSynthesis(c conversation) bool {
	return strings.HasPrefix(c.message, "Request:\n") && resultMark.MatchString(c.message)
}

// planNotice is how the prompt says what the person's plan lacks.
var planNotice = regexp.MustCompile(`The person's plan does not include .*; the (\w+) plan does\. Say so`)

// lackedPlan returns the plan that has what the person's plan lacks for the message, or "".
func lackedPlan(system string) string {
	notice := planNotice.FindStringSubmatch(system)
	if notice == nil {
		return ""
	}
	return notice[1]
}

// missingFeature returns the sentence that names the plan that has what the person's plan lacks, unless the answer has
// named it, else "".
func (m *Model) missingFeature(c conversation, answer string) string {
	plan := lackedPlan(c.system)
	if plan == "" || strings.Contains(answer, plan) {
		return ""
	}
	return "\n\n" + m.reader.Read(requestOf(c.message), "", nil, c.today).Language.Text("lacks", "plan", plan)
}

// requestOf returns the person's message in a synthesis, or the message itself.
func requestOf(message string) string {
	rest, ok := strings.CutPrefix(message, "Request:\n")
	if !ok {
		return message
	}
	return resultMark.Split(rest, 2)[0]
}

// mergeResults joins the results of a synthesis, without duplicates.
func mergeResults(message string) string {
	var parts []string
	for _, part := range resultMark.Split(message, -1)[1:] {
		if part = strings.TrimSpace(strings.ReplaceAll(part, Notice, "")); part != "" && !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "\n\n")
}
