package docsite_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/adiuva/cloud-api/openapi"
)

func TestContractAsJSONKeepsContentAndOrder(t *testing.T) {
	t.Parallel()
	body := request(t, newSite(t), http.MethodGet, "/openapi.json").Body.Bytes()
	var got, want any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	var document any
	if err := yaml.Unmarshal(openapi.Document, &document); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("openapi.json and openapi.yaml differ")
	}
	last := -1
	for name := range strings.FieldsSeq("openapi info paths /auth/register /auth/login /chat /health components") {
		at := strings.Index(string(body), `"`+name+`":`)
		if at <= last {
			t.Errorf("%s is at byte %d, not in the contract's order", name, at)
		}
		last = at
	}
}

func TestStreamBundleHasNoOutsideReferences(t *testing.T) {
	t.Parallel()
	body := request(t, newSite(t), http.MethodGet, "/asyncapi.json").Body.Bytes()
	var bundle map[string]any
	if err := json.Unmarshal(body, &bundle); err != nil {
		t.Fatal(err)
	}
	references := 0
	var visit func(where string, v any)
	visit = func(where string, v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				visit(where+"[]", item)
			}
		case map[string]any:
			for name, item := range v {
				if target, ok := item.(string); ok && name == "$ref" {
					references++
					if !resolves(bundle, target) {
						t.Errorf("%s refers to %s, which is not in the document", where, target)
					}
				}
				visit(where+"/"+name, item)
			}
		}
	}
	visit("#", bundle)
	if bundle["asyncapi"] != "3.0.0" || references < 20 {
		t.Errorf("AsyncAPI %v with only %d references", bundle["asyncapi"], references)
	}
}

// resolves reports whether reference points to something in the document.
func resolves(document map[string]any, reference string) bool {
	pointer, inside := strings.CutPrefix(reference, "#/")
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	var node any = document
	for name := range strings.SplitSeq(pointer, "/") {
		members, ok := node.(map[string]any)
		if node = members[unescape.Replace(name)]; !ok || node == nil {
			return false
		}
	}
	return inside
}
