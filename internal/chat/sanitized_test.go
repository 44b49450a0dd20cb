package chat_test

import (
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/sanitize"
)

func TestSanitizedHitsOnPrompts(t *testing.T) {
	t.Parallel()
	var secrets []sanitize.Secret
	for _, p := range chat.Prompts() {
		secrets = append(secrets, sanitize.Secret{ID: p.ID, Text: p.Text})
	}
	filter := chat.NewFilter(sanitize.New(secrets...))
	leak := strings.Join(strings.Fields(chat.Prompts()[1].Text)[:30], " ")
	for _, c := range []struct {
		name, text, caller string
		hit                bool
	}{
		{"prose", "Your three tasks are due on Friday.", "", false},
		{"a prompt", "Sure: " + leak, "", true},
		{"what the caller sent", "You wrote: " + leak, leak, false},
	} {
		guard := filter(c.caller)
		clean, hit := guard.Text(c.text)
		if (hit != "") != c.hit || !c.hit && clean != c.text {
			t.Errorf("%s: hit %q", c.name, hit)
		}
		if (filter(c.caller).Values("x", c.text) != "") != c.hit {
			t.Errorf("%s as a value: hit is not %v", c.name, c.hit)
		}
		var sent strings.Builder
		stream := filter(c.caller).Stream(func(s string) error { sent.WriteString(s); return nil })
		for word := range strings.SplitAfterSeq(c.text, " ") {
			if stream.Write(word) != nil {
				break
			}
		}
		err := stream.Close()
		if (err != nil) != c.hit || (stream.Hit() != "") != c.hit || !c.hit && sent.String() != c.text {
			t.Errorf("%s streamed: %v, hit %q, sent %q", c.name, err, stream.Hit(), sent.String())
		}
	}
}
