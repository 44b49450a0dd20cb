package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestRequestID(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	for in, kept := range map[string]bool{"good_ID-1": true, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false, "a b": false, "ä": false} {
		got := a.do("GET", "/api/v1/health", "", header{"X-Request-Id": in}).header.Get("X-Request-Id")
		if (got == in) != kept || got == "" {
			t.Errorf("X-Request-Id %q became %q", in, got)
		}
	}
}

func TestCORS(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	for origin, allowed := range map[string]bool{
		"app://adiuva": true, "http://localhost:5173": true, "http://localhost": true, "null": false, "app://adiuva.evil": false,
		"http://localhost.evil.example": false, "http://localhost:80.evil.example": false, "https://localhost:5173": false,
		"http://localhost:5173/path": false, "file://": false, "APP://ADIUVA": false,
	} {
		pre := a.send("OPTIONS", "/api/v1/chat", http.NoBody, header{"Origin": origin, "Access-Control-Request-Method": "POST"})
		plain := a.do("GET", "/api/v1/health", "", header{"Origin": origin})
		for _, got := range []answer{pre, plain} {
			acao := got.header.Get("Access-Control-Allow-Origin")
			if allowed != (acao == origin) || !allowed && got.code() != "origin_forbidden" {
				t.Errorf("origin %q: %d, Access-Control-Allow-Origin %q", origin, got.status, acao)
			}
			if got.header.Get("Vary") != "Origin" || got.header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("origin %q: Vary %q", origin, got.header.Get("Vary"))
			}
		}
	}
	if got := a.do("GET", "/api/v1/health", "", nil); got.status != http.StatusOK {
		t.Errorf("without Origin: %d", got.status)
	}
}

