package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/tmc/langchaingo/llms"
	"go.uber.org/goleak"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/provider"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var fine = llmtest.Say("fine")

func steps(list ...llmtest.Step) []llmtest.Step { return list }

// setup returns a set of n providers named p1, p2 and so on, each with the models big and small, and their servers.
func setup(t *testing.T, n int, change ...func(*provider.Config)) (*provider.Set, []*llmtest.Server) {
	t.Helper()
	var cfg provider.Config
	var servers []*llmtest.Server
	for i := range n {
		srv := llmtest.NewServer(t)
		servers = append(servers, srv)
		cfg.Clients = append(cfg.Clients, newClient(t, fmt.Sprintf("p%d", i+1), srv.URL, nil))
	}
	for _, f := range change {
		f(&cfg)
	}
	return provider.New(cfg), servers
}

// newClient returns a provider with a client of package llm that does not wait before retries. A nil transport is a
// real one.
func newClient(t *testing.T, name, baseURL string, transport http.RoundTripper) provider.Client {
	t.Helper()
	if transport == nil {
		real := &http.Transport{MaxIdleConnsPerHost: 64}
		t.Cleanup(real.CloseIdleConnections)
		transport = real
	}
	client, err := llm.New(llm.Config{APIKey: "sk-ours-" + name, BaseURL: baseURL, Model: "big", RouterModel: "small",
		Transport: transport, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	return provider.Client{Model: client, Provider: provider.Provider{Name: name, Kind: provider.OpenAI,
		Tier: tier.Free, Agent: "big", Router: "small", ContextTokens: 1000, MaxOutputTokens: 100}}
}

func ask(text string) agent.ModelCall {
	return agent.ModelCall{Messages: []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, text)}}
}

// askAs returns a call of a request of the user.
func askAs(user identity.User, choice agent.ModelChoice) agent.ModelCall {
	call := ask("hi")
	call.Request = &agent.ModelRequest{User: user, Choice: choice}
	return call
}

// account returns a new user of the tier.
func account(t tier.Tier) identity.User { return identity.User{ID: uuid.New(), Tier: t} }
