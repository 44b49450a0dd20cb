package system_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// reporting returns a model that answers with that usage, the router's and the agents'.
func reporting(router, answer agent.Usage) *llmtest.Model {
	m := llmtest.NewModelFunc(func(_ context.Context, call agent.ModelCall, _ agent.Emit) (agent.Answer, error) {
		if call.Small {
			return agent.Answer{Text: "task_agent", Usage: router}, nil
		}
		return agent.Answer{Text: "There are two.", Usage: answer}, nil
	})
	m.ScriptRouter()
	return m
}

// replica starts a service on db in which Free has that many tokens a day.
func replica(t *testing.T, db *postgres.DB, perDay int, model agent.Model, options ...option) *api {
	t.Helper()
	cfg := apitest.Config(t)
	cfg.TokensPerDayFree = perDay
	return startWith(t, cfg, db, model, options...)
}

func startWith(t *testing.T, cfg config.Config, db *postgres.DB, model agent.Model, options ...option) *api {
	t.Helper()
	return &api{apitest.StartReplica(t, apitest.Replica{Config: cfg, DB: db}, model, options...)}
}

func TestUsageIsTheUpstreamsToTheToken(t *testing.T) {
	t.Parallel()
	a := replica(t, pgtest.New(t), 100_000, reporting(
		agent.Usage{InputTokens: 611, OutputTokens: 5, ModelCalls: 1},
		agent.Usage{InputTokens: 2_345, OutputTokens: 67, ModelCalls: 1}))
	user := a.Register("usage@example.com")
	const want = `"usage":{"estimated":false,"input_tokens":2956,"model":"test","model_calls":2,"output_tokens":72,` +
		`"provider":"test"}`
	rest := a.Do("POST", "/api/v1/chat", `{"message":"how many tasks?"}`, user)
	if rest.Status != http.StatusOK || !sameUsage(rest.Body, want) {
		t.Errorf("POST /chat: %d %s", rest.Status, rest.Body)
	}
	s := a.Dial(user)
	s.Ask("how many tasks?")
	_, last := s.Answer()
	if frame, err := json.Marshal(last.Usage); err != nil || !sameUsage([]byte(`{"usage":`+string(frame)+`}`), want) {
		t.Errorf("last frame: %s", frame)
	}
	got := a.Do("GET", "/api/v1/usage", "", user).JSON(t)
	day := time.Now().UTC().Truncate(24 * time.Hour)
	for member, want := range map[string]int64{"tokens_used": 2 * (2_956 + 72), "tokens_limit": 100_000, "requests": 2,
		"period_start": day.UnixMilli(), "period_end": day.AddDate(0, 0, 1).UnixMilli()} {
		if n, _ := got[member].(float64); int64(n) != want {
			t.Errorf("%s is %v, want %d", member, got[member], want)
		}
	}
}

// sameUsage reports whether the body has the usage, whatever the order of its members.
func sameUsage(body []byte, want string) bool {
	var got, expected struct{ Usage map[string]any }
	if json.Unmarshal(body, &got) != nil || json.Unmarshal([]byte("{"+want+"}"), &expected) != nil {
		return false
	}
	return len(got.Usage) > 0 && fmt.Sprint(got.Usage) == fmt.Sprint(expected.Usage)
}

