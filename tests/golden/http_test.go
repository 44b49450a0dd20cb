package golden_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// header holds the headers of a request, by name.
type header map[string]string

func (h header) with(more header) header {
	all := maps.Clone(h)
	if all == nil {
		all = header{}
	}
	maps.Copy(all, more)
	return all
}

// request is one call. A client address of its own keeps it out of the other calls' rate limits.
type request struct {
	method, path string
	headers      header
	body         string
	bodyReader   io.Reader // in place of body, sent without Content-Length
	hideBody     bool      // record only the response's status and headers
	address      string    // of the client; a new one when empty
	rateLimits   bool      // record what is left of the limit
}

// response is what came back.
type response struct {
	status int
	header http.Header
	body   []byte
	closed bool // the server closes the connection
}

// member returns a string member of a JSON object, or "".
func (r response) member(name string) string {
	var object map[string]any
	if json.Unmarshal(r.body, &object) != nil {
		return ""
	}
	text, _ := object[name].(string)
	return text
}

// walk sends requests and records the exchanges.
type walk struct {
	t       *testing.T
	s       *service
	r       *recording
	clients int // client addresses used
}

func newWalk(t *testing.T, s *service, r *recording) *walk { return &walk{t: t, s: s, r: r} }

// newAddress returns a client address that no call used before.
func (w *walk) newAddress() string {
	w.clients++
	return fmt.Sprintf("10.1.%d.%d", w.clients/250, w.clients%250+1)
}

