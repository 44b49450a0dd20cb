//go:build soak

package scenarios_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/scenario"
	"github.com/adiuva/cloud-api/internal/testing/smallmodel"
)

// smallModel returns a client of a real small model.
func smallModel(t *testing.T) agent.Model {
	t.Helper()
	client, err := llm.New(llm.Config{BaseURL: smallmodel.Start(t, "../.."), Model: smallmodel.Name,
		FirstTokenTimeout: smallmodel.FirstToken, IdleTimeout: smallmodel.FirstToken, Timeout: smallmodel.Whole})
	check(t, err)
	t.Cleanup(client.Close)
	return client
}

// routing is a model that lets a real one route and answers at once itself. It keeps what the real one said.
type routing struct {
	real agent.Model

	mu     sync.Mutex
	player *player
	said   string
}

func (r *routing) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	if call.Small {
		answer, err := r.real.Generate(ctx, call, emit)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.said = answer.Text
		return answer, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.player.listen(call)
	return agent.Answer{Text: "All right."}, nil
}

// rates counts by category.
type rates struct{ right, all map[string]int }

func newRates() rates { return rates{map[string]int{}, map[string]int{}} }

func (r rates) add(category string, right bool) {
	r.all[category]++
	r.all["together"]++
	if right {
		r.right[category]++
		r.right["together"]++
	}
}

func (r rates) String() string {
	var b strings.Builder
	for _, category := range slices.Sorted(maps.Keys(r.all)) {
		fmt.Fprintf(&b, "\n  %-12s %3d of %3d", category, r.right[category], r.all[category])
	}
	return b.String()
}

// TestRealModelRoutes lets the small model route every message and prints the rates. It fails if a message gets no
// answer, or if less than half of them reach the right agents: the default agent alone is right for more.
func TestRealModelRoutes(t *testing.T) {
	model := &routing{real: smallModel(t)}
	a := newAssistant(t, model)
	agents := a.tools()
	rates, byDefault := newRates(), 0
	for _, s := range read(t) {
		history := slices.Clone(s.Context.History)
		for _, turn := range s.Turns {
			model.player = newPlayer(turn, agents)
			_, err := a.answer(t.Context(), s, turn, history)
			if err != nil {
				t.Errorf("%s: %q: %v", s.Category, turn.Say, err)
				continue
			}
			want := turn.Agents
			if s.Plan {
				want = want[:1]
			}
			right := slices.Equal(model.player.asked, want)
			if slices.Equal(want, []string{"task_agent"}) {
				byDefault++
			}
			rates.add(s.Category, right)
			if !right {
				t.Logf("%s: %q went to %v, not %v; the router said %q", s.Category, turn.Say, model.player.asked, want,
					model.said)
			}
			history = append(history, agent.Turn{Role: "user", Content: turn.Say},
				agent.Turn{Role: "assistant", Content: "All right."})
		}
	}
	t.Logf("routed rightly (%d by the default agent alone):%s", byDefault, rates)
	if right, all := rates.right["together"], rates.all["together"]; right < all/2 {
		t.Errorf("only %d of %d messages reach the right agents", right, all)
	}
}

// TestRealModelAnswers has the small model answer messages that need no tool, and prints how many answers are sound:
// some text, no prompt in it, and no change.
func TestRealModelAnswers(t *testing.T) {
	const asked = 24
	a := newAssistant(t, smallModel(t))
	list := slices.DeleteFunc(read(t), func(s scenario.Scenario) bool { return s.Category != "small_talk" })
	rates := newRates()
	for _, s := range list[:asked] {
		began := time.Now()
		reply, err := a.answer(t.Context(), s, s.Turns[0], nil)
		if err != nil {
			t.Errorf("%q: %v", s.Name(), err)
			continue
		}
		sound := strings.TrimSpace(reply.Text) != "" && !reply.Replaced && len(reply.Actions) == 0
		rates.add(s.Category, sound)
		t.Logf("%.0f s, sound %v: %q: %q", time.Since(began).Seconds(), sound, s.Name(), reply.Text)
	}
	t.Logf("sound answers:%s", rates)
	if rates.right["together"] < asked*3/4 {
		t.Errorf("only %d of %d answers are sound", rates.right["together"], asked)
	}
}
