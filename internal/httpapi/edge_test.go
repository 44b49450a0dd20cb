package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

func TestRequestID(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	for in, kept := range map[string]bool{"good_ID-1": true, strings.Repeat("a", 64): true,
		strings.Repeat("a", 65): false, "a b": false, "ä": false} {
		got := a.Do("GET", "/api/v1/health", "", header{"X-Request-Id": in}).Header.Get("X-Request-Id")
		if (got == in) != kept || got == "" {
			t.Errorf("X-Request-Id %q became %q", in, got)
		}
	}
}

func TestCORS(t *testing.T) {
	t.Attr("case", "C133")
	t.Parallel()
	a := start(t, nil)
	for origin, allowed := range map[string]bool{
		"app://adiuva":                     true,
		"http://localhost:5173":            true,
		"http://localhost":                 true,
		"null":                             false,
		"app://adiuva.evil":                false,
		"http://localhost.evil.example":    false,
		"http://localhost:80.evil.example": false,
		"https://localhost:5173":           false,
		"http://localhost:5173/path":       false,
		"file://":                          false,
		"APP://ADIUVA":                     false,
	} {
		preflight := a.Send("OPTIONS", "/api/v1/chat", http.NoBody,
			header{"Origin": origin, "Access-Control-Request-Method": "POST"})
		simple := a.Do("GET", "/api/v1/health", "", header{"Origin": origin})
		for _, got := range []answer{preflight, simple} {
			acao := got.Header.Get("Access-Control-Allow-Origin")
			if allowed != (acao == origin) || !allowed && got.Code() != "origin_forbidden" {
				t.Errorf("origin %q: %d, Access-Control-Allow-Origin %q", origin, got.Status, acao)
			}
			if got.Header.Get("Vary") != "Origin" || got.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("origin %q: Vary %q", origin, got.Header.Get("Vary"))
			}
		}
	}
	if got := a.Do("GET", "/api/v1/health", "", nil); got.Status != http.StatusOK {
		t.Errorf("without Origin: %d", got.Status)
	}
}

func TestAuthorizationHeader(t *testing.T) {
	t.Attr("case", "C23")
	t.Parallel()
	a := start(t, nil)
	me := a.Register("anna@example.com")
	token := strings.TrimPrefix(me["Authorization"], "Bearer ")
	for name, c := range map[string]struct {
		path    string
		headers header
		status  int
		code    string
	}{
		"no token":   {"/api/v1/auth/me", nil, 401, "token_missing"},
		"basic":      {"/api/v1/auth/me", header{"Authorization": "Basic YTpi"}, 401, "token_invalid"},
		"lower case": {"/api/v1/auth/me", header{"Authorization": "bearer " + token}, 200, ""},
		"in query":   {"/api/v1/auth/me?access_token=" + token, nil, 401, "token_missing"},
		"altered":    {"/api/v1/auth/me", header{"Authorization": "Bearer " + token + "x"}, 401, "token_invalid"},
	} {
		got := a.Do("GET", c.path, "", c.headers)
		if got.Status != c.status || got.Code() != c.code && c.code != "" {
			t.Errorf("%s: %d %s, want %d %s", name, got.Status, got.Code(), c.status, c.code)
		}
		if c.status == 401 && !strings.HasPrefix(got.Header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: WWW-Authenticate %q", name, got.Header.Get("WWW-Authenticate"))
		}
	}
	if strings.Contains(a.Logs.String(), token) {
		t.Error("a token was logged")
	}
}

