package provider_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/provider"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// longCall returns a call with a history of that many turns of some 20 tokens, made for a prompt of 900 tokens.
func longCall(turns int) agent.ModelCall {
	call := askAs(account(tier.Pro), agent.ModelChoice{})
	call.Request.Limits = agent.Limits{ContextTokens: 1000, MaxOutputTokens: 100}
	list := []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeSystem, "Be kind.")}
	for i := range turns {
		role := []llms.ChatMessageType{llms.ChatMessageTypeHuman, llms.ChatMessageTypeAI}[i%2]
		list = append(list, llms.TextParts(role, fmt.Sprintf("turn %d. The offer for the kitchen is due on Friday, "+
			"as Anna has said in her letter.", i)))
	}
	call.History = agent.Span{From: 1, To: len(list)}
	call.Request.Turns = agent.HistoryUse{Used: turns, Dropped: 5}
	call.Messages = append(list, llms.TextParts(llms.ChatMessageTypeHuman, "when is it due?"))
	return call
}

// smaller gives the provider a prompt of 300 tokens.
func smaller(i int) func(*provider.Config) {
	return func(cfg *provider.Config) { cfg.Clients[i].Provider.ContextTokens = 400 }
}

func TestNextProviderWithASmallerContextGetsTheNewestTurns(t *testing.T) {
	t.Attr("case", "L14")
	t.Parallel()
	const turns = 30
	set, servers := setup(t, 2, smaller(1))
	servers[0].Script(llmtest.Refuse(503))
	servers[1].Script(fine, llmtest.Send(200, "application/json",
		`{"choices":[{"message":{"content":"fine"},"finish_reason":"stop"}]}`))
	call := longCall(turns)
	answer, err := set.Generate(t.Context(), call, nil)
	if err != nil || answer.Usage.Provider != "p2" || answer.Usage.Estimated {
		t.Fatalf("answer %+v, error %v", answer, err)
	}
	first, second := string(servers[0].Requests()[0].Body), string(servers[1].Requests()[0].Body)
	used := strings.Count(second, "as Anna has said")
	if n := strings.Count(first, "as Anna has said"); n != turns || used < 5 || used > 15 {
		t.Errorf("the first provider got %d turns, the second %d", n, used)
	}
	for _, want := range []string{"Be kind.", "when is it due?", "turn 29. ", fmt.Sprintf("turn %d. ", turns-used)} {
		if !strings.Contains(second, want) {
			t.Errorf("the second provider did not get %q", want)
		}
	}
	if want := (agent.HistoryUse{Used: used, Dropped: turns + 5 - used}); call.Request.Turns != want {
		t.Errorf("the request's turns are %+v, want %+v", call.Request.Turns, want)
	}
	// The request's next call asks the second provider first. It says nothing of usage, which is that of the shorter
	// prompt then.
	answer, err = set.Generate(t.Context(), longCallOf(call), nil)
	u := answer.Usage
	if err != nil || u.Provider != "p2" || !u.Estimated || u.InputTokens > 300 || u.InputTokens < 100 {
		t.Errorf("usage %+v, error %v", u, err)
	}
}

// longCallOf returns the next call of a request, made for the limits of the request.
func longCallOf(call agent.ModelCall) agent.ModelCall {
	next := longCall(30)
	next.Request = call.Request
	return next
}

func TestProviderWithTooLittleContextIsLeftOut(t *testing.T) {
	t.Attr("case", "L14")
	t.Parallel()
	set, servers := setup(t, 3, smaller(1))
	servers[0].Script(llmtest.Refuse(503))
	servers[2].Script(fine)
	call := longCall(0)
	call.Messages[1] = llms.TextParts(llms.ChatMessageTypeHuman, strings.Repeat("Call Anna about the offer. ", 70))
	answer, err := set.Generate(t.Context(), call, nil)
	if n := len(servers[1].Requests()); err != nil || answer.Usage.Provider != "p3" || n != 0 {
		t.Errorf("answer %+v, error %v, and %d requests to the smaller provider", answer, err, n)
	}
	set, servers = setup(t, 2, smaller(1))
	servers[0].Script(llmtest.Refuse(503))
	call.Request = longCall(0).Request
	if _, err = set.Generate(t.Context(), call, nil); !errors.Is(err, agent.ErrModelUnavailable) {
		t.Errorf("error %v, want that of the provider that was asked", err)
	}
}
