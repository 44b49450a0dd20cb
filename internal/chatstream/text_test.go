package chatstream_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// TestRandomTextInRandomChunks draws texts that are dense in what token frames must not be, and sends them through the leak
// filter and past it: only the filter's pieces end with whole characters.
func TestRandomTextInRandomChunks(t *testing.T) {
	t.Parallel()
	model := llmtest.NewModel()
	checkRandomText(t, model, start(t, model))
	checkRandomText(t, model, start(t, model, withoutFilter(t, model)))
}

// pastTheFilter takes the leak filter away, whose pieces are friendlier than a model's.
func withoutFilter(t *testing.T, model agent.Model) option {
	return func(c *httpapi.Config) {
		templates, err := playbook.NewTemplates()
		check(t, err)
		c.Chat = chat.New(chat.Config{Agents: c.Agents, Model: model, Templates: templates, Log: c.Log,
			Filter: func(...string) chat.Guard { return noFilter{} }})
	}
}

// unguarded lets every piece out as it is.
type noFilter struct{ emit agent.Emit }

func (noFilter) Text(s string) (clean, hit string)       { return s, "" }
func (noFilter) Values(...string) string                 { return "" }
func (noFilter) Stream(emit agent.Emit) chat.GuardStream { return noFilter{emit} }
func (u noFilter) Write(text string) error               { return u.emit(text) }
func (noFilter) Close() error                            { return nil }
func (noFilter) Hit() string                             { return "" }

func checkRandomText(t *testing.T, model *llmtest.Model, a *api) {
	t.Helper()
	s := a.Dial(a.Register("any@example.com"))
	letters := []string{"{", "}", "{}", `{"a":1}`, "[", "]", `"`, `\`, " ", "\n", "\t", ":", "1", "null", "é", "日", "😀", "\xff", "\xe6\x97", "\ufeff", "word "}
	random := rand.New(rand.NewPCG(3, 4))
	for range 400 {
		var text strings.Builder
		for range 1 + random.IntN(24) {
			text.WriteString(letters[random.IntN(len(letters))])
		}
		if strings.TrimSpace(text.String()) == "" {
			continue // no answer at all
		}
		model.Script(llmtest.TextTurn(llmtest.Chunks(text.String(), 1+random.IntN(9))...))
		s.Ask("say something")
		tokens, last := s.Answer()
		if last.Error != nil || last.Replaced {
			t.Fatalf("%q: %+v", text.String(), last)
		}
		if got := strings.Join(tokens, ""); got != *last.Response || got != string([]rune(text.String())) {
			t.Errorf("%q: tokens %q, response %q", text.String(), tokens, *last.Response)
		}
	}
}

// TestSplitCharactersAreJoined waits between the halves, so that they cannot leave together by chance.
func TestSplitCharactersAreJoined(t *testing.T) {
	t.Parallel()
	pieces := []string{"one \xf0", "\x9f", "\x98", "\x80 two \xe6\x97", "\xa5 three \xc3", "( four \xe2\x82"}
	model := streaming(func(_ context.Context, emit agent.Emit) error {
		for _, p := range pieces {
			if err := emit(p); err != nil {
				return err
			}
			<-time.After(20 * time.Millisecond)
		}
		return nil
	})
	a := start(t, model, withoutFilter(t, model))
	s := a.Dial(a.Register("halves@example.com"))
	s.Ask("say something")
	tokens, last := s.Answer()
	want := []string{"one ", "\U0001F600 two ", "日 three ", "\ufffd( four ", "\ufffd\ufffd"}
	if !slices.Equal(tokens, want) || *last.Response != strings.Join(want, "") {
		t.Errorf("tokens %q, response %q; want %q", tokens, *last.Response, want)
	}
}
