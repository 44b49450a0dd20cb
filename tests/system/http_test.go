package system_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/openapi"
)

// sendRaw sends the text of a request and returns everything received until the server closes the connection.
func (a *api) sendRaw(request string) string {
	a.T.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.URL, "http://"))
	check(a.T, err)
	defer conn.Close()
	check(a.T, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(conn, request)
	check(a.T, err)
	data, err := io.ReadAll(conn)
	if err != nil && len(data) == 0 {
		a.T.Fatalf("no response, or the connection stays open: %v", err)
	}
	return string(data)
}

func TestSlowHeadersTimeOut(t *testing.T) {
	t.Attr("case", "C129")
	t.Parallel()
	a := start(t, nil, func(c *httpapi.Config) { c.Timeouts.Header = 300 * time.Millisecond })
	var slow []net.Conn
	for range 500 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(a.URL, "http://"))
		check(t, err)
		defer conn.Close()
		_, err = io.WriteString(conn, "GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX-Slow: a")
		check(t, err)
		slow = append(slow, conn)
	}
	resp, err := http.Get(a.URL + "/api/v1/health")
	check(t, err)
	check(t, resp.Body.Close())
	if resp.StatusCode != http.StatusOK {
		t.Errorf("health during slow headers: %d", resp.StatusCode)
	}
	for _, conn := range slow {
		check(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("the server still waits for a slow header: %v", err)
		}
	}
}

func TestSlowJSONBodyTimesOut(t *testing.T) {
	t.Attr("case", "C129")
	t.Parallel()
	a := start(t, nil, func(c *httpapi.Config) { c.Timeouts.Body = 200 * time.Millisecond })
	got := a.sendRaw("POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type:" +
		" application/json\r\nContent-Length: 60\r\n\r\n{\"email\":")
	if !strings.HasPrefix(got, "HTTP/1.1 408 ") || !strings.Contains(got, `"code":"upload_too_slow"`) {
		t.Errorf("body that stops: %s", got)
	}
	if quick := a.Do("POST", "/api/v1/auth/login", `{"email":"a@example.com","password":"wrong"}`,
		nil); quick.Status != http.StatusUnauthorized {
		t.Errorf("next request: %d", quick.Status)
	}
}

