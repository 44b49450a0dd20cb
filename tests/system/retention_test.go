package system_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/redis/go-redis/v9"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/ratelimit"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/tier"
	"github.com/adiuva/cloud-api/openapi"
)

// marker is in everything users send below. emailMarker is in the account's e-mail address, which is stored, and so
// shows that the search finds what is there.
const (
	marker      = "plantedq7vxz"
	emailMarker = "controlq7vxz"
)

// TestUserTextIsNotRetained puts a marker into everything that users send and models answer, and then looks for it in
// every table, log line, temporary file, metric and Redis key.
func TestUserTextIsNotRetained(t *testing.T) {
	pgtest.New(t) // starts the shared server before TMPDIR changes
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	m := llmtest.NewModel()
	a := start(t, m, withLimitsIn(t, os.Getenv("TEST_REDIS_URL")))
	me := a.createUser(emailMarker+"@example.com", tier.Team)
	sendMarker(t, a, m, me)
	for _, found := range a.tablesContaining(t, marker) {
		t.Errorf("table %s has text of a user", found)
	}
	if len(a.tablesContaining(t, emailMarker)) == 0 {
		t.Error("the search of the tables finds nothing at all")
	}
	for line := range strings.Lines(a.Logs.String()) {
		if containsMarker([]byte(line)) {
			t.Errorf("log: %s", line)
		}
	}
	if !strings.Contains(a.Logs.String(), `"level":"WARN"`) {
		t.Error("the log has no warning")
	}
	check(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && (containsMarker(data) || containsMarker([]byte(path))) {
			t.Errorf("file %s has text of a user", path)
		}
		return err
	}))
	metrics := httptest.NewRecorder()
	promhttp.Handler().ServeHTTP(metrics, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	if metrics.Code != http.StatusOK || containsMarker(metrics.Body.Bytes()) {
		t.Errorf("metrics: %d", metrics.Code)
	}
	scanRedis(t, os.Getenv("TEST_REDIS_URL"))
}

// containsMarker looks for the marker as text and in hexadecimal, in any case.
func containsMarker(data []byte) bool {
	data = bytes.ToLower(data)
	return bytes.Contains(data, []byte(marker)) || bytes.Contains(data, []byte(hex.EncodeToString([]byte(marker))))
}

// withLimitsIn switches rate limits on, counted in the Redis at that URL, or in memory when it is "".
func withLimitsIn(t *testing.T, url string) option {
	t.Helper()
	return func(c *httpapi.Config) {
		limiter, err := ratelimit.New(ratelimit.Config{RedisURL: url, Log: c.Log})
		check(t, err)
		t.Cleanup(func() { check(t, limiter.Close()) })
		c.Limiter = limiter
	}
}

// sendMarker sends the marker in every member that has text of a user, in requests that succeed and in requests that
// fail.
func sendMarker(t *testing.T, a *api, m *llmtest.Model, me header) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	check(t, err)
	body := func(schema string, change map[string]any) string {
		value := markedValue(doc.Components.Schemas[schema].Value, schema).(map[string]any)
		// TestOwnKeyIsFoundNowhere sends a model, sendMarkerToApp the others.
		for _, name := range []string{"model", "client_tools", "continuation", "tool_results"} {
			delete(value, name)
		}
		for name, v := range change {
			value[name] = v
		}
		text, err := json.Marshal(value)
		check(t, err)
		return string(text)
	}
	seen := 0
	m.Respond(func(call agent.ModelCall) agent.Answer {
		for _, message := range call.Messages[1:] {
			seen += strings.Count(llmtest.TextOf(message), marker)
		}
		if len(call.Tools) > 0 && !toolsWereCalled(call) {
			return toolCalls("create_task",
				map[string]any{"title": marker + " title", "description": marker, "due_date": marker},
				map[string]any{"title": marker + " title"}, map[string]any{marker: marker})
		}
		return agent.Answer{Text: `[{"title":"` + marker + `"}]`}
	})
	for _, change := range []map[string]any{{"execution_mode": "direct"}, {"execution_mode": "plan"}} {
		if got := a.Do("POST", "/api/v1/chat", body("ChatRequest", change), me); got.Status != http.StatusOK ||
			!containsMarker(got.Body) {
			t.Fatalf("chat %v: %d %s", change, got.Status, got.Body)
		}
	}
	m.Route("task_agent,calendar_agent")
	socket := a.Dial(me)
	socket.Send(body("ChatRequest", map[string]any{"execution_mode": "direct"}))
	if _, last := socket.Answer(); last.Response == nil || !strings.Contains(*last.Response, marker) {
		t.Fatalf("stream: %+v", last)
	}
	for _, template := range []string{"tpl_standup", "tpl_note_tasks"} {
		step := body("StepRequest", map[string]any{"prompt_template": template, "variables": map[string]any{},
			"timezone": "Europe/Rome"})
		if got := a.Do("POST", "/api/v1/plans/steps", step, me); got.Status != http.StatusOK ||
			!containsMarker(got.Body) {
			t.Fatalf("step %s: %d %s", template, got.Status, got.Body)
		}
	}
	if seen < 20 {
		t.Errorf("the model got the marker %d times", seen)
	}
	m.Respond(func(call agent.ModelCall) agent.Answer {
		return agent.Answer{Text: llmtest.TextOf(call.Messages[0]) + marker}
	})
	if got := a.Do("POST", "/api/v1/chat", `{"message":"`+marker+`"}`, me); got.JSON(t)["replaced"] != true {
		t.Errorf("the prompt was not replaced: %s", got.Body)
	}
	sendMarkerToApp(t, a, m, me)
	sendMarkerInRefusedRequests(t, a, me)
}