func TestBodyValidation(t *testing.T) {
	t.Attr("case", "C12")
	t.Parallel()
	a := start(t, nil)
	me := a.Register("body@example.com")
	deep := strings.Repeat("[", 33) + strings.Repeat("]", 33)
	for name, c := range map[string]struct {
		path, body string
		status     int
		code       string
		pointer    string
	}{
		"duplicate": {"/api/v1/auth/login", `{"email":"a@b.io","email":"c@d.io","password":"x"}`, 400,
			"invalid_json", ""},
		"case folded": {"/api/v1/auth/login", `{"email":"a@b.io","EMAIL":"c@d.io","password":"x"}`, 400,
			"invalid_json", ""},
		"long s": {"/api/v1/auth/login", `{"email":"a@b.io","password":"x","paſſword":"y"}`, 400,
			"invalid_json", ""},
		"surrogate": {"/api/v1/auth/login", `{"email":"a@b.io","password":"\ud800"}`, 400, "invalid_json", ""},
		"invalid UTF-8": {"/api/v1/auth/login", "{\"email\":\"a@b.io\",\"password\":\"\xff\"}", 400,
			"invalid_json", ""},
		"second value": {"/api/v1/auth/login", `{} {}`, 400, "invalid_json", ""},
		"nested too deep": {"/api/v1/chat", `{"message":"x","context":{"user_profile":{"a":` + deep + `}}}`, 400,
			"invalid_json", ""},
		"empty body": {"/api/v1/chat", ``, 400, "invalid_json", ""},
		"unknown on auth": {"/api/v1/auth/login", `{"email":"a@b.io","password":"x","tier":"team"}`, 422,
			"validation_failed", ""},
		"missing member": {"/api/v1/auth/login", `{"email":"a@b.io"}`, 422, "validation_failed", "/password"},
		"empty message":  {"/api/v1/chat", `{"message":""}`, 422, "validation_failed", "/message"},
		"wrong type": {"/api/v1/chat", `{"message":"x","context":{"recent_tasks":[{"dueDate":"soon"}]}}`, 422,
			"validation_failed", "/context/recent_tasks/0/dueDate"},
		"wrong mode": {"/api/v1/chat", `{"message":"x","execution_mode":"later"}`, 422, "validation_failed",
			"/execution_mode"},
		"unknown zone": {"/api/v1/chat", `{"message":"x","context":{"timezone":"Mars/Base"}}`, 422,
			"validation_failed", "/context/timezone"},
		"too long message": {"/api/v1/chat", `{"message":"` + strings.Repeat("x", 32001) + `"}`, 422,
			"validation_failed", "/message"},
		"too large": {"/api/v1/chat", `{"message":"` + strings.Repeat("x", 1<<20) + `"}`, 413,
			"body_too_large", ""},
	} {
		got := a.Do("POST", c.path, c.body, me)
		if got.Status != c.status || got.Code() != c.code {
			t.Errorf("%s: %d %s, want %d %s: %s", name, got.Status, got.Code(), c.status, c.code, got.Body)
		}
		if c.pointer != "" && !strings.Contains(string(got.Body), `"pointer":"`+c.pointer+`"`) {
			t.Errorf("%s: no pointer %s in %s", name, c.pointer, got.Body)
		}
	}
	if got := a.Do("POST", "/api/v1/chat", `{"message":"list my open tasks","surprise":1}`, me); got.Status != 200 {
		t.Errorf("unknown member on chat: %d %s", got.Status, got.Body)
	}
}

func TestRateLimitHeaders(t *testing.T) {
	t.Parallel()
	a := start(t, nil, apitest.WithRateLimits(t))
	me := a.Register("limits@example.com")
	for i := range 21 {
		got := a.Do("GET", "/api/v1/auth/me", "", me)
		want := http.StatusOK
		if i == 20 {
			want = http.StatusTooManyRequests
		}
		if got.Status != want {
			t.Fatalf("request %d: %d %s", i+1, got.Status, got.Body)
		}
		if p := got.Header.Get("RateLimit-Policy"); p != `"free";q=20;w=60` {
			t.Errorf("RateLimit-Policy %q", p)
		}
		if r := got.Header.Get("RateLimit"); !strings.HasPrefix(r, fmt.Sprintf(`"free";r=%d;t=`, max(19-i, 0))) {
			t.Errorf("request %d: RateLimit %q", i+1, r)
		}
		if i == 20 && got.Header.Get("Retry-After") == "" {
			t.Error("429 without Retry-After")
		}
	}
}

func TestReadinessWhileDraining(t *testing.T) {
	t.Attr("case", "C128")
	t.Parallel()
	a := start(t, nil)
	if got := a.Do("GET", "/readyz", "", nil); got.Status != http.StatusOK {
		t.Fatalf("readyz: %d %s", got.Status, got.Body)
	}
	a.Server.Drain()
	for _, path := range []string{"/readyz", "/readyz?exclude=database"} {
		if got := a.Do("GET", path, "", nil); got.Status != 503 || got.Code() != "draining" ||
			got.Header.Get("Retry-After") == "" {
			t.Errorf("%s while draining: %d %s", path, got.Status, got.Body)
		}
	}
	if got := a.Do("GET", "/livez", "", nil); got.Status != http.StatusOK {
		t.Errorf("livez while draining: %d", got.Status)
	}
}

