package provider_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/provider"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// thinkThenCut sends a part of the answer that nobody sees, and ends.
func thinkThenCut(x *llmtest.Exchange) {
	x.Delta(`{"reasoning_content":"hm"}`)
	x.Reset()
}

// TestNextProviderAnswersWhereTheFirstFails shows which failures of the first provider the caller does not notice.
func TestNextProviderAnswersWhereTheFirstFails(t *testing.T) {
	t.Attr("case", "L06")
	t.Parallel()
	for name, c := range map[string]struct {
		first llmtest.Step
		over  bool // the second provider answers
	}{
		"401":             {llmtest.Refuse(401), true},
		"402":             {llmtest.Refuse(402), true},
		"403":             {llmtest.Refuse(403), true},
		"404":             {llmtest.Refuse(404), true},
		"429":             {llmtest.Refuse(429), true},
		"quota spent":     {llmtest.QuotaExhausted(), true},
		"500":             {llmtest.Refuse(500), true},
		"503":             {llmtest.Refuse(503), true},
		"connection cut":  {func(x *llmtest.Exchange) { x.Reset() }, true},
		"no JSON":         {llmtest.GarbageJSON(), true},
		"empty stream":    {llmtest.EmptyStream(), true},
		"nothing shown":   {thinkThenCut, true},
		"400":             {llmtest.Refuse(400), false},
		"422":             {llmtest.Refuse(422), false},
		"text was shown":  {llmtest.CutMidStream("a"), false},
		"error in stream": {llmtest.FailMidStream("a"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var logged bytes.Buffer
			log := slog.New(slog.NewJSONHandler(&logged, nil))
			set, servers := setup(t, 2, func(c *provider.Config) { c.Log = log })
			servers[0].Script(c.first)
			servers[1].Script(fine)
			answer, err := set.Generate(t.Context(), askAs(account(tier.Pro), agent.ModelChoice{}),
				func(string) error { return nil })
			if n := len(servers[0].Requests()); c.over && n != 1 {
				t.Errorf("the first provider got %d requests, want 1", n)
			}
			if !c.over {
				if n := len(servers[1].Requests()); err == nil || n != 0 {
					t.Errorf("answer %+v, error %v, and %d requests to the second provider", answer, err, n)
				}
				return
			}
			if err != nil || answer.Text != "fine" || answer.Usage.Provider != "p2" || answer.Usage.Model != "big" {
				t.Errorf("answer %+v, error %v", answer, err)
			}
			for _, want := range []string{`"provider":"p1","next":"p2"`,
				`"msg":"another provider answered","provider":"p2"`} {
				if !strings.Contains(logged.String(), want) {
					t.Errorf("the log has no %s: %s", want, &logged)
				}
			}
			if strings.Contains(logged.String(), llmtest.Secret) {
				t.Errorf("the log has the provider's words: %s", &logged)
			}
		})
	}
}

func TestNextProviderAnswersWhereNobodyListens(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := "http://" + listener.Addr().String() + "/v1"
	listener.Close()
	set, servers := setup(t, 1, func(c *provider.Config) {
		c.Clients = append([]provider.Client{newClient(t, "dead", dead, nil)}, c.Clients...)
	})
	servers[0].Script(fine)
	answer, err := set.Generate(t.Context(), askAs(account(tier.Pro), agent.ModelChoice{}), nil)
	if err != nil || answer.Usage.Provider != "p1" {
		t.Fatalf("answer %+v, error %v", answer, err)
	}
}

// bubble returns a set of two providers for synctest, and their handlers.
func bubble(t *testing.T, change ...func(*provider.Config)) (*provider.Set, [2]*llmtest.Handler) {
	t.Helper()
	first, second := llmtest.NewHandler(), llmtest.NewHandler()
	cfg := provider.Config{Clients: []provider.Client{
		newClient(t, "p1", "http://p1.test/v1", llmtest.Transport(first)),
		newClient(t, "p2", "http://p2.test/v1", llmtest.Transport(second)),
	}}
	for _, f := range change {
		f(&cfg)
	}
	return provider.New(cfg), [2]*llmtest.Handler{first, second}
}

