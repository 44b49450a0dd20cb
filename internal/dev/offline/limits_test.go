package offline_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/dev/offline"
)

// longMessages are messages of 32,000 characters that are hard to read: no spaces, only quotation marks, only commands.
func longMessages() map[string]string {
	const length = 32_000
	fill := func(part string) string { return strings.Repeat(part, length/len([]rune(part))) }
	return map[string]string{"letters": fill("x"), "quotes": fill("“ "), "commands": fill("delete it and "),
		"digits": fill("1 "), "Chinese": fill("删除"), "Arabic": fill("احذف "), "nonsense": fill("qwertz asdf? ")}
}

// TestLongMessagesChangeNothing shows that long and strange messages get an answer that proposes nothing.
func TestLongMessagesChangeNothing(t *testing.T) {
	t.Parallel()
	for name, message := range longMessages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, _ := setup(t)
			reply, err := o.Run(t.Context(), user, chat.Request{Message: message, Context: rows()}, chat.Listener{})
			if err != nil || len(reply.Actions) > 0 || len(reply.Proposals) > 0 || reply.Replaced ||
				!strings.HasSuffix(reply.Text, offline.Notice) {
				t.Errorf("%v %+v", err, reply)
			}
		})
	}
}

// BenchmarkLongMessages measures one call of the model with 32,000 characters.
func BenchmarkLongMessages(b *testing.B) {
	model := offline.New(offline.Config{Now: now})
	for name, message := range longMessages() {
		call := agent.ModelCall{Messages: []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, message)},
			Tools: []llms.Tool{{Function: &llms.FunctionDefinition{Name: "find_rows"}}}}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := model.Generate(b.Context(), call, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestPaceEndsWithTheContext shows that the model waits after each word, and stops waiting when the caller leaves.
func TestPaceEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	model := offline.New(offline.Config{Now: now, Pace: time.Hour})
	words := 0
	_, err := model.Generate(ctx, agent.ModelCall{
		Messages: []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, "hello")},
	}, func(string) error { words++; cancel(); return nil })
	if !errors.Is(err, context.Canceled) || words != 1 {
		t.Errorf("%v after %d words", err, words)
	}
}
