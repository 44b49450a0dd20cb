package openapi_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/adiuva/cloud-api/openapi"
)

// streamDocument is the part of the AsyncAPI document that the tests need.
type streamDocument struct {
	AsyncAPI string `json:"asyncapi" yaml:"asyncapi"`
	Info     struct {
		Version     string `json:"version" yaml:"version"`
		Description string `json:"description" yaml:"description"`
	} `json:"info" yaml:"info"`
	Components struct {
		Messages map[string]struct {
			Payload map[string]any `json:"payload" yaml:"payload"`
		} `json:"messages" yaml:"messages"`
		Schemas map[string]any `json:"schemas" yaml:"schemas"`
	} `json:"components" yaml:"components"`
}

// streams returns asyncapi.yaml and its bundle.
func streams(t *testing.T) (source, bundle streamDocument) {
	t.Helper()
	if err := yaml.Unmarshal(openapi.Stream, &source); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(openapi.StreamBundle, &bundle); err != nil {
		t.Fatal(err)
	}
	return source, bundle
}

func TestCloseCodeTableIsComplete(t *testing.T) {
	t.Parallel()
	source, _ := streams(t)
	want := map[string]string{
		"1001": "draining",
		"1003": "unsupported_media_type",
		"1008": "invalid_json validation_failed",
		"1009": "body_too_large",
		"1011": "llm_error llm_unavailable llm_timeout agent_loop_limit db_unavailable internal",
		"4401": "token_missing token_invalid token_expired",
		"4408": "upload_too_slow",
		"4429": "rate_limited",
	}
	got := map[string]string{}
	row := regexp.MustCompile(`(?m)^\| (\d{4}) \| ([^|]+) \| [^|]+ \|$`)
	for _, row := range row.FindAllStringSubmatch(source.Info.Description, -1) {
		got[row[1]] = strings.NewReplacer("`", "", ",", "").Replace(row[2])
	}
	if !maps.Equal(got, want) {
		t.Errorf("close codes\n%v\nwant\n%v", got, want)
	}
	codes := strings.Fields(errorCodes)
	for closeCode, names := range got {
		for _, name := range strings.Fields(names) {
			if !slices.Contains(codes, name) {
				t.Errorf("%s: there is no error code %s", closeCode, name)
			}
		}
	}
}

// Every JSON frame is a schema of openapi.yaml, and the bundle contains those schemas.
func TestStreamUsesTheContractsSchemas(t *testing.T) {
	t.Parallel()
	source, bundle := streams(t)
	schemas := document(t).Components.Schemas
	frames := map[string]string{
		"chatRequest": "ChatRequest", "done": "ChatStreamDone", "plan": "ChatStreamPlan", "error": "ChatStreamError",
	}
	for message, schema := range frames {
		inner, _ := source.Components.Messages[message].Payload["schema"].(map[string]any)
		if inner["$ref"] != "./openapi.yaml#/components/schemas/"+schema {
			t.Errorf("message %s is %v, want the schema %s", message, inner, schema)
		}
		if ref := bundle.Components.Messages[message].Payload["$ref"]; ref != "#/components/schemas/"+schema {
			t.Errorf("message %s of the bundle is %v, want the schema %s", message, ref, schema)
		}
		if schemas[schema] == nil || bundle.Components.Schemas[schema] == nil {
			t.Errorf("%s is not in both documents", schema)
		}
	}
	messages := source.Components.Messages
	if len(messages) != len(frames)+1 || messages["token"].Payload["type"] != "string" {
		t.Errorf("messages are %v, want token and %v", messages, frames)
	}
	for name := range bundle.Components.Schemas {
		if schemas[name] == nil {
			t.Errorf("the bundle has a schema %s that is not in openapi.yaml", name)
		}
	}
	for _, foreign := range []string{"openapi.yaml#", `"nullable"`, `"schemaFormat"`} {
		if strings.Contains(string(openapi.StreamBundle), foreign) {
			t.Errorf("the bundle has %s, want JSON Schema without outside references", foreign)
		}
	}
	if bundle.AsyncAPI != source.AsyncAPI || bundle.Info != source.Info {
		t.Error("asyncapi.bundled.json is not up to date with asyncapi.yaml: run go generate .")
	}
	if version := document(t).Info.Version; source.Info.Version != version {
		t.Errorf("asyncapi.yaml has version %s, openapi.yaml has %s", source.Info.Version, version)
	}
}
