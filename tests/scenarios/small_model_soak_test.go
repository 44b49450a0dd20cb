//go:build soak

package scenarios_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/scenario"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// A model of 135 million parameters on two CPU cores reads some 100 tokens a second.
const (
	firstToken  = 10 * time.Minute
	wholeAnswer = 20 * time.Minute
	longest     = "160" // tokens of an answer
)

// smallModel starts a server with a real small model and returns a client. The first run installs both into
// SMALL_MODEL_DIR, by default a folder in the user's cache; where that fails, the test is skipped.
func smallModel(t *testing.T) agent.Model {
	t.Helper()
	directory := os.Getenv("SMALL_MODEL_DIR")
	if directory == "" {
		cache, err := os.UserCacheDir()
		check(t, err)
		directory = filepath.Join(cache, "adiuva", "small-model")
	}
	if out, err := exec.Command("../../scripts/install-small-model", directory).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED, there is no small model: %v\n%s", err, out[max(0, len(out)-2_000):])
	}
	port := freePort(t)
	var output bytes.Buffer
	server := exec.Command(filepath.Join(directory, "llama-server"),
		"--model", filepath.Join(directory, "smollm2.gguf"),
		"--host", "127.0.0.1", "--port", port, "--jinja", "--ctx-size", "16384",
		"--parallel", "2", // or the router and the agents evict each other's prompts
		"--n-predict", longest)
	server.Stdout, server.Stderr = &output, &output
	check(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill() // it answers no more, and is only waited for
		_ = server.Wait()
		if t.Failed() {
			t.Logf("the server said: %s", output.Bytes()[max(0, output.Len()-2_000):])
		}
	})
	base := "http://127.0.0.1:" + port
	pgtest.Eventually(t, time.Minute, func() error {
		resp, err := http.Get(base + "/health")
		if err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK {
			err = errors.New(resp.Status)
		}
		return errors.Join(err, resp.Body.Close())
	})
	client, err := llm.New(llm.Config{BaseURL: base + "/v1", Model: "smollm2", FirstTokenTimeout: firstToken,
		IdleTimeout: firstToken, Timeout: wholeAnswer})
	check(t, err)
	t.Cleanup(client.Close)
	return client
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	check(t, errors.Join(err, l.Close()))
	return port
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
