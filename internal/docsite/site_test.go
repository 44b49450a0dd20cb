package docsite_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/docsite"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/openapi"
)

const version = "1.2.3-test"

// newSite returns the site as one handler that matches exact paths.
func newSite(t testing.TB) http.Handler {
	t.Helper()
	site, err := docsite.New(docsite.Config{Version: version})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for path, h := range site.Routes() {
		mux.Handle(path, h)
	}
	return mux
}

// request sends one request. Headers are given as name, value, name, value.
func request(t testing.TB, h http.Handler, method, target string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const (
	page         = "text/html; charset=utf-8"
	markdown     = "text/markdown; charset=utf-8"
	strictPolicy = "default-src 'none'; style-src 'self'; img-src data:; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

func TestEveryRouteServesGETAndHEAD(t *testing.T) {
	t.Parallel()
	h := newSite(t)
	want := map[string]string{
		"/billing/success": page,
		"/billing/cancel":  page,
		"/passkeys":        page,
		"/passkeys/app.js": "text/javascript; charset=utf-8",
		"/docs":            page,
		"/docs/errors":     page,
		"/docs/guide":      page,
		"/docs/clients":    page,
		"/docs/sso":        page,
		"/sso/failed":      page,
		"/docs/changelog":  page,
		"/llms.txt":        "text/plain; charset=utf-8",
		"/docs/scalar.js":  "text/javascript; charset=utf-8",
		"/docs/app.js":     "text/javascript; charset=utf-8",
		"/docs/style.css":  "text/css; charset=utf-8",
		"/openapi.yaml":    "application/yaml",
		"/openapi.json":    "application/json",
		"/asyncapi.yaml":   "application/yaml",
		"/asyncapi.json":   "application/json",
	}
	for _, e := range fault.Catalogue() {
		want["/docs/errors/"+string(e.Code)] = page
		want["/docs/errors/"+string(e.Code)+".md"] = markdown
	}
	for _, path := range []string{"/docs/errors.md", "/docs/guide.md", "/docs/clients.md", "/docs/sso.md",
		"/docs/changelog.md"} {
		want[path] = markdown
	}
	site, err := docsite.New(docsite.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for path := range site.Routes() {
		if want[path] == "" {
			t.Errorf("%s is served but not expected", path)
		}
	}
	for path, mediaType := range want {
		got := request(t, h, http.MethodGet, path)
		kind := got.Header().Get("Content-Type")
		if got.Code != http.StatusOK || got.Body.Len() == 0 || kind != mediaType {
			t.Errorf("GET %s: %d, %d bytes of %q; want %q", path, got.Code, got.Body.Len(), kind, mediaType)
		}
		head := request(t, h, http.MethodHead, path)
		if head.Code != http.StatusOK || head.Body.Len() != 0 {
			t.Errorf("HEAD %s: %d with %d bytes", path, head.Code, head.Body.Len())
		}
		for _, name := range []string{
			"Content-Type", "Content-Length", "Content-Security-Policy", "ETag", "Cache-Control",
		} {
			if a, b := got.Header().Get(name), head.Header().Get(name); a != b || a == "" {
				t.Errorf("%s: GET has %s %q, HEAD %q", path, name, a, b)
			}
		}
	}
}

func TestResponsesHaveSecurityHeaders(t *testing.T) {
	t.Parallel()
	h := newSite(t)
	for path, policy := range map[string]string{
		"/docs": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
			"img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; worker-src 'self' blob:; " +
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"/docs/errors":          strictPolicy,
		"/docs/errors/internal": strictPolicy,
		"/docs/scalar.js":       strictPolicy,
		"/docs/app.js":          strictPolicy,
		"/docs/style.css":       strictPolicy,
		"/openapi.yaml":         strictPolicy,
		"/openapi.json":         strictPolicy,
		"/asyncapi.yaml":        strictPolicy,
		"/asyncapi.json":        strictPolicy,
	} {
		got := request(t, h, http.MethodGet, path).Header()
		for name, want := range map[string]string{
			"Content-Security-Policy": policy,
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "no-referrer",
			"Cache-Control":           "no-cache",
		} {
			if values := got.Values(name); len(values) != 1 || values[0] != want {
				t.Errorf("%s: %s is %q, want %q", path, name, values, want)
			}
		}
	}
}

func TestMatchingETagReturns304(t *testing.T) {
	t.Parallel()
	h := newSite(t)
	for _, path := range []string{
		"/docs", "/docs/errors/rate_limited", "/docs/app.js", "/docs/scalar.js", "/openapi.json",
	} {
		for _, coding := range []string{"identity", "gzip"} {
			tag := request(t, h, http.MethodGet, path, "Accept-Encoding", coding).Header().Get("ETag")
			again := request(t, h, http.MethodGet, path, "Accept-Encoding", coding, "If-None-Match", tag)
			if again.Code != http.StatusNotModified || again.Body.Len() != 0 || again.Header().Get("ETag") != tag {
				t.Errorf("%s as %s with its own ETag: %d, %d bytes", path, coding, again.Code, again.Body.Len())
			}
			other := request(t, h, http.MethodGet, path, "Accept-Encoding", coding, "If-None-Match", `"other"`)
			if other.Code != http.StatusOK {
				t.Errorf("%s as %s with another ETag: %d", path, coding, other.Code)
			}
		}
	}
	seen := map[string]string{}
	for _, path := range []string{"/docs", "/docs/errors", "/docs/app.js", "/openapi.yaml", "/openapi.json"} {
		tag := request(t, h, http.MethodHead, path).Header().Get("ETag")
		if other := seen[tag]; other != "" {
			t.Errorf("%s and %s have the same ETag", path, other)
		}
		seen[tag] = path
	}
}

// link matches everything that makes a browser load or open a URL.
var link = regexp.MustCompile(`(?i)\b(?:href|src|srcset|action|formaction|poster|data|ping)\s*=\s*["']?([^"'\s>]*)`)

func TestPagesLinkOnlyToThisServer(t *testing.T) {
	t.Parallel()
	h := newSite(t)
	site, err := docsite.New(docsite.Config{})
	if err != nil {
		t.Fatal(err)
	}
	links := 0
	for path := range site.Routes() {
		got := request(t, h, http.MethodGet, path)
		if got.Header().Get("Content-Type") != page {
			continue
		}
		text := got.Body.String()
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			links++
			target := match[1]
			if target == "data:," || target == "adiuva:/"+path { // a landing page opens the app
				continue
			}
			if !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") {
				t.Errorf("%s links to %s", path, target)
			} else if answer := request(t, h, http.MethodHead, target); answer.Code != http.StatusOK {
				t.Errorf("%s links to %s, which answers %d", path, target, answer.Code)
			}
		}
		if inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script>`).FindString(text); inline != "" {
			t.Errorf("%s has %q, which its policy blocks", path, inline)
		}
	}
	if links < 200 {
		t.Errorf("found only %d links", links)
	}
	for _, path := range []string{"/docs/app.js", "/docs/style.css"} {
		text := request(t, h, http.MethodGet, path).Body.String()
		if outside := regexp.MustCompile(`//\w|@import|url\(`).FindString(text); outside != "" {
			t.Errorf("%s has %q", path, outside)
		}
	}
}

func TestReferenceHasNoStyleSheet(t *testing.T) {
	t.Parallel()
	text := request(t, newSite(t), http.MethodGet, "/docs").Body.String()
	if strings.Contains(text, "stylesheet") {
		t.Error("the reference has our style sheet, which would change its look")
	}
	for _, want := range []string{`<div id="app"></div>`, `<script src="/docs/app.js"></script>`} {
		if !strings.Contains(text, want) {
			t.Errorf("the reference does not start Scalar, %s is missing:\n%s", want, text)
		}
	}
}

func TestDocumentsAreServedUnchanged(t *testing.T) {
	t.Parallel()
	h := newSite(t)
	for path, want := range map[string][]byte{
		"/openapi.yaml": openapi.Document, "/asyncapi.yaml": openapi.Stream, "/asyncapi.json": openapi.StreamBundle,
	} {
		if got := request(t, h, http.MethodGet, path).Body.String(); got != string(want) {
			t.Errorf("%s has %d bytes, want the %d of the contract", path, len(got), len(want))
		}
	}
}
