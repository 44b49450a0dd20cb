//go:build soak

package system_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/smallmodel"
)

// TestRealModelBehindTheService asks a real small model through the service: over REST, over a socket and for a plan.
func TestRealModelBehindTheService(t *testing.T) {
	address := smallmodel.Start(t, "../..")
	a := &api{apitest.StartConfigured(t, func(c *config.Config) {
		c.OpenAIBaseURL, c.OpenAIAPIKey = address, config.NewSecret("none")
		c.LLMModel, c.LLMRouterModel = smallmodel.Name, smallmodel.Name
		c.LLMFirstTokenTimeout, c.LLMIdleTimeout = smallmodel.FirstToken, smallmodel.FirstToken
		c.LLMTimeout, c.LLMMaxTokens = smallmodel.Whole, smallmodel.LongestAnswer
		c.LLMContextTokens = 8_192
	})}
	me := a.Register("small@example.com")
	rest := a.Do("POST", "/api/v1/chat", `{"message":"hello"}`, me)
	if text, _ := rest.JSON(t)["response"].(string); rest.Status != http.StatusOK || strings.TrimSpace(text) == "" {
		t.Errorf("POST /chat: %d %s", rest.Status, rest.Body)
	}
	usage, _ := rest.JSON(t)["usage"].(map[string]any)
	if usage["estimated"] != false || usage["model"] != smallmodel.Name || usage["input_tokens"].(float64) < 500 {
		t.Errorf("usage: %v", usage)
	}
	s := a.Dial(me)
	s.Ask("hello")
	tokens, last := s.Answer()
	if last.Error != nil || last.Response == nil || strings.Join(tokens, "") != *last.Response {
		t.Errorf("the tokens %q do not join to the answer %+v", tokens, last)
	}
	plan := a.Do("POST", "/api/v1/chat", `{"message":"prepare the weekly report","execution_mode":"plan"}`, me)
	if plan.Status != http.StatusOK || plan.JSON(t)["kind"] != "plan" {
		t.Errorf("plan: %d %s", plan.Status, plan.Body)
	}
	t.Logf("answer %s\nstream %q\nplan %s", rest.Body, tokens, plan.Body)
}
