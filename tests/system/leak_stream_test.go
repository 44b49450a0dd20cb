package system_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

// streamed lets the model stream its secrets over a socket, every disguise with the attacks that pick names for it, in
// pieces of 1, 7 and 64 bytes. It demands that 95 % of what a filter can see is stopped, and that of what can be told
// before its end no letter was sent.
func (l *leakTest) checkStreamedStopRate(t *testing.T, pick func(transform int) []leaktest.Attack) {
	t.Helper()
	socket := l.Dial(l.me)
	all, stopped := 0, 0
	missed := map[string]int{}
	for i, tr := range leaktest.Transforms() {
		for n, attack := range pick(i) {
			for _, size := range []int{1, 7, 64} {
				replaced, sent := l.askStreamed(t, socket, tr, attack, n, size)
				if replaced && tr.TellableBeforeEnd && hasContent(strings.TrimPrefix(sent, tr.Intro)) && !strings.HasPrefix(tr.Intro, sent) {
					t.Errorf("%s %s, %s in pieces of %d: %q was sent", tr.ID, tr.Name, attack.ID, size, sent)
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

// says reports whether text holds any letter, digit or picture.
func hasContent(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.So, r) || unicode.Is(unicode.Cf, r)
	})
}

// stream asks once and returns whether the answer was replaced, and what had been sent of it.
func (l *leakTest) askStreamed(t *testing.T, socket *stream, tr leaktest.Transform, attack leaktest.Attack, n, size int) (replaced bool, sent string) {
	t.Helper()
	l.model.Respond(func(call agent.ModelCall) agent.Answer {
		secret := l.secretFor(t, call, attack, n)
		secret, _, _ = strings.Cut(secret, "\n\nToday is ") // which is no secret
		if attack.Target == "tool schemas" {                // without what is the API's own, and no secret, around them
			secret = ""
			for _, tool := range call.Tools {
				schema, err := json.Marshal(tool.Function.Parameters)
				check(t, err)
				secret += tool.Function.Name + ": " + tool.Function.Description + "\n" + string(schema) + "\n"
			}
		}
		return agent.Answer{Text: tr.Apply(secret)}
	})
	l.model.SetChunkSize(size)
	socket.Send(channels()[0].request(t, attack))
	tokens, last := socket.Answer()
	sent = strings.Join(tokens, "")
	switch {
	case last.Error != nil:
		t.Errorf("%s, %s in pieces of %d: %+v", tr.ID, attack.ID, size, last.Error)
	case last.Replaced && !isFallback(channels()[0], map[string]any{"kind": last.Kind, "response": *last.Response, "actions": toAny(last.Actions), "replaced": true}):
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

// TestStreamedLeaksAreStopped takes one attack for each disguise; all of them are tried under the tag soak.
func TestStreamedLeaksAreStopped(t *testing.T) {
	t.Parallel()
	attacks := leaktest.Attacks()
	startLeaking(t).checkStreamedStopRate(t, func(i int) []leaktest.Attack { return attacks[i*13%57 : i*13%57+1] })
}
