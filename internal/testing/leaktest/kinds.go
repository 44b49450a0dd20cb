package leaktest

import (
	"regexp"
	"slices"
	"strings"
)

// Answer is a harmless answer. Kind is "prose", "list", "table", "code", "json", "schedule", "data", such as a file in
// base64, or "mixed": an answer that has several of these, or one of them and at least as much prose. YAML is
// counted as json; SQL, shell sessions, logs and diffs as code; CSV as table.
type Answer struct{ Kind, Text string }

// Answers returns the Benign answers, in the same order, with their kinds.
func Answers() []Answer {
	var out []Answer
	for _, text := range Benign() {
		out = append(out, Answer{kindOf(text), text})
	}
	return out
}

var (
	fence     = regexp.MustCompile("(?s)```.*?(```|$)")
	dataStart = regexp.MustCompile("^(```(json|yaml)\\s|[\\[{]\\s*[\\[{\"])")
	blobLine  = regexp.MustCompile(`(?m)\S{60}$|^[0-9a-f]{32}|^([0-9a-f]{2} ){8}`)
	anyLine   = regexp.MustCompile(`.`)
	yamlLine  = regexp.MustCompile(`^\s*(- )?[a-z][\w-]*:( |$)`)
	codeLine  = regexp.MustCompile(`[{};]$|^\s*(/\*|func|static|from \w+ import|def|class|import|package|const|` +
		`return|#include|SELECT|INSERT|CREATE|UPDATE|FROM|WHERE) ?|^(\$ |@@ |\+\+\+ |diff )|^\S*\d\d:\d\d:\d\d|` +
		`^[\d.]+ - \w+ \[`)
	tableLine    = regexp.MustCompile(`^\||^\s*<tr>`)
	csvLine      = regexp.MustCompile(`^[^;]*(;[^;\s][^;]*){2,}$|^("[^"]*"|[^",\s]+)(,("[^"]*"|[^",]*)){3,}$`)
	listLine     = regexp.MustCompile(`^\s*([-*•]|\d+[.)]) `)
	scheduleLine = regexp.MustCompile(`^[-*\s]*(\pL+ )?(\d+ \pL* ?)?\d{1,2}( h |[:.])\d\d($|[\s,;–-])`)
)

// kindOf classifies text by simple rules, which are good enough for statistics.
func kindOf(text string) string {
	var kinds []string
	notProse := 0 // bytes
	for _, block := range fence.FindAllString(text, -1) {
		notProse += len(block)
		if dataStart.MatchString(block) {
			kinds = append(kinds, "json")
		} else {
			kinds = append(kinds, "code")
		}
	}
	rest := strings.TrimSpace(fence.ReplaceAllString(text, ""))
	if kind, size := kindOfLines(strings.Split(rest, "\n")); kind != "prose" {
		kinds = append(kinds, kind)
		notProse += size
	}
	switch kinds = slices.Compact(kinds); {
	case len(kinds) == 0 && blobLine.MatchString(text):
		return "data"
	case len(kinds) == 0:
		return "prose"
	case len(kinds) > 1, notProse*2 < len(text):
		return "mixed"
	}
	return kinds[0]
}

// kindOfLines returns the kind of a text without fenced blocks, and how many of its bytes have that kind.
func kindOfLines(lines []string) (kind string, size int) {
	all, _ := matching(lines, anyLine)
	tables, tableSize := matching(lines, tableLine)
	items, listSize := matching(lines, listLine)
	times, scheduleSize := matching(lines, scheduleLine)
	values, csvSize := matching(lines, csvLine)
	yaml, _ := matching(lines, yamlLine)
	code, codeSize := matching(lines, codeLine)
	whole := len(strings.Join(lines, "\n"))
	switch {
	case dataStart.MatchString(lines[0]), lines[0] == "{", lines[0] == "[", yaml > 3 && yaml*4 > all*3:
		return "json", whole
	case tables >= 2 && (items >= 3 || times >= 3):
		return "mixed", whole
	case tables >= 2:
		return "table", tableSize
	case values >= 4:
		return "table", csvSize
	case codeLine.MatchString(lines[0]), code >= 3 && code*4 > all:
		return "code", whole
	case code >= 3:
		return "code", codeSize
	case times >= 3:
		return "schedule", scheduleSize
	case items >= 3:
		return "list", listSize
	}
	return "prose", 0
}

// matching returns the number of lines that pattern matches, and of their bytes.
func matching(lines []string, pattern *regexp.Regexp) (count, size int) {
	for _, line := range lines {
		if pattern.MatchString(line) {
			count++
			size += len(line) + 1
		}
	}
	return count, size
}