// TestHangingProviderLeavesTimeForTheNext shows that a provider that says nothing costs the time until the first token,
// or half of a deadline that is shorter than two of them, and that the request's next calls do not ask it again.
func TestHangingProviderLeavesTimeForTheNext(t *testing.T) {
	t.Attr("case", "L06")
	t.Parallel()
	for name, c := range map[string]struct{ total, took time.Duration }{
		"long deadline":  {120 * time.Second, 20 * time.Second},
		"short deadline": {30 * time.Second, 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				set, handlers := bubble(t, func(cfg *provider.Config) { cfg.Timeout = c.total })
				handlers[0].Script(llmtest.StallBeforeHeaders())
				handlers[1].Script(fine, fine)
				start := time.Now()
				call := askAs(account(tier.Pro), agent.ModelChoice{})
				for range 2 {
					answer, err := set.Generate(t.Context(), call, nil)
					if err != nil || answer.Usage.Provider != "p2" {
						t.Fatalf("answer %+v, error %v", answer, err)
					}
				}
				if took := time.Since(start); took != c.took {
					t.Errorf("took %v, want %v", took, c.took)
				}
				if n := len(handlers[0].Requests()); n != 1 {
					t.Errorf("%d requests to the provider that hangs, want 1", n)
				}
			})
		})
	}
}

func TestBreakerOpensAndRecovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler := llmtest.NewHandler()
		set := provider.New(provider.Config{Clients: []provider.Client{
			newClient(t, "p1", "http://p1.test/v1", llmtest.Transport(handler))}})
		fail := func() {
			t.Helper()
			handler.Script(llmtest.GarbageJSON())
			if _, err := set.Generate(t.Context(), ask("hi"), nil); !errors.Is(err, agent.ErrModelAnswer) {
				t.Fatal(err)
			}
		}
		for range 19 {
			fail()
		}
		<-time.After(40 * time.Second) // the window has passed: these no longer count
		for range 19 {
			fail()
		}
		handler.Script(llmtest.Refuse(400))
		if _, err := set.Generate(t.Context(), ask("hi"), nil); err == nil { // does not count
			t.Fatal("no error")
		}
		fail() // the twentieth
		before := len(handler.Requests())
		_, err := set.Generate(t.Context(), ask("hi"), nil)
		if !errors.Is(err, agent.ErrModelUnavailable) || fault.From(err).RetryAfter != 10*time.Second {
			t.Fatalf("error %v, want ErrModelUnavailable with a Retry-After of 10 s", err)
		}
		if n := len(handler.Requests()); n != before {
			t.Fatalf("%d requests after the breaker opened, want none", n-before)
		}
		small := ask("route")
		small.Small = true
		handler.Script(llmtest.Say("task_agent"))
		if _, err := set.Generate(t.Context(), small, nil); err != nil {
			t.Fatalf("the other model's breaker: %v", err)
		}
		<-time.After(11 * time.Second)
		handler.Script(llmtest.Say("back"), llmtest.Say("again"))
		for range 2 {
			if _, err := set.Generate(t.Context(), ask("hi"), nil); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestNextProviderAnswersWhileABreakerIsOpen(t *testing.T) {
	t.Attr("case", "L06")
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set, handlers := bubble(t)
		for range 20 {
			handlers[0].Script(llmtest.Refuse(http.StatusBadGateway))
		}
		for range 25 {
			handlers[1].Script(fine)
			answer, err := set.Generate(t.Context(), askAs(account(tier.Pro), agent.ModelChoice{}), nil)
			if err != nil || answer.Usage.Provider != "p2" {
				t.Fatalf("answer %+v, error %v", answer, err)
			}
		}
		if n := len(handlers[0].Requests()); n != 20 {
			t.Errorf("%d requests to the provider whose breaker is open, want 20", n)
		}
	})
}

func TestLastFailureIsReturnedWhereAllFail(t *testing.T) {
	t.Parallel()
	set, servers := setup(t, 2)
	servers[0].Script(llmtest.Refuse(401))
	servers[1].Script(llmtest.RefuseFor(503, "7"))
	_, err := set.Generate(t.Context(), askAs(account(tier.Pro), agent.ModelChoice{}), nil)
	if !errors.Is(err, agent.ErrModelUnavailable) || fault.From(err).RetryAfter != 7*time.Second {
		t.Errorf("error %v", err)
	}
}

// TestFreeHasTheFirstProviderAlone shows that a tier with one provider gets its failure, after a second try.
func TestFreeHasTheFirstProviderAlone(t *testing.T) {
	t.Parallel()
	set, servers := setup(t, 2)
	servers[0].Script(llmtest.Refuse(500), llmtest.Refuse(500))
	_, err := set.Generate(t.Context(), askAs(account(tier.Free), agent.ModelChoice{}), nil)
	if n := len(servers[1].Requests()); !errors.Is(err, agent.ErrModelUnavailable) || n != 0 {
		t.Errorf("error %v, and %d requests to the second provider", err, n)
	}
	if n := len(servers[0].Requests()); n != 2 {
		t.Errorf("%d requests to the first provider, want 2", n)
	}
}
