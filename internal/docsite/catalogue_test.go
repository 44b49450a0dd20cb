package docsite_test

import (
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/adiuva/cloud-api/internal/docsite"
	"github.com/adiuva/cloud-api/openapi"
)

// statuses is the catalogue as clients rely on it.
const statuses = `
400 invalid_json signature_invalid token_in_url
401 token_missing token_invalid token_expired invalid_credentials refresh_invalid refresh_reused refresh_expired
403 tier_required origin_forbidden
404 not_found
405 method_not_allowed
408 upload_too_slow
409 email_taken already_subscribed idempotency_conflict upload_expired backup_conflict
411 length_required
413 body_too_large quota_exceeded
415 unsupported_media_type
416 range_not_satisfiable
422 validation_failed checksum_mismatch timestamp_in_future
429 rate_limited
431 header_too_large
500 internal
502 llm_error agent_loop_limit storage_inconsistent
503 db_unavailable storage_unavailable billing_unavailable llm_unavailable auth_busy draining
504 llm_timeout`

func TestCatalogueIsTheContract(t *testing.T) {
	t.Parallel()
	contract, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		t.Fatal(err)
	}
	var codes, explained []string
	for _, code := range contract.Components.Schemas["ErrorCode"].Value.Enum {
		codes = append(codes, code.(string))
	}
	byCode := map[string]int{}
	for _, e := range docsite.Catalogue() {
		explained = append(explained, e.Code)
		byCode[e.Code] = e.Status
		if !strings.HasSuffix(e.Cause, ".") || !strings.HasSuffix(e.Remedy, ".") || http.StatusText(e.Status) != e.Title() {
			t.Errorf("%s: cause %q, remedy %q, title %q", e.Code, e.Cause, e.Remedy, e.Title())
		}
	}
	if !slices.Equal(codes, explained) {
		t.Errorf("the contract has %q, the catalogue %q", codes, explained)
	}
	want := map[string]int{}
	for line := range strings.Lines(strings.TrimSpace(statuses)) {
		fields := strings.Fields(line)
		for _, code := range fields[1:] {
			want[code], _ = strconv.Atoi(fields[0])
		}
	}
	for code, status := range byCode {
		if want[code] != status {
			t.Errorf("%s is %d, want %d", code, status, want[code])
		}
	}
	// The operations' own words must agree: "409 `email_taken` when …".
	said := regexp.MustCompile("\\b([45]\\d\\d)\\s+`([a-z]+(?:_[a-z]+)*)`").FindAllStringSubmatch(string(openapi.Document), -1)
	for _, match := range said {
		if status := strconv.Itoa(byCode[match[2]]); status != match[1] {
			t.Errorf("openapi.yaml says %q, the catalogue %s", match[0], status)
		}
	}
	if len(said) < 5 {
		t.Errorf("openapi.yaml names only %d codes with a status", len(said))
	}
}

func TestCatalogueIsACopy(t *testing.T) {
	t.Parallel()
	docsite.Catalogue()[0].Code = "changed"
	if got := docsite.Catalogue()[0].Code; got != "invalid_json" {
		t.Errorf("a caller changed the catalogue to %q", got)
	}
}

func TestErrorPages(t *testing.T) {
	t.Parallel()
	h := serve(t)
	index := ask(t, h, http.MethodGet, "/docs/errors").Body.String()
	for _, e := range docsite.Catalogue() {
		page := html.UnescapeString(ask(t, h, http.MethodGet, "/docs/errors/"+e.Code).Body.String())
		for _, words := range []string{
			"<h1><code>" + e.Code + "</code></h1>", "HTTP " + strconv.Itoa(e.Status) + " " + e.Title(),
			e.Cause, e.Remedy, "Version " + version,
		} {
			if !strings.Contains(page, words) {
				t.Errorf("the page of %s lacks %q", e.Code, words)
			}
		}
		if !strings.Contains(index, `<a href="/docs/errors/`+e.Code+`">`) {
			t.Errorf("the index lacks %s", e.Code)
		}
	}
	if got := ask(t, h, http.MethodGet, "/docs/errors/nothing"); got.Code != http.StatusNotFound {
		t.Errorf("an unknown code's page answers %d", got.Code)
	}
}

func TestExamplesAreProblems(t *testing.T) {
	t.Parallel()
	contract, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		t.Fatal(err)
	}
	schema := contract.Components.Schemas["Problem"].Value
	h := serve(t)
	for _, e := range docsite.Catalogue() {
		_, after, _ := strings.Cut(ask(t, h, http.MethodGet, "/docs/errors/"+e.Code).Body.String(), "<pre><code>")
		text, _, _ := strings.Cut(after, "</code></pre>")
		var problem map[string]any
		if err := json.Unmarshal([]byte(html.UnescapeString(text)), &problem); err != nil {
			t.Errorf("%s: %v in %s", e.Code, err, text)
			continue
		}
		if err := schema.VisitJSON(problem); err != nil {
			t.Errorf("%s: %v", e.Code, err)
		}
		if problem["code"] != e.Code || problem["status"] != float64(e.Status) {
			t.Errorf("%s: the example has code %v, status %v", e.Code, problem["code"], problem["status"])
		}
		if _, has := problem["errors"]; has != (e.Code == "validation_failed") {
			t.Errorf("%s: errors shown: %v", e.Code, has)
		}
	}
}
