package system_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// providersFile names two providers, of which the second is for Pro and above.
const providersFile = `providers:
  - {name: first, kind: openai, base_url: "%s", api_key: sk-ours-first, models: {agent: big, router: small}}
  - name: second
    kind: openai
    base_url: "%s"
    api_key: sk-ours-second
    models: {agent: large}
    tier: pro
    vision: true
`

// startProviders starts the service with two providers whose servers are returned. Without a script they answer as the
// offline model does.
func startProviders(t *testing.T, options ...option) (*api, [2]*llmtest.Server) {
	t.Helper()
	servers := [2]*llmtest.Server{llmtest.NewServer(t), llmtest.NewServer(t)}
	path := filepath.Join(t.TempDir(), "providers.yaml")
	text := fmt.Sprintf(providersFile, servers[0].URL, servers[1].URL)
	check(t, os.WriteFile(path, []byte(text), 0o600))
	a := apitest.StartConfigured(t, func(c *config.Config) { c.LLMProvidersFile = path }, options...)
	return &api{a}, servers
}

// registerAs registers an account of the tier.
func (a *api) registerAs(who tier.Tier) header {
	a.T.Helper()
	email := string(who) + "@example.com"
	me := a.Register(email)
	if who != tier.Free {
		check(a.T, a.Accounts.SetTier(a.T.Context(), email, who, 1))
		got := a.Do("POST", "/api/v1/auth/login", `{"email":"`+email+`","password":"correct horse battery"}`, nil)
		me = header{"Authorization": "Bearer " + got.JSON(a.T)["access_token"].(string)}
	}
	return me
}

func TestModelsAreListedForTheTier(t *testing.T) {
	t.Parallel()
	a, _ := startProviders(t)
	const first = `{"provider":"first","model":"big","default":true,"available":true,"vision":false},` +
		`{"provider":"first","model":"small","default":false,"available":true,"vision":false},`
	for who, available := range map[tier.Tier]bool{tier.Free: false, tier.Pro: true, tier.Team: true} {
		got := a.Do("GET", "/api/v1/models", "", a.registerAs(who))
		want := fmt.Sprintf(`[%s{"provider":"second","model":"large","default":false,"available":%v,"vision":true}]`,
			first, available)
		if got.Status != 200 || !sameJSON(t, want, decoded(t, got.Body)) {
			t.Errorf("%s: %d %s, want %s", who, got.Status, got.Body, want)
		}
	}
	if got := a.Do("GET", "/api/v1/models", "", nil); got.Code() != "token_missing" {
		t.Errorf("without a token: %d %s", got.Status, got.Body)
	}
}

func decoded(t *testing.T, body []byte) any {
	t.Helper()
	var value any
	check(t, json.Unmarshal(body, &value))
	return value
}

// TestModelChoicesAreGated asks over REST and over the stream.
func TestModelChoicesAreGated(t *testing.T) {
	t.Attr("case", "L05")
	t.Parallel()
	const (
		second, theirs = `{"provider":"second"}`, "sk-ours-second"
		powers         = `{"provider":"first","api_key":"KEY"}`
	)
	for name, c := range map[string]struct {
		who            tier.Tier
		model          string
		by             string // the key that the provider gets; "" is a refusal
		status         int
		code, required string
		says           string // in the detail
	}{
		"no choice":           {tier.Free, `{}`, "sk-ours-first", 200, "", "", ""},
		"default":             {tier.Free, `{"provider":"first"}`, "sk-ours-first", 200, "", "", ""},
		"Free, second":        {tier.Free, second, "", 403, "tier_required", "[pro power team]", "Pro plan"},
		"Pro, second":         {tier.Pro, `{"name":"large"}`, theirs, 200, "", "", ""},
		"Free, own key":       {tier.Free, powers, "", 403, "tier_required", "[power]", ""},
		"Team, own key":       {tier.Team, powers, "", 403, "tier_required", "[power]", ""},
		"Power, own key":      {tier.Power, powers, "KEY", 200, "", "", ""},
		"Power, whose key?":   {tier.Power, `{"api_key":"KEY"}`, "", 422, "validation_failed", "", ""},
		"unknown provider":    {tier.Power, `{"provider":"x"}`, "", 422, "model_unknown", "", "second (large)"},
		"unknown model":       {tier.Power, `{"name":"x"}`, "", 422, "model_unknown", "", "first (big, small)"},
		"key of nobody":       {tier.Power, `{"provider":"x","api_key":"KEY"}`, "", 422, "model_unknown", "", ""},
		"empty key":           {tier.Power, `{"api_key":""}`, "", 422, "validation_failed", "", ""},
		"key with a space":    {tier.Power, `{"api_key":"KEY KEY"}`, "", 422, "validation_failed", "", ""},
		"key that is no text": {tier.Power, `{"api_key":["KEY"]}`, "", 422, "validation_failed", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const key = "sk-own-4f1d8a2c77"
			a, servers := startProviders(t)
			me := a.registerAs(c.who)
			body := `{"message":"list my open tasks","model":` + strings.ReplaceAll(c.model, "KEY", key) + `}`
			got := a.Do("POST", "/api/v1/chat", body, me)
			socket := a.Dial(me)
			socket.Send(body)
			_, last := socket.Answer()
			said := string(got.Body) + fmt.Sprintf("%+v", last) + a.Logs.String()
			if strings.Contains(said, key) {
				t.Errorf("the key is in an answer or in the log: %s", said)
			}
			if c.code != "" {
				problem := got.JSON(t)
				required := ""
				if problem["required"] != nil {
					required = fmt.Sprint(problem["required"])
				}
				if got.Status != c.status || got.Code() != c.code || required != c.required ||
					!strings.Contains(fmt.Sprint(problem["detail"]), c.says) {
					t.Errorf("REST: %d %s", got.Status, got.Body)
				}
				if last == nil || last.Error == nil || last.Error.Code != c.code ||
					!strings.Contains(last.Error.Message, c.says) {
					t.Errorf("stream: %+v", last)
				}
			} else if got.Status != 200 || last == nil || last.Response == nil {
				t.Errorf("REST: %d %s; stream: %+v", got.Status, got.Body, last)
			}
			var keys []string
			for _, srv := range servers {
				for _, r := range srv.Requests() {
					keys = append(keys, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
				}
			}
			for _, used := range keys {
				if used != strings.ReplaceAll(c.by, "KEY", key) {
					t.Errorf("a provider got the keys %q, want %q alone", keys, c.by)
				}
			}
			if (len(keys) > 0) != (c.by != "") {
				t.Errorf("%d requests to providers", len(keys))
			}
		})
	}
}