func TestBudgetExceededSaysWhenTheDayEnds(t *testing.T) {
	t.Parallel()
	a := replica(t, pgtest.New(t), 2_000, reporting(agent.Usage{InputTokens: 500, OutputTokens: 5},
		agent.Usage{InputTokens: 2_000, OutputTokens: 50}))
	user := a.Register("spent@example.com")
	ask := func() answer { return a.Do("POST", "/api/v1/chat", `{"message":"how many tasks?"}`, user) }
	if got := ask(); got.Status != http.StatusOK {
		t.Fatalf("the first request: %d %s", got.Status, got.Body)
	}
	got := ask()
	wait, _ := strconv.Atoi(got.Header.Get("Retry-After"))
	midnight := time.Until(time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1))
	if got.Status != http.StatusTooManyRequests || got.Code() != "budget_exceeded" ||
		(time.Duration(wait)*time.Second-midnight).Abs() > time.Minute {
		t.Errorf("%d %s, Retry-After %d, midnight is in %s", got.Status, got.Body, wait, midnight)
	}
	s := a.Dial(user)
	s.Ask("how many tasks?")
	s.ExpectClose("budget_exceeded", 4429)
	for path, body := range map[string]string{
		"/api/v1/plans/steps":  `{"prompt_template":"tpl_standup","data":[{"title":"Call Anna"}]}`,
		"/api/v1/chat/compact": `{"conversation_history":[{"role":"user","content":"Hello"}]}`,
	} {
		if got := a.Do("POST", path, body, user); got.Code() != "budget_exceeded" {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
	}
}

// TestRacingRequestsOfTwoReplicasKeepTheBudget sends 200 requests at once, which need six times the day's tokens.
func TestRacingRequestsOfTwoReplicasKeepTheBudget(t *testing.T) {
	t.Attr("case", "L07")
	t.Parallel()
	const limit, reservation = 100_000, 10_000
	model := reporting(agent.Usage{InputTokens: 600, OutputTokens: 10},
		agent.Usage{InputTokens: 2_000, OutputTokens: 500})
	db := pgtest.New(t)
	replicas := []*api{replica(t, db, limit, model), replica(t, db, limit, model)}
	user := replicas[0].Register("race@example.com")
	var answered, refused atomic.Int64
	var racing sync.WaitGroup
	for i := range 200 {
		racing.Go(func() {
			a := replicas[i%2]
			for t.Context().Err() == nil {
				got := a.Do("POST", "/api/v1/chat", `{"message":"how many tasks?"}`, user)
				wait, _ := strconv.Atoi(got.Header.Get("Retry-After"))
				switch {
				case got.Status == http.StatusOK:
					answered.Add(1)
				case got.Code() == "budget_exceeded" && wait <= 60:
					continue // others have reserved what is left
				case got.Code() == "budget_exceeded":
					refused.Add(1)
				case got.Status == http.StatusServiceUnavailable:
					continue // the database is busy
				default:
					t.Errorf("%d %s", got.Status, got.Body)
				}
				return
			}
		})
	}
	racing.Wait()
	used := int64(replicas[1].Do("GET", "/api/v1/usage", "", user).JSON(t)["tokens_used"].(float64))
	t.Logf("%d answered, %d refused, %d tokens used", answered.Load(), refused.Load(), used)
	if used < limit*99/100 || used > limit+reservation || refused.Load() == 0 {
		t.Errorf("%d of %d tokens are used; %d requests were answered, %d refused", used, limit, answered.Load(),
			refused.Load())
	}
	var reserved int64
	check(t, db.Pool.QueryRow(t.Context(), `SELECT (SELECT sum(reserved) FROM token_usage) +
		(SELECT count(*) FROM token_reservations)`).Scan(&reserved))
	if reserved != 0 {
		t.Errorf("%d tokens and rows are still reserved", reserved)
	}
}

