package offline_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/chat"
)

func TestSentencesBecomeToolCalls(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/sentences.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		sentence, want, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " =>")
		if !ok {
			continue
		}
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			o, model := setup(t)
			reply, err := o.Run(t.Context(), user, chat.Request{Message: sentence, Context: rows()}, chat.Listener{})
			got := strings.Join(changing(model.calls), " | ")
			if err != nil || got != strings.TrimSpace(want) || reply.Replaced {
				t.Errorf("%v\ngot  %s\nwant %s", err, got, want)
			}
		})
	}
}

// changing returns the calls without those that only look for a row.
func changing(calls []string) []string {
	return slices.DeleteFunc(calls, func(c string) bool { return strings.HasPrefix(c, "find_rows ") })
}
