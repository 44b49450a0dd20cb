package provider_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/provider"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

const ownKey = "sk-the-callers-own-key"

// powerful makes the last provider one for Power and above, with a model of its own.
func powerful(c *provider.Config) {
	last := &c.Clients[len(c.Clients)-1].Provider
	last.Tier, last.Agent, last.Vision = tier.Power, "huge", true
}

func TestChoicesFollowTheTier(t *testing.T) {
	t.Parallel()
	set, _ := setup(t, 3, powerful)
	key := agent.NewKey(ownKey)
	keyOf := func(provider string) agent.ModelChoice { return agent.ModelChoice{Provider: provider, Key: key} }
	above := "pro power team"
	for name, c := range map[string]struct {
		tier     tier.Tier
		choice   agent.ModelChoice
		want     *fault.Error // nil: allowed
		required string
	}{
		"no choice":                  {tier.Free, agent.ModelChoice{}, nil, ""},
		"Free, the first provider":   {tier.Free, agent.ModelChoice{Provider: "p1", Name: "big"}, nil, ""},
		"Free, the second":           {tier.Free, agent.ModelChoice{Provider: "p2"}, fault.ErrTierRequired, above},
		"Pro, the second":            {tier.Pro, agent.ModelChoice{Provider: "p2", Name: "small"}, nil, ""},
		"Pro, one of Power":          {tier.Pro, agent.ModelChoice{Name: "huge"}, fault.ErrTierRequired, "power team"},
		"Power, one of Power":        {tier.Power, agent.ModelChoice{Name: "huge"}, nil, ""},
		"Team, one of Power":         {tier.Team, agent.ModelChoice{Provider: "p3"}, nil, ""},
		"unknown provider":           {tier.Power, agent.ModelChoice{Provider: "p4"}, modelUnknown(), ""},
		"unknown model":              {tier.Power, agent.ModelChoice{Name: "none"}, modelUnknown(), ""},
		"a model of another":         {tier.Power, agent.ModelChoice{Provider: "p1", Name: "huge"}, modelUnknown(), ""},
		"Free, own key":              {tier.Free, agent.ModelChoice{Key: key}, fault.ErrTierRequired, "power"},
		"Pro, own key":               {tier.Pro, keyOf("p1"), fault.ErrTierRequired, "power"},
		"Team, own key":              {tier.Team, keyOf("p1"), fault.ErrTierRequired, "power"},
		"Power, own key":             {tier.Power, keyOf("p1"), nil, ""},
		"Power, own key, one model":  {tier.Power, agent.ModelChoice{Name: "huge", Key: key}, nil, ""},
		"Power, key of some one":     {tier.Power, agent.ModelChoice{Key: key}, fault.ErrValidation, ""},
		"Power, key of a known one":  {tier.Power, keyOf("p4"), modelUnknown(), ""},
		"unknown tier, the first":    {"", agent.ModelChoice{Provider: "p1"}, nil, ""},
		"unknown tier, another":      {"", agent.ModelChoice{Provider: "p3"}, fault.ErrTierRequired, "power team"},
		"provider in another letter": {tier.Power, agent.ModelChoice{Provider: "P1"}, modelUnknown(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := set.Validate(c.tier, c.choice)
			if c.want == nil {
				if err != nil {
					t.Errorf("error %v", err)
				}
				return
			}
			if !errors.Is(err, c.want) {
				t.Fatalf("error %v, want %s", err, c.want.Code)
			}
			f := fault.From(err)
			var tiers []string
			list, _ := f.Extra["required"].([]tier.Tier)
			for _, one := range list {
				tiers = append(tiers, string(one))
			}
			if got := strings.Join(tiers, " "); got != c.required {
				t.Errorf("required %q, want %q", got, c.required)
			}
			known := "p1 (big, small); p2 (big, small); p3 (huge"
			if c.want.Code == fault.ModelUnknown && !strings.Contains(f.Message, known) {
				t.Errorf("the message %q does not name the known models", f.Message)
			}
		})
	}
}

func modelUnknown() *fault.Error { return fault.New(fault.ModelUnknown, "") }

func TestModelsSayWhatTheyAreToATier(t *testing.T) {
	t.Parallel()
	set, _ := setup(t, 2, powerful)
	list := func(t tier.Tier) string {
		var lines []string
		for _, m := range set.Models(t) {
			lines = append(lines, fmt.Sprintf("%s/%s %v %v %v", m.Provider, m.Name, m.Default, m.Available, m.Vision))
		}
		return strings.Join(lines, "; ")
	}
	for who, want := range map[tier.Tier]string{
		tier.Free: "p1/big true true false; p1/small false true false; p2/huge false false true; " +
			"p2/small false false false",
		tier.Power: "p1/big true true false; p1/small false true false; p2/huge false true true; " +
			"p2/small false true false",
	} {
		if got := list(who); got != want {
			t.Errorf("%s: %s, want %s", who, got, want)
		}
	}
}