// sendMarkerInRefusedRequests sends the marker in requests that are refused.
func sendMarkerInRefusedRequests(t *testing.T, a *api, me header) {
	t.Helper()
	secret := `"` + marker + ` password"`
	for _, r := range []struct {
		method, path, body string
		headers            header
		status             int
	}{
		{"POST", "/api/v1/chat", `{"message":"` + marker, me, 400},
		{"POST", "/api/v1/chat", `{"message":"x","execution_mode":"` + marker + `"}`, me, 422},
		{"POST", "/api/v1/chat", `{"message":"x","context":{"timezone":"` + marker + `"}}`, me, 422},
		{"POST", "/api/v1/chat", `{"message":"x","context":{"recent_tasks":[{"dueDate":"` + marker + `"}]}}`, me, 422},
		{"POST", "/api/v1/chat", `{"message":"` + marker + strings.Repeat("x", 1<<20) + `"}`, me, 413},
		{"POST", "/api/v1/plans/steps", `{"prompt_template":"` + marker + `"}`, me, 404},
		{"POST", "/api/v1/plans/steps", `{"prompt_template":"tpl_standup","variables":{"` + marker + `":1}}`, me, 422},
		{"GET", "/api/v1/plans/playbook/" + marker, "", me, 404},
		{"GET", "/api/v1/auth/me?access_token=" + marker, "", nil, 401},
		{"GET", "/api/v1/chat/stream?token=" + marker, "", nil, 400},
		{"GET", "/api/v1/auth/me", "", header{"Authorization": "Bearer " + marker}, 401},
		{"POST", "/api/v1/auth/login", `{"email":"` + marker + `@example.com","password":` + secret + `}`, nil, 401},
		{"POST", "/api/v1/auth/login", `{"email":"` + emailMarker + `@example.com","password":` + secret +
			`}`, nil, 401},
		{"POST", "/api/v1/auth/login", `{"email":"` + marker + `","password":` + secret + `}`, nil, 401},
		{"POST", "/api/v1/auth/register", `{"email":"` + marker + `@example.com","password":"short"}`, nil, 422},
		{"POST", "/api/v1/auth/register", `{"email":"` + emailMarker + `@example.com","password":` + secret +
			`}`, nil, 409},
		{"POST", "/api/v1/auth/register", `{"email":"other` + emailMarker + `@example.com","password":` + secret +
			`}`, nil, 201},
		{"POST", "/api/v1/auth/refresh", `{"refresh_token":"` + marker + `"}`, nil, 401},
		{"PUT", "/api/v1/auth/password", `{"current_password":` + secret + `,"new_password":` + secret + `}`, me, 403},
		{"POST", "/api/v1/auth/me/deletion", `{"password":` + secret + `}`, me, 403},
	} {
		if got := a.Do(r.method, r.path, r.body, r.headers); got.Status != r.status {
			t.Errorf("%s %.60s: %d %.200s, want %d", r.method, r.path, got.Status, got.Body, r.status)
		}
	}
}

// markedValue returns a value of the schema with the marker in every text. Members added to the contract are so
// included.
func markedValue(s *openapi3.Schema, name string) any {
	switch {
	case name == "timezone":
		return "Europe/Rome"
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type.Is("string"):
		return marker + " " + name
	case s.Type.Is("array"):
		return []any{markedValue(s.Items.Value, name)}
	case s.Type.Is("object"):
		value := map[string]any{}
		for property, of := range s.Properties {
			value[property] = markedValue(of.Value, property)
		}
		if len(value) == 0 {
			value[marker] = marker
		}
		return value
	case s.Type.Is("boolean"):
		return true
	}
	return 1
}

// tablesContaining returns the tables that have the marker in a column of any type.
func (a *api) tablesContaining(t *testing.T, marker string) (found []string) {
	t.Helper()
	rows, err := a.DB.Pool.Query(t.Context(), `SELECT quote_ident(table_schema) || '.' || quote_ident(table_name)
		FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`)
	check(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	check(t, err)
	if len(tables) < 5 {
		t.Fatalf("only the tables %v", tables)
	}
	for _, table := range tables {
		var n int
		row := a.DB.Pool.QueryRow(t.Context(), `SELECT count(*) FROM `+table+` AS t
			WHERE strpos(lower(to_jsonb(t)::text), $1) > 0 OR strpos(to_jsonb(t)::text, $2) > 0`,
			marker, hex.EncodeToString([]byte(marker)))
		check(t, row.Scan(&n))
		if n > 0 {
			found = append(found, table)
		}
	}
	return found
}

// scanRedis looks for the marker in every key and value.
func scanRedis(t *testing.T, url string) {
	t.Helper()
	if url == "" {
		if os.Getenv("CI") != "" {
			t.Error("TEST_REDIS_URL is not set")
		}
		t.Log("no Redis to scan")
		return
	}
	options, err := redis.ParseURL(url)
	check(t, err)
	client := redis.NewClient(options)
	defer func() { check(t, client.Close()) }()
	counted := 0
	keys := client.Scan(t.Context(), 0, "*", 1000).Iterator()
	for keys.Next(t.Context()) {
		counted++
		value, err := client.Get(t.Context(), keys.Val()).Result()
		if err != nil && err != redis.Nil {
			value, err = client.Dump(t.Context(), keys.Val()).Result()
		}
		if err != nil && err != redis.Nil {
			t.Errorf("key %s: %v", keys.Val(), err)
		}
		if containsMarker([]byte(keys.Val() + value)) {
			t.Errorf("the Redis key %s has text of a user", keys.Val())
		}
	}
	check(t, keys.Err())
	if counted == 0 {
		t.Error("Redis has no keys")
	}
}
