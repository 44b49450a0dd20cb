package docsite_test

import (
	"encoding/json"
	"html"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/openapi"
)

func TestErrorPagesShowTheCatalogue(t *testing.T) {
	t.Parallel()
	h := newSite(t)
	index := request(t, h, http.MethodGet, "/docs/errors").Body.String()
	for _, e := range fault.Catalogue() {
		page := html.UnescapeString(request(t, h, http.MethodGet, "/docs/errors/"+string(e.Code)).Body.String())
		for _, text := range []string{
			"<h1><code>" + string(e.Code) + "</code></h1>",
			"HTTP " + strconv.Itoa(e.Status) + " " + http.StatusText(e.Status),
			e.Cause, e.Remedy, "Version " + version,
		} {
			if !strings.Contains(page, text) {
				t.Errorf("the page of %s does not contain %q", e.Code, text)
			}
		}
		if !strings.Contains(index, `<a href="/docs/errors/`+string(e.Code)+`">`) {
			t.Errorf("the list of errors does not link to %s", e.Code)
		}
	}
	if got := request(t, h, http.MethodGet, "/docs/errors/nothing"); got.Code != http.StatusNotFound {
		t.Errorf("the page of an unknown code answers %d, want 404", got.Code)
	}
}

func TestErrorPageExamplesAreValidProblems(t *testing.T) {
	t.Parallel()
	contract, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		t.Fatal(err)
	}
	schema := contract.Components.Schemas["Problem"].Value
	h := newSite(t)
	for _, e := range fault.Catalogue() {
		page := request(t, h, http.MethodGet, "/docs/errors/"+string(e.Code)).Body.String()
		_, after, _ := strings.Cut(page, "<pre><code>")
		text, _, _ := strings.Cut(after, "</code></pre>")
		var problem map[string]any
		if err := json.Unmarshal([]byte(html.UnescapeString(text)), &problem); err != nil {
			t.Errorf("%s: %v in %s", e.Code, err, text)
			continue
		}
		if err := schema.VisitJSON(problem); err != nil {
			t.Errorf("%s: %v", e.Code, err)
		}
		if problem["code"] != string(e.Code) || problem["status"] != float64(e.Status) {
			t.Errorf("%s: the example has code %v, status %v", e.Code, problem["code"], problem["status"])
		}
		if _, has := problem["errors"]; has != (e.Code == "validation_failed") {
			t.Errorf("%s: the example has errors: %v", e.Code, has)
		}
	}
}