func TestNextProviderAnswersTheWholeRequest(t *testing.T) {
	t.Attr("case", "L06")
	t.Parallel()
	a, servers := startProviders(t)
	servers[0].Script(llmtest.Refuse(503))
	me := a.registerAs(tier.Pro)
	got := a.Do("POST", "/api/v1/chat", `{"message":"list my open tasks"}`, me)
	if got.Status != 200 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	if n, m := len(servers[0].Requests()), len(servers[1].Requests()); n != 1 || m < 2 {
		t.Errorf("%d requests to the provider that failed and %d to the next, want one and the others", n, m)
	}
	if log := a.Logs.String(); !strings.Contains(log, `"provider":"first","next":"second"`) ||
		!strings.Contains(log, `"msg":"another provider answered","provider":"second"`) {
		t.Errorf("the log does not say which provider answered: %s", log)
	}
	servers[0].Script(llmtest.Refuse(503), llmtest.Refuse(503), llmtest.Refuse(503), llmtest.Refuse(503))
	got = a.Do("POST", "/api/v1/chat", `{"message":"list my open tasks"}`, a.registerAs(tier.Free))
	if got.Status != 503 || got.Code() != "llm_unavailable" || got.Header.Get("Retry-After") == "" {
		t.Errorf("Free, which has one provider: %d %s", got.Status, got.Body)
	}
}

// TestKeysInWrongPlacesAreRefused sends keys where proxies and logs see them.
func TestKeysInWrongPlacesAreRefused(t *testing.T) {
	t.Attr("case", "L02")
	t.Parallel()
	const key = "sk-own-5b9e0c31aa"
	a, servers := startProviders(t)
	me := a.registerAs(tier.Power)
	for name, c := range map[string]struct {
		query, header, pointer string
	}{
		"query":            {"?api_key=" + key, "", "/query/apikey"},
		"escaped query":    {"?x=1&%61pi-key=" + key, "", "/query/apikey"},
		"key in the query": {"?key=" + key, "", "/query/key"},
		"X-Api-Key":        {"", "X-Api-Key", "/header/X-Api-Key"},
		"api-key":          {"", "api-key", "/header/Api-Key"},
		"X-OpenAI-API-Key": {"", "X-OpenAI-API-Key", "/header/X-Openai-Api-Key"},
	} {
		headers := me
		if c.header != "" {
			headers = me.With(c.header, key)
		}
		for _, path := range []string{"/api/v1/chat", "/api/v1/plans/steps", "/api/v1/chat/batch"} {
			got := a.Do("POST", path+c.query, `{"message":"hi","prompt_template":"tpl_standup"}`, headers)
			if got.Code() != "validation_failed" || !strings.Contains(string(got.Body), c.pointer) ||
				strings.Contains(string(got.Body), key) {
				t.Errorf("%s, %s: %d %s", path, name, got.Status, got.Body)
			}
		}
		if _, got := a.Handshake(c.query, headers); got.Code() != "validation_failed" {
			t.Errorf("stream, %s: %d %s", name, got.Status, got.Body)
		}
	}
	if strings.Contains(a.Logs.String(), key) {
		t.Errorf("a key was logged: %s", a.Logs.String())
	}
	if n := len(servers[0].Requests()) + len(servers[1].Requests()); n != 0 {
		t.Errorf("%d requests to providers", n)
	}
}
