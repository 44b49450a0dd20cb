package system_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// ownKeyMarker is a caller's own key, in letters that mean the same in every encoding of text.
const ownKeyMarker = "skownq7vxzplanted"

// TestOwnKeyIsFoundNowhere uses a caller's own key in requests that succeed, fail and panic, over both transports, and
// then looks for it in every answer, table, log line, temporary file and Redis key.
func TestOwnKeyIsFoundNowhere(t *testing.T) {
	t.Attr("case", "L01")
	pgtest.New(t) // starts the shared server before TMPDIR changes
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	a, servers := startProviders(t, withLimitsIn(t, os.Getenv("TEST_REDIS_URL")))
	a.createUser(emailMarker+"@example.com", tier.Free)
	answers := sendOwnKey(t, a, servers[0])
	panicking := func(_ context.Context, call agent.ModelCall, _ agent.Emit) (agent.Answer, error) { panic(call) }
	panics := start(t, llmtest.NewModelFunc(panicking))
	got := panics.Do("POST", "/api/v1/chat", `{"message":"hi","model":{"api_key":"`+ownKeyMarker+`"}}`,
		panics.registerAs(tier.Power))
	if got.Status != http.StatusInternalServerError {
		t.Errorf("panic: %d %s", got.Status, got.Body)
	}
	for where, text := range map[string]string{"an answer": answers + string(got.Body), "the log": a.Logs.String(),
		"the log of a panic": panics.Logs.String()} {
		if hasOwnKey(text) {
			t.Errorf("the key is in %s", where)
		}
	}
	if !strings.Contains(a.Logs.String(), `"level":"DEBUG"`) ||
		!strings.Contains(panics.Logs.String(), "panic of type") {
		t.Error("the logs are not those of debug and of a panic")
	}
	for _, found := range a.tablesContaining(t, ownKeyMarker) {
		t.Errorf("table %s has the key", found)
	}
	if len(a.tablesContaining(t, emailMarker)) == 0 {
		t.Error("the search of the tables finds nothing at all")
	}
	check(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "providers.yaml") {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && hasOwnKey(string(data)+path) {
			t.Errorf("file %s has the key", path)
		}
		return err
	}))
	if url := os.Getenv("TEST_REDIS_URL"); url != "" {
		options, err := redis.ParseURL(url)
		check(t, err)
		client := redis.NewClient(options)
		defer client.Close()
		keys, err := client.Keys(t.Context(), "*").Result()
		check(t, err)
		for _, key := range keys {
			value, _ := client.Dump(t.Context(), key).Result()
			if hasOwnKey(key + value) {
				t.Errorf("Redis has the key in %q", key)
			}
		}
	}
}

// sendOwnKey sends the key in good and bad requests, which the provider answers in every way. It returns all answers.
func sendOwnKey(t *testing.T, a *api, srv *llmtest.Server) (answers string) {
	t.Helper()
	me := a.registerAs(tier.Power)
	const own = `"model":{"provider":"first","api_key":"` + ownKeyMarker + `"}`
	echo := func(status int) llmtest.Step { // providers quote keys that they refuse
		return llmtest.Send(status, "application/json", `{"error":{"message":"Incorrect API key provided: `+
			ownKeyMarker+`","type":"x","code":"invalid_api_key"}}`)
	}
	odd := llmtest.Send(400, "application/json", `{"error":{"message":"Unreadable: Bearer `+ownKeyMarker+`"}}`)
	for _, c := range []struct {
		path, body, code string
		script           []llmtest.Step
	}{
		{"/chat", `{"message":"list my open tasks",` + own + `}`, "", nil},
		{"/plans/steps", `{"prompt_template":"tpl_standup","data":[{"title":"x"}],` + own + `}`, "", nil},
		{"/chat/batch", `{"requests":[{"message":"list my tasks",` + own + `},{"message":7,` + own + `}]}`, "", nil},
		{"/chat/batch", `{"requests":[{"message":"hi",` + own + `}]}`, "", []llmtest.Step{echo(401)}},
		{"/chat", `{"message":"hi",` + own + `}`, "model_key_refused", []llmtest.Step{echo(401)}},
		{"/chat", `{"message":"hi",` + own + `}`, "model_key_refused", []llmtest.Step{llmtest.QuotaExhausted()}},
		{"/plans/steps", `{"prompt_template":"tpl_standup",` + own + `}`, "model_key_refused",
			[]llmtest.Step{echo(403)}},
		{"/chat", `{"message":"hi",` + own + `}`, "model_key_refused", []llmtest.Step{echo(400)}},
		{"/chat", `{"message":"hi",` + own + `}`, "llm_error", []llmtest.Step{odd, odd}},
		{"/chat", `{"message":"hi",` + own + `}`, "llm_unavailable",
			[]llmtest.Step{echo(500), echo(500), echo(500), echo(500)}},
		{"/chat", `{"message":7,` + own + `}`, "validation_failed", nil},
		{"/chat", `{"message":"hi","message":"hi",` + own + `}`, "invalid_json", nil},
		{"/chat", `{"message":"hi","model":{"provider":"` + ownKeyMarker + `"}}`, "model_unknown", nil},
		{"/chat", `{"message":"hi","model":{"` + ownKeyMarker + `":1,"api_key":["` + ownKeyMarker + `"]}}`,
			"validation_failed", nil},
	} {
		srv.Script(c.script...)
		got := a.Do("POST", "/api/v1"+c.path, c.body, me)
		if got.Code() != c.code {
			t.Errorf("%s %s: %d %s, want %q", c.path, c.body, got.Status, got.Body, c.code)
		}
		answers += fmt.Sprint(got.Header, string(got.Body))
	}
	for _, script := range [][]llmtest.Step{nil, {echo(401)}} {
		srv.Script(script...)
		socket := a.Dial(me)
		socket.Send(`{"message":"list my open tasks",` + own + `}`)
		tokens, last := socket.Answer()
		answers += fmt.Sprintf("%q %+v", tokens, last)
		if last != nil && last.Error != nil {
			answers += last.Error.Message
		}
	}
	used := 0
	for _, r := range srv.Requests() {
		if r.Header.Get("Authorization") == "Bearer "+ownKeyMarker {
			used++
		}
	}
	if used != len(srv.Requests()) || used < 10 {
		t.Errorf("the key was used in %d of %d requests", used, len(srv.Requests()))
	}
	return answers
}

// hasOwnKey looks for the key as text and in hexadecimal.
func hasOwnKey(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, ownKeyMarker) || strings.Contains(text, hex.EncodeToString([]byte(ownKeyMarker)))
}
