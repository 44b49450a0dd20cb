package provider_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/provider"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// TestModelsWithoutToolsAreNoneForAgents asks a model that cannot call tools: the next provider answers, or the error
// says what to do, and the operator is told once unless the caller chose the model.
func TestModelsWithoutToolsAreNoneForAgents(t *testing.T) {
	t.Attr("case", "L15")
	t.Parallel()
	refusal := llmtest.Send(400, "application/json", `{"error":{"message":"m does not support tools"}}`)
	for name, c := range map[string]struct {
		who    tier.Tier
		choice agent.ModelChoice
		want   error
		alerts int
	}{
		"two providers": {tier.Pro, agent.ModelChoice{}, nil, 1},
		"one provider":  {tier.Free, agent.ModelChoice{}, provider.ErrNoTools, 1},
		"chosen":        {tier.Pro, agent.ModelChoice{Name: "small"}, provider.ErrChoiceWithoutTools, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var logged bytes.Buffer
			set, servers := setup(t, 2, func(cfg *provider.Config) {
				cfg.Log = slog.New(slog.NewJSONHandler(&logged, nil))
			})
			servers[0].Script(refusal, refusal)
			servers[1].Script(fine, fine)
			for range 2 {
				call := askAs(account(c.who), c.choice)
				call.Tools = []llms.Tool{{Type: "function", Function: &llms.FunctionDefinition{Name: "f",
					Parameters: json.RawMessage(`{"type":"object","properties":{}}`)}}}
				answer, err := set.Generate(t.Context(), call, nil)
				if !errors.Is(err, c.want) || c.want == nil && answer.Usage.Provider != "p2" {
					t.Errorf("answer %+v, error %v, want %v", answer, err, c.want)
				}
			}
			if n := strings.Count(logged.String(), "cannot call tools; an operator must act"); n != c.alerts {
				t.Errorf("%d alerts, want %d: %s", n, c.alerts, &logged)
			}
		})
	}
}

// TestOwnBadKeyIsRefusedAsGeminiDoes has the key of a caller refused with 400, and then the operator's.
func TestOwnBadKeyIsRefusedAsGeminiDoes(t *testing.T) {
	t.Attr("case", "L03")
	t.Parallel()
	refusal := llmtest.Send(400, "application/json", `[{"error":{"code":400,"message":"API key not valid. Please pass `+
		`a valid API key.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}]`)
	set, servers := setup(t, 1)
	servers[0].Script(refusal, refusal, refusal)
	own := agent.ModelChoice{Key: agent.NewKey("AIza-own")}
	if _, err := set.Generate(t.Context(), askAs(account(tier.Power), own), nil); !errors.Is(err,
		provider.ErrKeyRefused) {
		t.Errorf("own key: %v", err)
	}
	for range 3 {
		_, err := set.Generate(t.Context(), askAs(account(tier.Power), agent.ModelChoice{}), nil)
		if !errors.Is(err, agent.ErrModelRefused) {
			t.Errorf("our key: %v", err)
		}
	}
	if n := len(servers[0].Requests()); n != 3 {
		t.Errorf("%d requests, want 3: two refusals of our key are remembered", n)
	}
}