// TestLongHistoryIsFitted sends 0.9 MB of history and looks at the bodies that reach the upstream.
func TestLongHistoryIsFitted(t *testing.T) {
	t.Attr("case", "L09")
	t.Parallel()
	upstream := llmtest.NewServer(t)
	upstream.Script(llmtest.Say("task_agent"), llmtest.Say("On Friday."))
	cfg := apitest.Config(t)
	cfg.OpenAIBaseURL, cfg.LLMContextTokens, cfg.LLMMaxTokens = upstream.URL, 16_000, 1_000
	cfg.OpenAIAPIKey = config.NewSecret("sk-test")
	a := startWith(t, cfg, pgtest.New(t), nil)
	const turns = 900
	var history []map[string]string
	text := strings.Repeat("The offer for the kitchen is due on Friday. ", 22)
	for i := range turns {
		history = append(history, map[string]string{"role": []string{"user", "assistant"}[i%2],
			"content": fmt.Sprintf("turn %d. %s", i, text)})
	}
	body, err := json.Marshal(map[string]any{"message": "when is it due?",
		"context": map[string]any{"conversation_history": history}})
	check(t, err)
	got := a.Do("POST", "/api/v1/chat", string(body), a.Register("long@example.com"))
	if got.Status != http.StatusOK || len(body) < 900_000 {
		t.Fatalf("%d bytes: %d %s", len(body), got.Status, got.Body)
	}
	used, _ := got.JSON(t)["context"].(map[string]any)
	read := 0
	for _, r := range upstream.Requests() {
		if len(r.Body) > 15_000*5 { // a token of this text has more than five bytes
			t.Errorf("a body of %d bytes reached the upstream", len(r.Body))
		}
		for i := turns - 1; i >= 0 && strings.Contains(string(r.Body), fmt.Sprintf("turn %d. The", i)); i-- {
			read = turns - i
		}
	}
	if want := fmt.Sprintf("map[history_dropped:%d history_used:%d]", turns-read, read); read < 40 ||
		fmt.Sprint(used) != want {
		t.Errorf("context is %v, want %s", used, want)
	}
}

func TestRequestsThatCannotFitAreRefusedBeforeAModelIsAsked(t *testing.T) {
	t.Attr("case", "L09")
	t.Parallel()
	cfg := apitest.Config(t)
	cfg.LLMContextTokens, cfg.LLMMaxTokens = 6_000, 1_000
	model := llmtest.NewModel()
	a := startWith(t, cfg, pgtest.New(t), model)
	user := a.Register("message@example.com")
	long := strings.Repeat("Call Anna about the offer. ", 1_100)
	for pointer, request := range map[string][2]string{
		"/message": {"/api/v1/chat", `{"message":"` + long + `"}`},
		"/data":    {"/api/v1/plans/steps", `{"prompt_template":"tpl_standup","data":[{"title":"` + long + `"}]}`},
		"/conversation_history/0/content": {"/api/v1/chat/compact",
			`{"conversation_history":[{"role":"user","content":"` + long + `"}]}`},
	} {
		got := a.Do("POST", request[0], request[1], user)
		if got.Status != http.StatusRequestEntityTooLarge || got.Code() != "context_too_large" ||
			!strings.Contains(string(got.Body), `"pointer":"`+pointer+`"`) {
			t.Errorf("%s: %d %s", request[0], got.Status, got.Body)
		}
	}
	s := a.Dial(user)
	s.Ask(long)
	s.ExpectClose("context_too_large", 1009)
	if n := len(model.Calls()); n > 0 {
		t.Errorf("the model was asked %d times", n)
	}
}

func TestOverflowAtTheProviderNamesTheHistory(t *testing.T) {
	t.Attr("case", "L09")
	t.Parallel()
	upstream := llmtest.NewServer(t)
	upstream.Script(llmtest.Say("task_agent"), llmtest.Send(400, "application/json",
		`{"error":{"message":"maximum context length is 4096 tokens","code":"context_length_exceeded"}}`))
	cfg := apitest.Config(t)
	cfg.OpenAIBaseURL = upstream.URL
	cfg.OpenAIAPIKey = config.NewSecret("sk-test")
	a := startWith(t, cfg, pgtest.New(t), nil)
	got := a.Do("POST", "/api/v1/chat", `{"message":"and now?","context":{"conversation_history":[{"role":"user",`+
		`"content":"Hello"}]}}`, a.Register("overflow@example.com"))
	if got.Code() != "context_too_large" || got.Status != http.StatusRequestEntityTooLarge ||
		!strings.Contains(string(got.Body), `"pointer":"/context/conversation_history"`) {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}