func TestChosenModelAnswersOrNobody(t *testing.T) {
	t.Parallel()
	set, servers := setup(t, 2)
	servers[1].Script(fine, fine, llmtest.Refuse(401))
	call := askAs(account(tier.Pro), agent.ModelChoice{Provider: "p2", Name: "small"})
	answer, err := set.Generate(t.Context(), call, nil)
	if err != nil || answer.Usage.Provider != "p2" || answer.Usage.Model != "small" {
		t.Fatalf("answer %+v, error %v", answer, err)
	}
	call.Small = true // the router's own model stays
	if answer, err = set.Generate(t.Context(), call, nil); err != nil || answer.Usage.Model != "small" {
		t.Fatalf("answer %+v, error %v", answer, err)
	}
	call.Small = false
	if _, err = set.Generate(t.Context(), call, nil); !errors.Is(err, agent.ErrModelUnavailable) {
		t.Fatalf("error %v", err)
	}
	if n := len(servers[0].Requests()); n != 0 {
		t.Errorf("another provider got %d requests", n)
	}
}

func TestAnswersHaveAtMostTheProvidersTokens(t *testing.T) {
	t.Parallel()
	set, servers := setup(t, 1)
	for given, want := range map[int]float64{0: 100, 7: 7, 5000: 100} {
		servers[0].Script(fine)
		call := ask("hi")
		call.MaxTokens = given
		if _, err := set.Generate(t.Context(), call, nil); err != nil {
			t.Fatal(err)
		}
		requests := servers[0].Requests()
		var sent map[string]any
		if err := json.Unmarshal(requests[len(requests)-1].Body, &sent); err != nil {
			t.Fatal(err)
		}
		if sent["max_tokens"] != want {
			t.Errorf("for %d the provider was told %v, want %v", given, sent["max_tokens"], want)
		}
	}
	if got := set.Limits(&agent.ModelRequest{}); got.ContextTokens != 1000 || got.MaxOutputTokens != 100 {
		t.Errorf("limits %+v", got)
	}
}

// TestOwnKeyChangesNothingForOthers has a caller's key refused more often than opens a breaker, in every way.
func TestOwnKeyChangesNothingForOthers(t *testing.T) {
	t.Attr("case", "L03")
	t.Parallel()
	var logged bytes.Buffer
	set, servers := setup(t, 2, func(c *provider.Config) {
		c.Log = slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	own := askAs(account(tier.Power), agent.ModelChoice{Provider: "p1", Key: agent.NewKey(ownKey)})
	for i := range 25 {
		for status, want := range map[int]*fault.Error{401: provider.ErrKeyRefused, 402: provider.ErrKeyRefused,
			403: provider.ErrKeyRefused, 503: agent.ErrModelUnavailable, 429: agent.ErrModelUnavailable} {
			servers[0].Script(llmtest.Refuse(status))
			if want == agent.ErrModelUnavailable {
				servers[0].Script(llmtest.Refuse(status)) // for the second try
			}
			_, err := set.Generate(t.Context(), own, nil)
			if !errors.Is(err, want) || strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), ownKey) {
				t.Fatalf("round %d, %d: error %v, want %s", i, status, err, want.Code)
			}
		}
	}
	if s := logged.String(); strings.Contains(s, "operator") || strings.Contains(s, ownKey) {
		t.Errorf("logged %s", s)
	}
	servers[0].Script(fine)
	answer, err := set.Generate(t.Context(), askAs(account(tier.Pro), agent.ModelChoice{}), nil)
	if err != nil || answer.Usage.Provider != "p1" {
		t.Errorf("another account's call: answer %+v, error %v", answer, err)
	}
	requests := servers[0].Requests()
	if got := requests[0].Header.Get("Authorization"); got != "Bearer "+ownKey {
		t.Errorf("the caller's request had %q", got)
	}
	if got := requests[len(requests)-1].Header.Get("Authorization"); got != "Bearer sk-ours-p1" {
		t.Errorf("another account's request had %q", got)
	}
	if n := len(servers[1].Requests()); n != 0 {
		t.Errorf("another provider got %d requests", n)
	}
}

func TestKeyIsNeverPrinted(t *testing.T) {
	t.Attr("case", "L01")
	t.Parallel()
	choice := agent.ModelChoice{Provider: "p1", Key: agent.NewKey(ownKey)}
	request := &agent.ModelRequest{Choice: choice}
	var logged bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&logged, nil))
	log.Info("x", "key", choice.Key, "choice", choice, "request", request, "error", fmt.Errorf("%v", choice))
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "key", choice.Key, "choice", choice, "request", request)
	encoded, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	texts := logged.String() + string(encoded)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		for _, value := range []any{choice.Key, &choice.Key, choice, request, askAs(account(tier.Free), choice)} {
			texts += fmt.Sprintf(verb, value)
		}
	}
	texts += recovered(func() { panic(choice.Key) }) + recovered(func() { panic(request) })
	for _, form := range []string{ownKey, fmt.Sprintf("%x", ownKey), fmt.Sprintf("%X", ownKey), "115 107 45"} {
		if strings.Contains(texts, form) {
			t.Errorf("the key is in the texts as %q", form)
		}
	}
	if !strings.Contains(texts, "[set]") {
		t.Errorf("no text shows the key as set: %s", texts)
	}
}

// recovered returns the text of what f panics with.
func recovered(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return ""
}
