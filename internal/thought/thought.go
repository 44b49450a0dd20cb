// Package thought finds what a reasoning model thinks before it answers, where a server sends it as part of the text:
// between tags such as <think> and </think>, or in a channel of its own. Without works on a whole answer, and Filter on
// one that arrives in pieces. Thoughts are not part of an answer: they are never shown and never read as data.
package thought

import (
	"regexp"
	"strings"
)

// tag matches the tags around thoughts.
var tag = regexp.MustCompile(`(?i)<(/?)(?:(?:seed:)?think|thinking|thoughts?|reasoning)>|\[(/?)think\]|◁(/?)think▷`)

// Tag is one tag around thoughts: text[Start:End].
type Tag struct {
	Start, End int
	Closes     bool
}

// Tags returns the tags in text, in their order.
func Tags(text string) []Tag {
	if !strings.ContainsAny(text, "<[◁") {
		return nil
	}
	var list []Tag
	for _, m := range tag.FindAllStringSubmatchIndex(text, -1) {
		closes := m[2] < m[3] || m[4] < m[5] || m[6] < m[7]
		list = append(list, Tag{Start: m[0], End: m[1], Closes: closes})
	}
	return list
}

// Skip returns the position after the thought that begins or ends at the first tag, and the tags after it. A thought
// that never ends reaches to the end of the text, whose length is n.
func Skip(tags []Tag, n int) (int, []Tag) {
	for i, t := range tags {
		if t.Closes {
			return t.End, tags[i+1:]
		}
	}
	return n, nil
}

// Without returns the answer in text without the thoughts before it, trimmed if there were any. A closing tag alone
// ends a thought that began before the text. Tags later in the answer are part of it.
func Without(text string) string {
	rest := withoutChannels(text)
	tags, at := Tags(rest), 0
	for len(tags) > 0 && (tags[0].Closes || strings.TrimSpace(rest[at:tags[0].Start]) == "") {
		at, tags = Skip(tags, len(rest))
	}
	if at == 0 && len(rest) == len(text) {
		return text
	}
	return strings.TrimSpace(rest[at:])
}

// withoutChannels returns the text of the final channel, if text has channels.
func withoutChannels(text string) string {
	if !opensChannel(text) {
		return text
	}
	var f Filter
	return f.Add(text) + f.Flush()
}

func opensChannel(text string) bool {
	text = strings.TrimLeft(text, " \t\r\n")
	return strings.HasPrefix(text, "<|channel|>") || strings.HasPrefix(text, "<|start|>assistant<|channel|>") ||
		strings.HasPrefix(text, "<|channel>")
}
