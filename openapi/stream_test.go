package openapi_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/adiuva/cloud-api/internal/fault"
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
	row := regexp.MustCompile(`(?m)^\| (\d{4}) \| ([^|]+) \| [^|]+ \|$`)
	rows := row.FindAllStringSubmatch(source.Info.Description, -1)
	var documented, used []string
	for _, row := range rows {
		documented = append(documented, row[1])
		for name := range strings.FieldsSeq(strings.NewReplacer("`", "", ",", "").Replace(row[2])) {
			if !slices.Contains(catalogued(), name) {
				t.Errorf("%s: there is no error code %s", row[1], name)
			}
			if want := strconv.Itoa(fault.Code(name).CloseCode()); want != row[1] {
				t.Errorf("%s is documented to close with %s, and does with %s", name, row[1], want)
			}
		}
	}
	for _, e := range fault.Catalogue() {
		used = append(used, strconv.Itoa(e.CloseCode))
	}
	slices.Sort(used)
	if used = slices.Compact(used); !slices.Equal(documented, used) {
		t.Errorf("close codes %v are documented, %v are used", documented, used)
	}
}

// Every JSON frame is a schema of openapi.yaml, and the bundle contains those schemas.
func TestStreamUsesTheContractsSchemas(t *testing.T) {
	t.Parallel()
	source, bundle := streams(t)
	schemas := document(t).Components.Schemas
	frames := map[string]string{
		"chatRequest": "ChatRequest", "done": "ChatStreamDone", "plan": "ChatStreamPlan", "error": "ChatStreamError",
		"event": "ChatStreamEvent", "ping": "ChatPing", "cancel": "ChatCancel", "toolResult": "ToolResultFrame",
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
