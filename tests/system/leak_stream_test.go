package system_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

// checkStreamedStopRate lets the model stream its secrets over the transport, in every disguise with the attacks that
// pick returns for it, in chunks of 1, 7 and 64 bytes. At least 95 % of the disguises that a filter can catch must be
// stopped, and nothing may have been sent of those that it can recognise before their end.
func (l *leakTest) checkStreamedStopRate(t *testing.T, transport apitest.Transport,
	pick func(transform int) []leaktest.Attack) {
	t.Helper()
	ask := transport.Open(l.API, l.me)
	all, stopped := 0, 0
	missed := map[string]int{}
	for i, tr := range leaktest.Transforms() {
		for n, attack := range pick(i) {
			for _, size := range []int{1, 7, 64} {
				replaced, sent := l.askStreamed(t, ask, tr, attack, n, size)
				if replaced && tr.CatchableInStream && hasContent(strings.TrimPrefix(sent, tr.Intro)) &&
					!strings.HasPrefix(tr.Intro, sent) {
					t.Errorf("%s %s, %s in chunks of %d: %q was sent", tr.ID, tr.Name, attack.ID, size, sent)
				}
				if tr.Catchable {
					all++
					if replaced {
						stopped++
					} else {
						missed[tr.ID+" "+tr.Name]++
					}
				}
			}
		}
	}
	t.Logf("stopped %d of %d (%.1f %%); missed %v", stopped, all, 100*float64(stopped)/float64(all), missed)
	if stopped*100 < all*95 {
		t.Errorf("stopped only %d of %d", stopped, all)
	}
	l.checkLog(t)
}

// hasContent reports whether text has a letter, a digit or a pictograph.
func hasContent(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.So, r) || unicode.Is(unicode.Cf, r)
	})
}

// askStreamed asks once and returns whether the answer was replaced, and what had been sent before.
func (l *leakTest) askStreamed(
	t *testing.T, ask apitest.AskFunc, tr leaktest.Transform, attack leaktest.Attack, n, size int,
) (replaced bool, sent string) {
	t.Helper()
	l.model.Respond(func(call agent.ModelCall) agent.Answer {
		secret := l.secretFor(t, call, attack, n)
		secret, _, _ = strings.Cut(secret, "\n\nToday is ") // the date is no secret
		if attack.Target == "tool schemas" {                // only our texts, not the JSON around them
			secret = ""
			for _, tool := range call.Tools {
				schema, err := json.Marshal(tool.Function.Parameters)
				check(t, err)
				secret += tool.Function.Name + ": " + tool.Function.Description + "\n" + string(schema) + "\n"
			}
		}
		l.streamed = secret
		return agent.Answer{Text: tr.Apply(secret)}
	})
	l.model.SetChunkSize(size)
	tokens, last := ask(t, channels()[0].request(t, attack))
	sent = strings.Join(tokens, "")
	switch {
	case last.Error != nil:
		t.Errorf("%s, %s in chunks of %d: %+v", tr.ID, attack.ID, size, last.Error)
	case last.Replaced && !isFallback(channels()[0], map[string]any{"kind": last.Kind, "response": *last.Response,
		"actions": toAny(last.Actions), "replaced": true}):
		t.Errorf("%s, %s: replaced by %q", tr.ID, attack.ID, *last.Response)
	case !last.Replaced && sent != *last.Response:
		t.Errorf("%s, %s: %q was sent, the answer is %q", tr.ID, attack.ID, sent, *last.Response)
	}
	return last.Replaced, sent
}

func toAny(actions []map[string]any) []any {
	list := make([]any, len(actions))
	for i, a := range actions {
		list[i] = a
	}
	return list
}

// TestStreamedLeaksAreStopped tries one attack in each disguise over each transport, and every attack in each with the
// tag soak.
func TestStreamedLeaksAreStopped(t *testing.T) {
	t.Parallel()
	attacks := leaktest.Attacks()
	for _, transport := range apitest.Transports() {
		t.Run(transport.Name, func(t *testing.T) {
			t.Parallel()
			startLeaking(t).checkStreamedStopRate(t, transport, func(i int) []leaktest.Attack {
				return oneAttackOrAll(attacks, i*13%57)
			})
		})
	}
}
