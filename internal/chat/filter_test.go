package chat_test

import (
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/sanitize"
)

func TestFilterBlocksPrompts(t *testing.T) {
	t.Parallel()
	var secrets []sanitize.Secret
	for _, p := range chat.Prompts() {
		secrets = append(secrets, sanitize.Secret{ID: p.ID, Text: p.Text})
	}
	filter := chat.NewFilter(sanitize.New(secrets...), nil)
	leak := strings.Join(strings.Fields(chat.Prompts()[1].Text)[:30], " ")
	for _, c := range []struct {
		name, text, userText string
		hit                  bool
	}{
		{"prose", "Your three tasks are due on Friday.", "", false},
		{"a prompt", "Sure: " + leak, "", true},
		{"what the user sent", "You wrote: " + leak, leak, false},
	} {
		guard := filter(t.Context(), pro, c.userText)
		clean, hit := guard.Text(c.text)
		if (hit != "") != c.hit || !c.hit && clean != c.text {
			t.Errorf("%s: got hit %q, want a hit: %v", c.name, hit, c.hit)
		}
		if (filter(t.Context(), pro, c.userText).Values("x", c.text) != "") != c.hit {
			t.Errorf("%s as a value: want a hit: %v", c.name, c.hit)
		}
		var emitted strings.Builder
		stream := filter(t.Context(), pro, c.userText).Stream(collect(&emitted))
		for word := range strings.SplitAfterSeq(c.text, " ") {
			if stream.Write(word) != nil {
				break
			}
		}
		err := stream.Close()
		if (err != nil) != c.hit || (stream.Hit() != "") != c.hit || !c.hit && emitted.String() != c.text {
			t.Errorf("%s streamed: got error %v, hit %q, emitted %q", c.name, err, stream.Hit(), emitted.String())
		}
	}
}

func TestPromptsHaveIDs(t *testing.T) {
	t.Parallel()
	for _, f := range chat.Prompts() {
		if f.ID == "" || len(f.Text) < 100 {
			t.Errorf("prompt %q has only %d characters or no id", f.ID, len(f.Text))
		}
	}
}
