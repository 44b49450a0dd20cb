package system_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/testing/soak"
)

// TestAnswersAreShownBeforeTheirEnd streams benign answers over version 2 and as server-sent events. The model ends
// each only after the client has read what the filter alone would have let pass by then, so that nothing else may hold
// text back. It logs the median share of an answer that was shown before its end, and expects every answer unchanged.
// With the tag soak all answers of 300 bytes and more are tried, otherwise every tenth.
func TestAnswersAreShownBeforeTheirEnd(t *testing.T) {
	t.Parallel()
	var answers []leaktest.Answer
	for i, a := range leaktest.Answers() {
		if len(a.Text) >= 300 && (soak.Enabled || i%10 == 0) {
			answers = append(answers, a)
		}
	}
	for name, open := range map[string]func(*api, apitest.Header) func(request string) eventReader{
		"version 2": func(a *api, me apitest.Header) func(string) eventReader {
			s := a.DialEvents(me)
			return func(request string) eventReader { s.Send(request); return s }
		},
		"server-sent events": func(a *api, me apitest.Header) func(string) eventReader {
			return func(request string) eventReader {
				s, refused := a.AskEvents(request, me)
				if s == nil {
					t.Fatalf("%d %s", refused.Status, refused.Body)
				}
				return s
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := llmtest.NewModel()
			a := start(t, m)
			shares := measureShares(t, m, open(a, a.Register("me@example.com")), answers)
			logShares(t, shares)
			if strings.Contains(a.Logs.String(), "leak filter") {
				t.Error("the log has a false positive")
			}
		})
	}
}

// eventReader reads the events of one answer.
type eventReader interface {
	Next() apitest.Event
	Answer(already ...apitest.Event) []apitest.Event
}

// measureShares has the model give each of the answers, and returns by kind which share of each was shown before its
// end.
func measureShares(
	t *testing.T, m *llmtest.Model, ask func(request string) eventReader, answers []leaktest.Answer,
) map[string][]float64 {
	t.Helper()
	const question = "How is it going?"
	agents, templates := builtin(t, m)
	filter := sanitize.New(chat.Secrets(agents, templates)...)
	shares := map[string][]float64{}
	for _, answer := range answers {
		want := 0
		st := filter.Scope(question).Stream(func(part string) error { want += len(part); return nil })
		shown := make(chan struct{})
		for _, piece := range llmtest.Chunks(answer.Text, 5) {
			check(t, st.Write(piece))
		}
		m.RespondWith(func(ctx context.Context, _ agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
			for _, piece := range llmtest.Chunks(answer.Text, 5) {
				if err := emit(piece); err != nil {
					return agent.Answer{}, err
				}
			}
			select {
			case <-shown:
			case <-ctx.Done():
			}
			return agent.Answer{}, nil
		})
		s := ask(`{"message":"` + question + `"}`)
		var events []apitest.Event
		before := 0
		for before < want {
			e := s.Next()
			if e.IsEnd() {
				t.Fatalf("%d of %d bytes of %.60q were shown, then came %+v", before, want, answer.Text, e)
			}
			events = append(events, e)
			before += len(e.Delta)
		}
		close(shown)
		events = s.Answer(events...)
		if last := events[len(events)-1]; last.Replaced || last.Response == nil || *last.Response != answer.Text {
			t.Errorf("%s: the answer %.60q came as %+v", answer.Kind, answer.Text, last)
		}
		shares[answer.Kind] = append(shares[answer.Kind], float64(before)/float64(len(answer.Text)))
	}
	return shares
}

func logShares(t *testing.T, shares map[string][]float64) {
	t.Helper()
	for kind, list := range shares {
		slices.Sort(list)
		median := list[len(list)/2]
		t.Logf("%s: %d answers, median share %.3f", kind, len(list), median)
		if median < 0.9 && kind != "data" && soak.Enabled {
			t.Errorf("%s: a median share of %.3f is shown before the end, want 0.9", kind, median)
		}
	}
}
