package agent

import (
	"context"
	"strings"
	"unicode"

	"github.com/adiuva/cloud-api/internal/action"
)

// Bounds on the search for the source of a proposal.
const (
	maxSourceBytes = 4_000 // of the text of a row
	minSourceWords = 2     // that a source has in common with the change
	minWordLetters = 4     // shorter words say little about a source
)

// sourceOf returns the row whose text has most words in common with the change and the title of the row that it
// changes, or nil when none has enough. It reads the tables whose texts others may have written, but not that row.
func (r *Run) sourceOf(ctx context.Context, a action.Action) *Source {
	wanted := map[string]bool{}
	for _, value := range a.Data {
		if text, ok := value.(string); ok {
			addWords(wanted, text)
		}
	}
	search := sourceSearch{run: r, wanted: wanted, most: minSourceWords - 1}
	if id, ok := a.Data["id"].(string); ok {
		search.self = Source{a.Table, id}
		addWords(wanted, r.Describe(a.Table, id).Title)
	}
	c := r.Context
	for _, row := range c.Emails {
		search.compare(ctx, "emails", row.ID, row.Subject+"\n"+row.From+"\n"+row.Snippet)
	}
	for _, row := range c.Notes {
		search.compare(ctx, "notes", row.ID, row.Title+"\n"+Truncate(row.Content, maxSourceBytes))
	}
	for _, row := range c.TaskComments {
		search.compare(ctx, "taskComments", row.ID, row.Content)
	}
	for _, row := range c.Events {
		search.compare(ctx, "events", row.ID, row.Title+"\n"+row.Location)
	}
	return search.best
}

type sourceSearch struct {
	run    *Run
	wanted map[string]bool
	self   Source // the row that is changed
	best   *Source
	most   int
}

func (s *sourceSearch) compare(ctx context.Context, table, id, text string) {
	text = Truncate(text, maxSourceBytes)
	if id == "" || s.self == (Source{table, id}) || s.run.WorkOnText(ctx, text) != nil {
		return
	}
	found := map[string]bool{}
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), notInWord) {
		if s.wanted[word] {
			found[word] = true
		}
	}
	if len(found) > s.most {
		s.most, s.best = len(found), &Source{Table: table, ID: id}
	}
}

func addWords(words map[string]bool, text string) {
	for word := range strings.FieldsFuncSeq(strings.ToLower(Truncate(text, maxSourceBytes)), notInWord) {
		if len(word) >= minWordLetters {
			words[word] = true
		}
	}
}

func notInWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