var httpClient = &http.Client{
	Transport:     &http.Transport{DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// send performs the call and records nothing.
func (w *walk) send(q request) response {
	w.t.Helper()
	body := q.bodyReader
	if body == nil {
		body = strings.NewReader(q.body)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), q.method, w.s.base+q.path, body)
	check(w.t, err)
	if q.address == "" {
		q.address = w.newAddress()
	}
	req.Header.Set("X-Forwarded-For", q.address)
	for name, value := range q.headers {
		req.Header.Set(name, value)
	}
	if q.body != "" && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := httpClient.Do(req)
	if err != nil {
		w.t.Fatalf("%s %s: %v", q.method, q.path, err)
	}
	text, err := io.ReadAll(resp.Body)
	check(w.t, err)
	check(w.t, resp.Body.Close())
	return response{resp.StatusCode, resp.Header, text, resp.Close}
}

// do performs the call and records it.
func (w *walk) do(title string, q request) response {
	w.t.Helper()
	resp := w.send(q)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", q.method, q.path)
	for _, name := range slices.Sorted(maps.Keys(q.headers)) {
		value := q.headers[name]
		if len(value) > 1000 {
			value = fmt.Sprintf("(%d bytes)", len(value))
		}
		fmt.Fprintf(&b, "%s: %s\n", name, value)
	}
	if q.body != "" {
		fmt.Fprintf(&b, "%s\n", shorten([]byte(q.body)))
	}
	fmt.Fprintf(&b, "--> %d\n%s", resp.status, resp.headerText(q.rateLimits))
	if !q.hideBody {
		b.WriteString(resp.bodyText())
	}
	w.r.add(title, b.String())
	return resp
}

// get, del, post and postAs record the common kinds of calls.
func (w *walk) get(title, path string, caller account) response {
	w.t.Helper()
	return w.do(title, request{method: http.MethodGet, path: path, headers: caller.bearer()})
}

func (w *walk) del(title, path string, caller account) response {
	w.t.Helper()
	return w.do(title, request{method: http.MethodDelete, path: path, headers: caller.bearer()})
}

func (w *walk) post(title, path, body string) response {
	w.t.Helper()
	return w.do(title, request{method: http.MethodPost, path: path, body: body})
}

func (w *walk) postAs(caller account, title, path, body string) response {
	w.t.Helper()
	return w.do(title, request{method: http.MethodPost, path: path, headers: caller.bearer(), body: body})
}

var (
	rateLimitLeft = regexp.MustCompile(`;r=(\d+);`)
	pageTag       = regexp.MustCompile(`^(W/)?"[0-9a-f]{16,63}"$`)
)

// usualHeaders are on nearly every response. They are recorded where they are missing or have another value.
var usualHeaders = map[string]*regexp.Regexp{
	"Date":                   regexp.MustCompile(` GMT$`),
	"Referrer-Policy":        regexp.MustCompile(`^no-referrer$`),
	"Vary":                   regexp.MustCompile(`^Origin$`),
	"X-Content-Type-Options": regexp.MustCompile(`^nosniff$`),
	"X-Request-Id":           regexp.MustCompile(`^[0-9a-f]{32}$`),
}

// headerText lists the headers, sorted, without the usual ones and a Content-Length that is the body's length.
func (r response) headerText(rateLimits bool) string {
	var b strings.Builder
	for name := range sortedBy(usualHeaders) {
		if len(r.header[name]) == 0 {
			fmt.Fprintf(&b, "(no %s)\n", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.header)) {
		value := strings.Join(r.header[name], "\n")
		if usual := usualHeaders[name]; usual != nil && usual.MatchString(value) {
			continue
		}
		if name == "Content-Length" && len(r.body) > 0 && value == strconv.Itoa(len(r.body)) {
			continue
		}
		for _, value := range r.header[name] {
			switch {
			case name == "Etag" && pageTag.MatchString(value):
				value = "<etag>"
			case name == "Ratelimit" && rateLimits:
				value = rateLimitLeft.ReplaceAllString(value, `;r=${1}_left;`)
			}
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	if r.header.Get("Content-Length") == "" && len(r.body) > 0 {
		b.WriteString("(no Content-Length)\n")
	}
	if r.closed {
		b.WriteString("(the connection is closed)\n")
	}
	return b.String()
}

func (r response) bodyText() string {
	if len(r.body) == 0 {
		return ""
	}
	return shorten(bytes.TrimRight(r.body, "\n")) + "\n"
}

// shorten returns short text as it is, and of all else the size and the SHA-256.
func shorten(body []byte) string {
	isText := !slices.ContainsFunc(body, func(b byte) bool { return b < ' ' && b != '\n' && b != '\t' || b >= 0xf8 })
	if isText && len(body) <= 20_000 {
		return string(body)
	}
	sum := sha256.Sum256(body)
	return fmt.Sprintf("(%d bytes, SHA-256 %s)", len(body), hex.EncodeToString(sum[:]))
}

const password = "correct horse battery"

// account is a registered user with the tokens of one session.
type account struct {
	email, access, refresh string
}

func (a account) bearer() header { return header{"Authorization": "Bearer " + a.access} }

func credentials(email, secret string) string {
	return fmt.Sprintf(`{"email":%q,"password":%q}`, email, secret)
}

// register opens an account without recording it and grants it a plan with many seats, unless that is free.
func (w *walk) register(name, tier string) account {
	w.t.Helper()
	a := account{email: name + "@example.com"}
	resp := w.send(request{method: "POST", path: "/api/v1/auth/register", body: credentials(a.email, password)})
	if resp.status != http.StatusCreated {
		w.t.Fatalf("register %s: %d %s", name, resp.status, resp.body)
	}
	a.access, a.refresh = resp.member("access_token"), resp.member("refresh_token")
	if tier != "free" {
		w.s.setTier(w.t, a.email, tier, 100) // seats count for team alone
	}
	return a
}

// login opens another session without recording it.
func (w *walk) login(a account) account {
	w.t.Helper()
	resp := w.send(request{method: "POST", path: "/api/v1/auth/login", body: credentials(a.email, password)})
	if resp.status != http.StatusOK {
		w.t.Fatalf("login %s: %d %s", a.email, resp.status, resp.body)
	}
	return account{a.email, resp.member("access_token"), resp.member("refresh_token")}
}