func TestSmuggledRequestsGetOneResponse(t *testing.T) {
	t.Attr("case", "C130")
	t.Parallel()
	a := start(t, nil)
	const post = "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	const hidden = "GET /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, c := range map[string]struct{ raw, status string }{
		"length and chunks": {post +
			"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + hidden, "422"},
		"chunks and length": {post +
			"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + hidden, "422"},
		"two different lengths": {post + "Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}" + hidden, "400"},
		"two lengths in one":    {post + "Content-Length: 2, 2\r\n\r\n{}" + hidden, "400"},
		"signed length":         {post + "Content-Length: +2\r\n\r\n{}" + hidden, "400"},
		"negative length":       {post + "Content-Length: -1\r\n\r\n{}" + hidden, "400"},
		"chunks twice": {post +
			"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden, "501"},
		"unknown encoding":       {post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden, "501"},
		"list of encodings":      {post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + hidden, "501"},
		"space before the colon": {post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + hidden, "400"},
		"broken chunk":           {post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n" + hidden, "400"},
		"NUL in a header":        {post + "X-A: a\x00b\r\nContent-Length: 2\r\n\r\n{}" + hidden, "400"},
		"bare CR in a header":    {post + "X-A: a\rb\r\nContent-Length: 2\r\n\r\n{}" + hidden, "400"},
		"fold at the start":      {"GET /api/v1/health HTTP/1.1\r\n X-A: b\r\nHost: x\r\n\r\n" + hidden, "400"},
		"no host":                {"GET /api/v1/health HTTP/1.1\r\n\r\n" + hidden, "400"},
		"two hosts":              {"GET /api/v1/health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n" + hidden, "400"},
		"header of 1 MiB": {"GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX-A: " +
			strings.Repeat("a", 1<<20) + "\r\nConnection: close\r\n\r\n", "431"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := a.sendRaw(c.raw)
			if !strings.HasPrefix(got, "HTTP/1.1 "+c.status+" ") {
				t.Errorf("%.300q, want %s", got, c.status)
			}
			if n := strings.Count(got, "HTTP/1.1 "); n != 1 {
				t.Errorf("%d responses: %q", n, got)
			}
		})
	}
	// A folded line continues the header before it (RFC 9112, 5.2), and is not a header of its own.
	got := a.sendRaw("GET /api/v1/auth/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-A: b\r\n Authorization:" +
		" Bearer x\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 401 ") || !strings.Contains(got, "token_missing") {
		t.Errorf("folded line: %q", got)
	}
}

func TestUnknownPathsAnswerWithProblems(t *testing.T) {
	t.Attr("case", "C131")
	t.Parallel()
	a := start(t, nil)
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	check(t, err)
	for _, path := range []string{"/nope", "/api", "/api/v1", "/api/v1/", "/api/v2/health", "/api/v1/auth/me/",
		"/docs/errors/nope", "/.env",
		"/api/v1/backup/%00", "/api/v1/plans/playbook/..%2f..", "/livez/x", "/metrics", "/api/v1/auth/sessions/%FF"} {
		for _, method := range methods {
			got := a.Send(method, path, http.NoBody, nil)
			if method == "OPTIONS" && got.Status == http.StatusNoContent && got.Header.Get("Allow") != "" {
				continue // it matches a path template of the contract
			}
			if got.Status < 400 || got.Status >= 500 {
				t.Errorf("%s %s: %d %s", method, path, got.Status, got.Body)
			} else if method != "HEAD" {
				checkProblem(t, doc, got)
			}
		}
	}
}

func TestUnsupportedMethods(t *testing.T) {
	t.Attr("case", "C130")
	t.Parallel()
	a := start(t, nil)
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"TRACE", "/api/v1/auth/me", 405, "OPTIONS, GET, HEAD"},
		{"HEAD", "/api/v1/auth/me", 401, ""},
		{"OPTIONS", "/api/v1/auth/me", 204, "OPTIONS, GET, HEAD"},
		{"PATCH", "/api/v1/auth/login", 405, "OPTIONS, POST"},
	} {
		got := a.Send(c.method, c.path, http.NoBody, header{"X-Marker": "echo-me"})
		if got.Status != c.status || got.Header.Get("Allow") != c.allow {
			t.Errorf("%s %s: %d, Allow %q, want %d, %q", c.method, c.path, got.Status, got.Header.Get("Allow"),
				c.status, c.allow)
		}
		if strings.Contains(string(got.Body), "echo-me") || c.method == "HEAD" && len(got.Body) > 0 {
			t.Errorf("%s answers %q", c.method, got.Body)
		}
	}
}

func TestLogLinesResistInjection(t *testing.T) {
	t.Attr("case", "C132")
	t.Parallel()
	a := start(t, nil)
	for _, id := range []string{"a\r\nSet-Cookie: x=1", strings.Repeat("a", 10<<10), `a","level":"ERROR`,
		"a%0d%0ab", "a b", "\u2028"} {
		got := a.sendRaw("GET /api/v1/nope%0a%0d{\"level\":\"ERROR\"}?q=%0a HTTP/1.1\r\nHost: x\r\nConnection:" +
			" close\r\nUser-Agent: \u2028{}\r\nX-Request-Id: " + id + "\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(got)), nil)
		check(t, err)
		if kept := resp.Header.Get("X-Request-Id"); len(kept) != 32 && kept != "a" ||
			resp.Header.Get("Set-Cookie") != "" {
			t.Errorf("X-Request-Id %.40q became %q, Set-Cookie %q", id, kept, resp.Header.Get("Set-Cookie"))
		}
		check(t, resp.Body.Close())
	}
	requests := 0
	for line := range strings.Lines(a.Logs.String()) {
		var one struct{ Level, Msg string }
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("log line is not a JSON object: %q", line)
		}
		if one.Msg == "request" {
			requests++
		}
		if one.Level == "ERROR" {
			t.Errorf("injected line: %q", line)
		}
	}
	if requests != 6 {
		t.Errorf("%d log lines for 6 requests", requests)
	}
}
