package httpapi_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

// raw sends the text of a request and returns the response.
func (a *api) raw(text string) answer {
	a.T.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.URL, "http://"))
	check(a.T, err)
	defer conn.Close()
	check(a.T, conn.SetDeadline(time.Now().Add(patient)))
	_, err = io.WriteString(conn, text)
	check(a.T, err)
	method, _, _ := strings.Cut(text, " ")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	check(a.T, err)
	body, err := io.ReadAll(resp.Body)
	check(a.T, err)
	return answer{Status: resp.StatusCode, Header: resp.Header, Body: body}
}

// TestHEADAnswersAsGETWithoutABody compares both on every path, with a token and without.
func TestHEADAnswersAsGETWithoutABody(t *testing.T) {
	t.Attr("case", "H02")
	t.Parallel()
	a := start(t, nil)
	plain := header{"Accept-Encoding": "identity"} // else the client asks for gzip with GET alone
	for _, headers := range []header{plain, a.Register("head@example.com").With("Accept-Encoding", "identity")} {
		for _, path := range paths(t) {
			get, head := a.Send("GET", path, http.NoBody, headers), a.Send("HEAD", path, http.NoBody, headers)
			if head.Status != get.Status || len(head.Body) > 0 {
				t.Errorf("HEAD %s: %d with %d bytes; GET: %d", path, head.Status, len(head.Body), get.Status)
			}
			for name := range get.Header {
				got, want := head.Header.Get(name), get.Header.Get(name)
				if name != "X-Request-Id" && name != "Date" && name != "Content-Length" && got != want {
					t.Errorf("HEAD %s: %s %q; GET: %q", path, name, got, want)
				}
			}
		}
	}
}

func TestHEADCountsAgainstTheLimitOfGET(t *testing.T) {
	t.Attr("case", "H02")
	t.Parallel()
	a := start(t, nil, apitest.WithRateLimits(t))
	me := a.Register("counted@example.com")
	for i := range 20 {
		if got := a.Send([]string{"GET", "HEAD"}[i%2], "/api/v1/auth/me", http.NoBody, me); got.Status != 200 {
			t.Fatalf("request %d: %d", i+1, got.Status)
		}
	}
	if got := a.Send("HEAD", "/api/v1/auth/me", http.NoBody, me); got.Status != http.StatusTooManyRequests {
		t.Errorf("request 21: %d", got.Status)
	}
}

// TestAllowListsTheMethodsOfThePath sends OPTIONS and methods that a path lacks to every path of the contract.
func TestAllowListsTheMethodsOfThePath(t *testing.T) {
	t.Attr("case", "F5")
	t.Parallel()
	a := start(t, nil)
	for path, item := range contract(t).Paths.Map() {
		want := map[string]bool{"OPTIONS": true, "HEAD": item.Get != nil}
		for method := range item.Operations() {
			want[method] = true
		}
		for method := range strings.FieldsSeq("OPTIONS GET POST PUT PATCH DELETE TRACE CONNECT FROB") {
			if want[method] && method != "OPTIONS" {
				continue
			}
			got := a.raw(method + " /api/v1" + path + " HTTP/1.1\r\nHost: x\r\n\r\n")
			status := http.StatusMethodNotAllowed
			if method == "OPTIONS" {
				status = http.StatusNoContent
			}
			if method == "CONNECT" && got.Status == http.StatusBadRequest {
				continue // net/http wants an authority, not a path
			}
			if got.Status != status {
				t.Errorf("%s %s: %d %s", method, path, got.Status, got.Body)
			}
			listed := map[string]bool{}
			for one := range strings.SplitSeq(got.Header.Get("Allow"), ", ") {
				listed[one] = true
			}
			for _, one := range []string{"OPTIONS", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"} {
				if listed[one] != want[one] {
					t.Errorf("%s %s: Allow: %s", method, path, got.Header.Get("Allow"))
				}
			}
		}
	}
}

func TestRefusalsOfTheLibraryAreProblems(t *testing.T) {
	t.Attr("case", "H04")
	t.Parallel()
	a := start(t, nil)
	const login = "POST /api/v1/auth/login?q=1 HTTP/1.1\r\nHost: api.example.com\r\nX-Request-Id: mine\r\n" +
		"Origin: app://adiuva\r\nContent-Type: application/json\r\n"
	for name, c := range map[string]struct {
		raw    string
		status int
		code   string
	}{
		"other expectation": {login + "Expect: 200-ok\r\nContent-Length: 2\r\n\r\n{}", 417, "expectation_failed"},
		"one of two": {login + "Expect: 100-continue, x\r\nContent-Length: 2\r\n\r\n{}", 417,
			"expectation_failed"},
		"in another header": {login + "Expect: 100-continue\r\nExpect: x\r\nContent-Length: 2\r\n\r\n{}", 417,
			"expectation_failed"},
		"of HTTP/1.0": {strings.Replace(login, "1.1", "1.0", 1) + "Expect: x\r\nContent-Length: 2\r\n\r\n{}", 417,
			"expectation_failed"},
		"unknown coding":  {login + "Transfer-Encoding: gzip\r\n\r\n", 501, "not_supported"},
		"coding twice":    {login + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 501, "not_supported"},
		"identity coding": {login + "Transfer-Encoding: identity\r\n\r\n", 501, "not_supported"},
		"large header":    {login + "X-A: " + strings.Repeat("a", 100<<10) + "\r\n\r\n", 431, "header_too_large"},
	} {
		got := a.raw(c.raw)
		problem := got.JSON(t)
		if got.Status != c.status || got.Code() != c.code ||
			got.Header.Get("Content-Type") != "application/problem+json" ||
			problem["type"] != "http://api.example.com/docs/errors/"+c.code ||
			problem["instance"] != "/api/v1/auth/login" || problem["request_id"] != "mine" ||
			got.Header.Get("X-Request-Id") != "mine" ||
			got.Header.Get("Access-Control-Allow-Origin") != "app://adiuva" {
			t.Errorf("%s: %d %v %s", name, got.Status, got.Header, got.Body)
		}
	}
	if got := a.raw(login + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}"); got.Status != http.StatusContinue {
		t.Errorf("100-continue: %d", got.Status)
	}
	if logs := a.Logs.String(); strings.Contains(logs, `"level":"ERROR"`) {
		t.Errorf("a refusal is logged as an error: %s", logs)
	}
}