func TestMalformedRequests(t *testing.T) {
	t.Attr("case", "C130")
	t.Parallel()
	a := start(t, nil)
	huge := "GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX-Big: " + strings.Repeat("a", 40<<10) + "\r\n\r\n"
	for name, c := range map[string]struct {
		raw    string
		status []int
	}{
		"two lengths": {"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length:" +
			" 2\r\nContent-Length: 3\r\n\r\n{}", []int{400}},
		"space before colon": {"GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX-A : b\r\n\r\n", []int{400}},
		"trace":              {"TRACE /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n", []int{405}},
		"double slash":       {"GET //api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n", []int{404}},
		"dots":               {"GET /api/v1/%2e%2e/health HTTP/1.1\r\nHost: x\r\n\r\n", []int{404}},
		"header over 32 K":   {huge, []int{431}},
		"invented method":    {"FROB /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n", []int{405}},
		"head on get route":  {"HEAD /api/v1/agents HTTP/1.1\r\nHost: x\r\n\r\n", []int{401}},
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(a.URL, "http://"))
		check(t, err)
		_, err = io.WriteString(conn, c.raw)
		check(t, err)
		method, _, _ := strings.Cut(c.raw, " ")
		resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
		check(t, err)
		if resp.StatusCode != c.status[0] {
			t.Errorf("%s: %d, want %v", name, resp.StatusCode, c.status)
		}
		check(t, resp.Body.Close())
		check(t, conn.Close())
	}
}

func TestAccountFlow(t *testing.T) {
	t.Attr("case", "C01")
	t.Parallel()
	a := start(t, nil)
	reg := a.Do("POST", "/api/v1/auth/register", `{"email":"Flow@Example.com","password":"correct horse battery"}`, nil)
	if reg.Status != http.StatusCreated {
		t.Fatalf("register: %d %s", reg.Status, reg.Body)
	}
	if again := a.Do("POST", "/api/v1/auth/register",
		`{"email":"flow@example.COM","password":"correct horse battery"}`, nil); again.Code() != "email_taken" {
		t.Errorf("second register: %d %s", again.Status, again.Body)
	}
	login := a.Do("POST", "/api/v1/auth/login", `{"email":"flow@example.com","password":"correct horse battery"}`,
		nil).JSON(t)
	me := header{"Authorization": "Bearer " + login["access_token"].(string)}
	profile := a.Do("GET", "/api/v1/auth/me", "", me).JSON(t)
	if profile["email"] != "flow@example.com" || profile["tier"] != "free" || profile["seats"] != float64(1) {
		t.Errorf("me: %v", profile)
	}
	next := a.Do("POST", "/api/v1/auth/refresh", `{"refresh_token":"`+login["refresh_token"].(string)+`"}`, nil)
	if next.Status != http.StatusOK || next.JSON(t)["refresh_token"] == login["refresh_token"] {
		t.Errorf("refresh: %d %s", next.Status, next.Body)
	}
	for range 2 {
		if out := a.Do("POST", "/api/v1/auth/logout", "", me); out.Status != http.StatusOK {
			t.Errorf("logout: %d %s", out.Status, out.Body)
		}
	}
	if got := a.Do("GET", "/api/v1/auth/me", "", me); got.Status != http.StatusUnauthorized {
		t.Errorf("after logout: %d", got.Status)
	}
}

func TestChat(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.Register("chat@example.com")
	got := a.Do("POST", "/api/v1/chat", `{"message":"create a task 'Call Anna' for tomorrow, high priority"}`,
		me).JSON(t)
	actions, ok := got["actions"].([]any)
	if got["kind"] != "response" || !ok || len(actions) != 1 {
		t.Fatalf("chat: %v", got)
	}
	one := actions[0].(map[string]any)
	data := one["data"].(map[string]any)
	if one["type"] != "create_record" || one["table"] != "tasks" || data["title"] != "Call Anna" ||
		data["priority"] != "high" || data["dueDate"] == nil {
		t.Errorf("action: %v", one)
	}
	list := a.Do("POST", "/api/v1/chat", `{"message":"list my open tasks","context":{"recent_tasks":[
		{"id":"1","title":"Write offer","status":"todo"},
		{"id":"2","title":"Book flights","status":"in_progress"},
		{"id":"3","title":"Paint fence","status":"todo"}]}}`, me)
	for _, title := range []string{"Write offer", "Book flights", "Paint fence"} {
		if !strings.Contains(list.JSON(t)["response"].(string), title) {
			t.Errorf("answer misses %q: %s", title, list.Body)
		}
	}
	if logs := a.Logs.String(); strings.Contains(logs, "Call Anna") || strings.Contains(logs, "Write offer") {
		t.Error("text of the user was logged")
	}
}
