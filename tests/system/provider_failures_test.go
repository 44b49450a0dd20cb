package system_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// TestProviderThatTakesOverWithASmallerContextIsSaid sends 60 turns, which the first provider has room for. The second,
// which answers, has room for some, and the reply says for how many.
func TestProviderThatTakesOverWithASmallerContextIsSaid(t *testing.T) {
	t.Attr("case", "L14")
	t.Parallel()
	const turns = 60
	large, small := llmtest.NewServer(t), llmtest.NewServer(t)
	large.Script(llmtest.Say("task_agent"), llmtest.Refuse(503))
	small.Script(llmtest.Say("On Friday."))
	path := filepath.Join(t.TempDir(), "providers.yaml")
	check(t, os.WriteFile(path, fmt.Appendf(nil, `providers:
  - {name: large, kind: openai, base_url: "%s", models: {agent: big}, context_tokens: 100000}
  - {name: small, kind: openai, base_url: "%s", models: {agent: tiny}, context_tokens: 8000, max_output_tokens: 1000}
`, large.URL, small.URL), 0o600))
	a := &api{apitest.StartConfigured(t, func(c *config.Config) { c.LLMProvidersFile = path })}
	var history []map[string]string
	for i := range turns {
		history = append(history, map[string]string{"role": []string{"user", "assistant"}[i%2], "content": fmt.Sprintf(
			"turn %d. %s", i, strings.Repeat("The offer for the kitchen is due on Friday. ", 20))})
	}
	body, err := json.Marshal(map[string]any{"message": "when is it due?",
		"context": map[string]any{"conversation_history": history}})
	check(t, err)
	got := a.Do("POST", "/api/v1/chat", string(body), a.registerAs(tier.Pro))
	if got.Status != http.StatusOK || len(small.Requests()) != 1 {
		t.Fatalf("%d %s, %d requests to the second provider", got.Status, got.Body, len(small.Requests()))
	}
	read := len(regexp.MustCompile(`turn \d+\. The`).FindAll(small.Requests()[0].Body, -1))
	want := fmt.Sprintf("map[history_dropped:%d history_used:%d]", turns-read, read)
	if used := fmt.Sprint(got.JSON(t)["context"]); used != want || read < 10 || read > 40 {
		t.Errorf("context is %s, want %s", used, want)
	}
}

// TestModelsWithoutToolsSayWhatToDo asks models that cannot call tools, over REST and over the stream.
func TestModelsWithoutToolsSayWhatToDo(t *testing.T) {
	t.Attr("case", "L15")
	t.Parallel()
	refusal := llmtest.Send(400, "application/json", `{"error":{"message":"m does not support tools"}}`)
	for name, c := range map[string]struct {
		who    tier.Tier
		model  string
		status int
		code   string
		says   string
	}{
		"the next provider": {tier.Pro, `{}`, 200, "", `"provider":"second"`},
		"only provider":     {tier.Free, `{}`, 502, "llm_error", "cannot call tools"},
		"chosen":            {tier.Pro, `{"name":"big"}`, 422, "validation_failed", `"pointer":"/model"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, servers := startProviders(t)
			me := a.registerAs(c.who)
			body := `{"message":"list my open tasks","model":` + c.model + `}`
			servers[0].Script(llmtest.Say("task_agent"), refusal)
			got := a.Do("POST", "/api/v1/chat", body, me)
			if got.Status != c.status || got.Code() != c.code || !strings.Contains(string(got.Body), c.says) {
				t.Errorf("REST: %d %s", got.Status, got.Body)
			}
			servers[0].Script(llmtest.Say("task_agent"), refusal)
			socket := a.Dial(me)
			socket.Send(body)
			_, last := socket.Answer()
			code := ""
			if last != nil && last.Error != nil {
				code = last.Error.Code
			}
			if last == nil || code != c.code {
				t.Errorf("stream: %+v", last)
			}
		})
	}
}