// TestWhatFollowsADoubtfulBodyIsNoRequest hides a request where another reader of the message sees a body.
func TestWhatFollowsADoubtfulBodyIsNoRequest(t *testing.T) {
	t.Attr("case", "H04")
	t.Parallel()
	a := start(t, nil)
	const hidden = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, text := range map[string]string{
		"chunked in HTTP/1.0": "POST /api/v1/auth/logout HTTP/1.0\r\nConnection: keep-alive\r\n" +
			"Transfer-Encoding: chunked\r\n\r\n",
		"chunked with a length in HTTP/1.0": "POST /api/v1/auth/logout HTTP/1.0\r\nConnection: keep-alive\r\n" +
			"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}",
		"length beside chunked": "POST /api/v1/auth/logout HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n" +
			"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	} {
		got := a.raw(text + hidden)
		if got.Status != http.StatusUnauthorized || strings.Contains(string(got.Body), "HTTP/1.1") {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if logs := a.Logs.String(); strings.Contains(logs, `"route":"none"`) {
		t.Errorf("a hidden request was answered: %s", logs)
	}
}

func TestOptionsOfTheWholeServer(t *testing.T) {
	t.Attr("case", "H02")
	t.Parallel()
	a := start(t, nil)
	for _, version := range []string{"1.0", "1.1"} {
		got := a.raw("OPTIONS * HTTP/" + version + "\r\nHost: x\r\n\r\n")
		if got.Status != http.StatusNoContent || !strings.Contains(got.Header.Get("Allow"), "HEAD") {
			t.Errorf("HTTP/%s: %d %v %s", version, got.Status, got.Header, got.Body)
		}
	}
	if got := a.raw("GET * HTTP/1.1\r\nHost: x\r\n\r\n"); got.Code() != "not_found" {
		t.Errorf("GET *: %d %s", got.Status, got.Body)
	}
}

func TestUnsupportedMediaTypeNamesTheWantedOne(t *testing.T) {
	t.Attr("case", "F13")
	t.Parallel()
	a := start(t, nil)
	me := a.Register("media@example.com")
	for _, c := range []struct{ method, path, sent, wanted string }{
		{"POST", "/api/v1/auth/login", "text/plain", "application/json"},
		{"POST", "/api/v1/chat", "application/x-www-form-urlencoded", "application/json"},
		{"POST", "/api/v1/chat", "application/json, text/plain", "application/json"},
		{"POST", "/api/v1/chat", ";", "application/json"},
		{"PUT", "/api/v1/backup", "application/zip", "application/octet-stream"},
	} {
		headers := me.With("Content-Type", c.sent).With("X-Backup-Version", "1").With("X-Backup-Timestamp", "1")
		got := a.Do(c.method, c.path, "{}", headers.With("X-Backup-Checksum", strings.Repeat("a", 64)))
		if got.Status != http.StatusUnsupportedMediaType || got.Code() != "unsupported_media_type" ||
			!strings.Contains(got.JSON(t)["detail"].(string), c.wanted) {
			t.Errorf("%s %s as %q: %d %s", c.method, c.path, c.sent, got.Status, got.Body)
		}
	}
}

func TestContentEncodingIsRefused(t *testing.T) {
	t.Attr("case", "G1")
	t.Parallel()
	a := start(t, nil)
	me := a.Register("encoded@example.com")
	for encoding, refused := range map[string]bool{"gzip": true, "GZIP": true, "br": true, "zstd": true, "x": true,
		"identity, gzip": true, "gzip, identity": true, "identity": false, "Identity": false, "": false, ", ,": false,
		"identity, identity": false} {
		for _, c := range []struct{ method, path, media string }{
			{"POST", "/api/v1/chat", "application/json"}, {"POST", "/api/v1/auth/login", "application/json"},
			{"POST", "/api/v1/billing/webhook", "application/json"},
		} {
			headers := me.With("Content-Type", c.media).With("Content-Encoding", encoding)
			got := a.Do(c.method, c.path, "\x1f\x8b", headers)
			is := got.Status == http.StatusUnsupportedMediaType && got.Header.Get("Accept-Encoding") == "identity"
			if is != refused {
				t.Errorf("%s %s with Content-Encoding %q: %d %s", c.method, c.path, encoding, got.Status, got.Body)
			}
		}
	}
	upload := me.With("X-Backup-Version", "1").With("X-Backup-Timestamp", "1").
		With("X-Backup-Checksum", strings.Repeat("a", 64)).With("Content-Type", "application/octet-stream")
	if got := a.Do("PUT", "/api/v1/backup", "\x1f\x8b", upload.With("Content-Encoding", "gzip")); got.Status == 415 {
		t.Errorf("an upload: %d %s", got.Status, got.Body)
	}
	if got := a.Do("POST", "/api/v1/auth/logout", "", me.With("Content-Encoding", "gzip")); got.Status != 200 {
		t.Errorf("an operation without a body: %d", got.Status)
	}
}
