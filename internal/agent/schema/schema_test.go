package schema_test

import (
	"testing"

	"github.com/adiuva/cloud-api/internal/agent/schema"
)

func TestValidateRejectsSchemasThatAreNotArguments(t *testing.T) {
	t.Parallel()
	text := &schema.Schema{Type: "string"}
	for want, s := range map[string]*schema.Schema{
		"": {Type: "object", Properties: map[string]*schema.Schema{"a": text}, Required: []string{"a"}},
		"schema: the arguments must be an object": {Type: "array", Items: text},
		`schema: required "b" is not among the properties`: {Type: "object",
			Properties: map[string]*schema.Schema{"a": text}, Required: []string{"b"}},
		"schema.a: is empty": {Type: "object", Properties: map[string]*schema.Schema{"a": nil}},
		`schema.a[]: type "date" is not one of string, boolean, integer, number, array, object`: {Type: "object",
			Properties: map[string]*schema.Schema{"a": {Type: "array", Items: &schema.Schema{Type: "date"}}}},
	} {
		got := ""
		if err := s.Validate(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestJSONOfAnObjectWithoutArgumentsHasProperties(t *testing.T) {
	t.Parallel()
	if got := string(schema.Of[struct{}]().JSON()); got != `{"type":"object","properties":{}}` {
		t.Errorf("got %s", got)
	}
}

// FuzzDecode decodes any text against one argument of each type; what it accepts must have those types.
func FuzzDecode(f *testing.F) {
	type arguments struct {
		Text  string         `json:"text" enum:"a|b"`
		Times int            `json:"times,omitempty"`
		Ratio *float64       `json:"ratio,omitempty"`
		Loud  bool           `json:"loud,omitempty"`
		Tags  []string       `json:"tags,omitempty"`
		More  map[string]any `json:"more,omitempty"`
	}
	f.Add(`{"text":"a","times":"3","ratio":"1.5","loud":"True","tags":"x","more":{"y":[1]}}`)
	f.Add(`{"text":"c"}`)
	f.Add(`{"text":"a","times":1e400}`)
	s := schema.Of[arguments]()
	f.Fuzz(func(t *testing.T, text string) {
		var in arguments
		if err := s.Decode(text, &in); err == nil && in.Text != "" && in.Text != "a" && in.Text != "b" {
			t.Errorf("%s became %+v", text, in)
		}
	})
}
