package system_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/adiuva/cloud-api/openapi"
)

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}

// TestEveryResponseMatchesTheContract calls every method on every path with every kind of invalid request and
// validates each response against the contract.
func TestEveryResponseMatchesTheContract(t *testing.T) {
	t.Attr("case", "C131")
	t.Parallel()
	a := start(t, nil)
	me := a.Register("walker@example.com")
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	check(t, err)
	big := `{"message":"` + strings.Repeat("x", 1<<20) + `"}`
	requests := map[string]struct {
		body    string
		headers header
	}{
		"no token":           {"{}", nil},
		"bad token":          {"{}", header{"Authorization": "Bearer nonsense"}},
		"basic":              {"{}", header{"Authorization": "Basic YTpi"}},
		"no body":            {"", me},
		"not JSON":           {"{", me},
		"wrong body":         {`{"message":7,"email":[],"tier":"gold","refresh_token":null}`, me},
		"unknown member":     {`{"surprise":true}`, me},
		"wrong content type": {"{}", me.With("Content-Type", "text/plain")},
		"oversized":          {big, me},
		"foreign origin":     {"{}", me.With("Origin", "https://evil.example")},
		"hostile header":     {"{}", me.With("X-Backup-Version", "-1")},
	}
	calls := 0
	for path, item := range doc.Paths.Map() {
		url := strings.NewReplacer("{id}", "0193b5a0-7c1e-7a52-9d6e-2f9a2f1c0b11", "{backup_id}", "nope",
			"{plan_id}", "nope").Replace(path)
		for _, method := range methods {
			op := item.Operations()[method]
			if method == "HEAD" && op == nil {
				op = item.Get // HEAD answers wherever GET does
			}
			for name, r := range requests {
				if op != nil && op.OperationID == "logout" && r.headers["Authorization"] == me["Authorization"] {
					continue // it would end the session that the other requests use
				}
				got := a.Do(method, "/api/v1"+url, r.body, r.headers)
				calls++
				checkResponse(t, doc, path, method, op, got, name)
			}
		}
	}
	if calls < 1500 {
		t.Fatalf("only %d calls", calls)
	}
}

// checkResponse validates one response against the contract.
func checkResponse(t *testing.T, doc *openapi3.T, path, method string, op *openapi3.Operation, got answer,
	name string) {
	t.Helper()
	if got.Status == http.StatusInternalServerError || got.Header.Get("X-Request-Id") == "" {
		t.Errorf("%s %s with %s: %d, request id %q: %s", method, path, name, got.Status,
			got.Header.Get("X-Request-Id"), got.Body)
	}
	if method == "OPTIONS" && got.Status == http.StatusNoContent && got.Header.Get("Allow") != "" {
		return
	}
	if got.Status >= 400 && method != "HEAD" {
		checkProblem(t, doc, got)
	}
	if op == nil {
		allowed := got.Status == http.StatusMethodNotAllowed && got.Header.Get("Allow") != "" ||
			got.Status == http.StatusForbidden
		if !allowed {
			t.Errorf("%s %s with %s: %d, want 405 with Allow", method, path, name, got.Status)
		}
		return
	}
	req, err := http.NewRequest(method, "http://localhost/api/v1"+path, http.NoBody)
	check(t, err)
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req,
			Route: &routers.Route{Spec: doc, Path: path, Method: method, Operation: op}},
		Status: got.Status, Header: got.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: method == "HEAD"},
	}
	in.SetBodyBytes(got.Body)
	if method == "HEAD" {
		return
	}
	if err := openapi3filter.ValidateResponse(t.Context(), in); err != nil {
		t.Errorf("%s %s with %s: %d is outside the contract: %v", method, path, name, got.Status, err)
	}
}

// checkProblem checks that a response is a problem document of the catalogue that discloses nothing internal.
func checkProblem(t *testing.T, doc *openapi3.T, got answer) {
	t.Helper()
	if ct := got.Header.Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("%d has Content-Type %q: %s", got.Status, ct, got.Body)
		return
	}
	p := got.JSON(t)
	if err := doc.Components.Schemas["Problem"].Value.VisitJSON(any(p)); err != nil {
		t.Errorf("problem outside the contract: %v: %s", err, got.Body)
	}
	if int(p["status"].(float64)) != got.Status ||
		!strings.HasSuffix(p["type"].(string), "/docs/errors/"+p["code"].(string)) {
		t.Errorf("problem with the wrong status or type: %d %s", got.Status, got.Body)
	}
	for _, leak := range []string{"goroutine", ".go:", "SELECT", "pgx", "SQLSTATE"} {
		if strings.Contains(string(got.Body), leak) {
			t.Errorf("problem leaks %q: %s", leak, got.Body)
		}
	}
	if slices.Contains([]int{429, 503}, got.Status) && got.Header.Get("Retry-After") == "" {
		t.Errorf("%d without Retry-After", got.Status)
	}
}

// TestOperationsRequireATokenUnlessPublic calls every operation without a token, so that an operation added to the
// contract cannot be public by accident.
func TestOperationsRequireATokenUnlessPublic(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	check(t, err)
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			got := a.Send(method, "/api/v1"+path, http.NoBody, nil)
			public := op.Security != nil && len(*op.Security) == 0
			if public == (got.Status == http.StatusUnauthorized) {
				t.Errorf("%s %s: %d, public: %v", method, path, got.Status, public)
			}
			if got.Status == http.StatusNotFound && method != "HEAD" && got.Code() == "not_found" && public {
				t.Errorf("%s %s has no route", method, path)
			}
		}
	}
}

func TestUploadWithoutTokenIsRefusedBeforeItsBody(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	reader, writer := io.Pipe()
	defer func() { check(t, writer.Close()) }()
	got := a.Send("PUT", "/api/v1/backup", reader, header{"Content-Type": "application/octet-stream"})
	if got.Status != http.StatusUnauthorized {
		t.Errorf("%d, want 401 while the body is still open", got.Status)
	}
}