func TestC23_AuthorizationHeader(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.register("anna@example.com")
	token := strings.TrimPrefix(me["Authorization"], "Bearer ")
	for name, c := range map[string]struct {
		path    string
		headers header
		status  int
		code    string
	}{
		"none":       {"/api/v1/auth/me", nil, 401, "token_missing"},
		"basic":      {"/api/v1/auth/me", header{"Authorization": "Basic YTpi"}, 401, "token_invalid"},
		"lower case": {"/api/v1/auth/me", header{"Authorization": "bearer " + token}, 200, ""},
		"in query":   {"/api/v1/auth/me?access_token=" + token, nil, 401, "token_missing"},
		"broken":     {"/api/v1/auth/me", header{"Authorization": "Bearer " + token + "x"}, 401, "token_invalid"},
	} {
		got := a.do("GET", c.path, "", c.headers)
		if got.status != c.status || got.code() != c.code && c.code != "" {
			t.Errorf("%s: %d %s, want %d %s", name, got.status, got.code(), c.status, c.code)
		}
		if c.status == 401 && !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: WWW-Authenticate %q", name, got.header.Get("WWW-Authenticate"))
		}
	}
	if strings.Contains(a.logs.String(), token) {
		t.Error("a token reached the log")
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.register("body@example.com")
	deep := strings.Repeat("[", 33) + strings.Repeat("]", 33)
	for name, c := range map[string]struct {
		path, body string
		status     int
		code       string
		pointer    string
	}{
		"duplicate":        {"/api/v1/auth/login", `{"email":"a@b.io","email":"c@d.io","password":"x"}`, 400, "invalid_json", ""},
		"case folded":      {"/api/v1/auth/login", `{"email":"a@b.io","EMAIL":"c@d.io","password":"x"}`, 400, "invalid_json", ""},
		"long s":           {"/api/v1/auth/login", `{"email":"a@b.io","password":"x","paſſword":"y"}`, 400, "invalid_json", ""},
		"surrogate":        {"/api/v1/auth/login", `{"email":"a@b.io","password":"\ud800"}`, 400, "invalid_json", ""},
		"bad UTF-8":        {"/api/v1/auth/login", "{\"email\":\"a@b.io\",\"password\":\"\xff\"}", 400, "invalid_json", ""},
		"trailing":         {"/api/v1/auth/login", `{} {}`, 400, "invalid_json", ""},
		"deep":             {"/api/v1/chat", `{"message":"x","context":{"user_profile":{"a":` + deep + `}}}`, 400, "invalid_json", ""},
		"empty":            {"/api/v1/chat", ``, 400, "invalid_json", ""},
		"unknown on auth":  {"/api/v1/auth/login", `{"email":"a@b.io","password":"x","tier":"team"}`, 422, "validation_failed", ""},
		"missing":          {"/api/v1/auth/login", `{"email":"a@b.io"}`, 422, "validation_failed", "/password"},
		"empty message":    {"/api/v1/chat", `{"message":""}`, 422, "validation_failed", "/message"},
		"wrong type":       {"/api/v1/chat", `{"message":"x","context":{"recent_tasks":[{"dueDate":"soon"}]}}`, 422, "validation_failed", "/context/recent_tasks/0/dueDate"},
		"wrong mode":       {"/api/v1/chat", `{"message":"x","execution_mode":"later"}`, 422, "validation_failed", "/execution_mode"},
		"bad zone":         {"/api/v1/chat", `{"message":"x","context":{"timezone":"Mars/Base"}}`, 422, "validation_failed", "/context/timezone"},
		"too long message": {"/api/v1/chat", `{"message":"` + strings.Repeat("x", 32001) + `"}`, 422, "validation_failed", "/message"},
		"too large":        {"/api/v1/chat", `{"message":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "body_too_large", ""},
	} {
		got := a.do("POST", c.path, c.body, me)
		if got.status != c.status || got.code() != c.code {
			t.Errorf("%s: %d %s, want %d %s: %s", name, got.status, got.code(), c.status, c.code, got.body)
		}
		if c.pointer != "" && !strings.Contains(string(got.body), `"pointer":"`+c.pointer+`"`) {
			t.Errorf("%s: no pointer %s in %s", name, c.pointer, got.body)
		}
	}
	if got := a.do("POST", "/api/v1/chat", `{"message":"list my open tasks","surprise":1}`, me); got.status != 200 {
		t.Errorf("unknown member on chat: %d %s", got.status, got.body)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	a := start(t, nil, limited(t))
	me := a.register("limits@example.com")
	for i := range 21 {
		got := a.do("GET", "/api/v1/auth/me", "", me)
		want := http.StatusOK
		if i == 20 {
			want = http.StatusTooManyRequests
		}
		if got.status != want {
			t.Fatalf("request %d: %d %s", i+1, got.status, got.body)
		}
		if p := got.header.Get("RateLimit-Policy"); p != `"free";q=20;w=60` {
			t.Errorf("RateLimit-Policy %q", p)
		}
		if r := got.header.Get("RateLimit"); !strings.HasPrefix(r, fmt.Sprintf(`"free";r=%d;t=`, max(19-i, 0))) {
			t.Errorf("request %d: RateLimit %q", i+1, r)
		}
		if i == 20 && got.header.Get("Retry-After") == "" {
			t.Error("429 without Retry-After")
		}
	}
}

func TestDraining(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	if got := a.do("GET", "/readyz", "", nil); got.status != http.StatusOK {
		t.Fatalf("readyz: %d %s", got.status, got.body)
	}
	a.server.Drain()
	if got := a.do("GET", "/readyz", "", nil); got.status != 503 || got.code() != "draining" || got.header.Get("Retry-After") == "" {
		t.Errorf("readyz while draining: %d %s", got.status, got.body)
	}
	if got := a.do("GET", "/livez", "", nil); got.status != http.StatusOK {
		t.Errorf("livez while draining: %d", got.status)
	}
}

func TestC130_RequestShapes(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	huge := "GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX-Big: " + strings.Repeat("a", 40<<10) + "\r\n\r\n"
	for name, c := range map[string]struct {
		raw    string
		status []int
	}{
		"two lengths":       {"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", []int{400}},
		"space before :":    {"GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX-A : b\r\n\r\n", []int{400}},
		"trace":             {"TRACE /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n", []int{405}},
		"double slash":      {"GET //api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n", []int{404}},
		"dots":              {"GET /api/v1/%2e%2e/health HTTP/1.1\r\nHost: x\r\n\r\n", []int{404}},
		"header over 32 K":  {huge, []int{431}},
		"invented method":   {"FROB /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n", []int{405}},
		"head on get route": {"HEAD /api/v1/agents HTTP/1.1\r\nHost: x\r\n\r\n", []int{405}},
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
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
	t.Parallel()
	a := start(t, nil)
	reg := a.do("POST", "/api/v1/auth/register", `{"email":"Flow@Example.com","password":"correct horse battery"}`, nil)
	if reg.status != http.StatusCreated {
		t.Fatalf("register: %d %s", reg.status, reg.body)
	}
	if again := a.do("POST", "/api/v1/auth/register", `{"email":"flow@example.COM","password":"correct horse battery"}`, nil); again.code() != "email_taken" {
		t.Errorf("second register: %d %s", again.status, again.body)
	}
	login := a.do("POST", "/api/v1/auth/login", `{"email":"flow@example.com","password":"correct horse battery"}`, nil).json(t)
	me := header{"Authorization": "Bearer " + login["access_token"].(string)}
	profile := a.do("GET", "/api/v1/auth/me", "", me).json(t)
	if profile["email"] != "flow@example.com" || profile["tier"] != "free" || profile["seats"] != float64(1) {
		t.Errorf("me: %v", profile)
	}
	next := a.do("POST", "/api/v1/auth/refresh", `{"refresh_token":"`+login["refresh_token"].(string)+`"}`, nil)
	if next.status != http.StatusOK || next.json(t)["refresh_token"] == login["refresh_token"] {
		t.Errorf("refresh: %d %s", next.status, next.body)
	}
	for range 2 {
		if out := a.do("POST", "/api/v1/auth/logout", "", me); out.status != http.StatusOK {
			t.Errorf("logout: %d %s", out.status, out.body)
		}
	}
	if got := a.do("GET", "/api/v1/auth/me", "", me); got.status != http.StatusUnauthorized {
		t.Errorf("after logout: %d", got.status)
	}
}

func TestChat(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.register("chat@example.com")
	got := a.do("POST", "/api/v1/chat", `{"message":"create a task 'Call Anna' for tomorrow, high priority"}`, me).json(t)
	actions, ok := got["actions"].([]any)
	if got["kind"] != "response" || !ok || len(actions) != 1 {
		t.Fatalf("chat: %v", got)
	}
	one := actions[0].(map[string]any)
	data := one["data"].(map[string]any)
	if one["type"] != "create_record" || one["table"] != "tasks" || data["title"] != "Call Anna" || data["priority"] != "high" || data["dueDate"] == nil {
		t.Errorf("action: %v", one)
	}
	list := a.do("POST", "/api/v1/chat", `{"message":"list my open tasks","context":{"recent_tasks":[
		{"id":"1","title":"Write offer","status":"todo"},{"id":"2","title":"Book flights","status":"in_progress"},{"id":"3","title":"Paint fence","status":"todo"}]}}`, me)
	for _, title := range []string{"Write offer", "Book flights", "Paint fence"} {
		if !strings.Contains(list.json(t)["response"].(string), title) {
			t.Errorf("answer misses %q: %s", title, list.body)
		}
	}
	if logs := a.logs.String(); strings.Contains(logs, "Call Anna") || strings.Contains(logs, "Write offer") {
		t.Error("what the user said reached the log")
	}
}
