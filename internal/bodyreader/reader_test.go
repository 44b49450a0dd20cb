package bodyreader_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"github.com/oapi-codegen/nullable"
	"github.com/oapi-codegen/runtime"

	"github.com/adiuva/cloud-api/internal/bodyreader"
	"github.com/adiuva/cloud-api/internal/strictjson"
	"github.com/adiuva/cloud-api/internal/testing/hostilejson"
)

// contract has every keyword of a schema that a body may use, those that the reader knows and those that it does not.
const contract = `{"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": {}, "components": {"schemas": {
"Leaf": {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}, "n": {"type": "integer"}}},
"Twig": {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}}},
"Node": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 3},
	"next": {"$ref": "#/components/schemas/Node"}}},
"Body": {"type": "object", "required": ["text", "closed"], "properties": {
	"text": {"type": "string", "minLength": 2, "maxLength": 4},
	"choice": {"type": "string", "enum": ["a", "b"], "nullable": true},
	"pattern": {"type": "string", "pattern": "^[a-z]+$"},
	"secret": {"type": "string", "format": "password", "writeOnly": true, "default": "x"},
	"at": {"type": "string", "format": "date-time"},
	"id": {"type": "string", "format": "uuid"},
	"mail": {"type": "string", "format": "email"},
	"big": {"type": "integer", "format": "int64"},
	"small": {"type": "integer", "format": "int32"},
	"narrow": {"type": "integer", "format": "int64"},
	"wide": {"type": "integer", "format": "int32"},
	"ranged": {"type": "integer", "minimum": 1, "exclusiveMaximum": true, "maximum": 10, "multipleOf": 3},
	"number": {"type": "number"},
	"flag": {"type": "boolean", "nullable": true},
	"only": {"type": "boolean", "enum": [true]},
	"three": {"type": "string", "nullable": true},
	"list": {"type": "array", "minItems": 1, "maxItems": 3, "nullable": true, "items": {"type": "string"}},
	"set": {"type": "array", "uniqueItems": true, "items": {"type": "integer"}},
	"any": {},
	"free": {"type": "object", "additionalProperties": true},
	"counts": {"type": "object", "additionalProperties": {"type": "integer"}, "maxProperties": 2},
	"closed": {"type": "object", "additionalProperties": false, "properties": {"a": {"type": "string"}}},
	"fixed": {"type": "object", "properties": {"a": {"type": "string", "readOnly": true}}},
	"one": {"oneOf": [{"$ref": "#/components/schemas/Leaf"}, {"$ref": "#/components/schemas/Twig"}],
		"discriminator": {"propertyName": "kind", "mapping": {"leaf": "#/components/schemas/Leaf",
			"twig": "#/components/schemas/Twig"}}},
	"some": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
	"not": {"not": {"type": "string"}},
	"all": {"allOf": [{"$ref": "#/components/schemas/Leaf"}, {"$ref": "#/components/schemas/Twig"}]},
	"node": {"$ref": "#/components/schemas/Node"}}}}}}`

type node struct {
	Name string `json:"name"`
	Next *node  `json:"next"`
}

type single struct {
	A string `json:"a"`
}

type body struct {
	Text    string                    `json:"text"`
	Choice  *string                   `json:"choice"`
	Pattern string                    `json:"pattern"`
	Secret  *string                   `json:"secret"`
	At      string                    `json:"at"`
	ID      uuid.UUID                 `json:"id"`
	Mail    string                    `json:"mail"`
	Big     int64                     `json:"big"`
	Small   int32                     `json:"small"`
	Narrow  *int32                    `json:"narrow"`
	Wide    int64                     `json:"wide"`
	Ranged  int64                     `json:"ranged"`
	Number  float64                   `json:"number"`
	Flag    *bool                     `json:"flag"`
	Only    *bool                     `json:"only"`
	Three   nullable.Nullable[string] `json:"three"`
	List    []string                  `json:"list"`
	Set     []int64                   `json:"set"`
	Any     any                       `json:"any"`
	Free    map[string]any            `json:"free"`
	Counts  map[string]int64          `json:"counts"`
	Closed  single                    `json:"closed"`
	Fixed   *single                   `json:"fixed"`
	One     map[string]any            `json:"one"`
	Some    any                       `json:"some"`
	Not     any                       `json:"not"`
	All     map[string]any            `json:"all"`
	Node    *node                     `json:"node"`
	Unnamed int                       `json:"-"`
}

const example = `{"text":"äöü","choice":"b","pattern":"abc","secret":"s","at":"2026-11-29T12:00:00Z",
"id":"018f2b1e-7d1c-7c3a-9a51-0242ac120002","mail":"a@x.io","big":-9223372036854775808,"small":2147483647,"narrow":1e3,
"wide":7,"ranged":3,"number":2.5,"flag":null,"only":true,"three":null,"list":["a"],"set":[1,2],"any":{"x":[1]},
"free":{"n":1.5,"l":[1,{"m":2}]},"counts":{"a":1},"closed":{"a":"x"},"fixed":{},"one":{"kind":"leaf","n":1},"some":3,
"not":4,"all":{"kind":"twig"},"node":{"name":"a","next":{"name":"b","next":{"name":"abc"}}}}`

func schemas(tb testing.TB) openapi3.Schemas {
	tb.Helper()
	doc, err := openapi3.NewLoader().LoadFromData([]byte(contract))
	if err != nil {
		tb.Fatal(err)
	}
	return doc.Components.Schemas
}

func options() []openapi3.SchemaValidationOption {
	return []openapi3.SchemaValidationOption{openapi3.MultiErrors(), openapi3.VisitAsRequest()}
}

// FuzzReadAgreesWithValidator checks that a reader accepts what strict decoding, the validator and the generated code's
// binder accept, with the same value, and nothing else.
func FuzzReadAgreesWithValidator(f *testing.F) {
	for seed := range uint64(1000) {
		f.Add(example, seed)
	}
	schema := schemas(f)["Body"].Value
	reader, err := bodyreader.New[body](schema, []string{"free", "text"}, options()...)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		data := []byte(hostilejson.Mangled(text, seed))
		var got, want body
		dropped, err := reader.Read(data, &got)
		tree, wantDropped, wantErr := strictjson.DecodeDroppingNUL(data, "free", "text")
		if wantErr == nil {
			wantErr = schema.VisitJSON(tree, options()...)
		}
		if wantErr == nil {
			wantErr = runtime.BindJSONValue(tree, &want)
		}
		switch {
		case (err == nil) != (wantErr == nil):
			t.Fatalf("%q: error %v, want %v", data, err, wantErr)
		case err == nil && (dropped != wantDropped || !reflect.DeepEqual(got, want)):
			t.Fatalf("%q:\n is %+v (%d)\nnot %+v (%d)", data, got, dropped, want, wantDropped)
		}
	})
}

// TestExampleIsAccepted fails where the fuzz test would begin with a body that is refused.
func TestExampleIsAccepted(t *testing.T) {
	t.Parallel()
	reader, err := bodyreader.New[body](schemas(t)["Body"].Value, nil, options()...)
	if err != nil {
		t.Fatal(err)
	}
	var got body
	if _, err := reader.Read([]byte(example), &got); err != nil {
		t.Fatal(err)
	}
	if encoded, err := json.Marshal(got.Node); err != nil || !strings.Contains(string(encoded), `"abc"`) {
		t.Errorf("node = %s (%v)", encoded, err)
	}
}

func TestSchemaAndTypeHaveToFit(t *testing.T) {
	t.Parallel()
	twig, list := schemas(t)["Twig"].Value, schemas(t)["Body"].Value.Properties["list"].Value
	for want, got := range map[string]error{
		"no field for kind": openReader[struct{}](twig),
		"no property for the field Size": openReader[struct {
			Kind string `json:"kind"`
			Size int    `json:"size"`
		}](twig),
		"kind: a value of type int64 cannot hold [string]": openReader[struct {
			Kind int64 `json:"kind"`
		}](twig),
		"a value of type string cannot hold an object":     openReader[string](twig),
		"a value of type string cannot hold an array":      openReader[string](list),
		"items: a value of type bool cannot hold [string]": openReader[[]bool](list),
	} {
		if got == nil || !strings.Contains(got.Error(), want) {
			t.Errorf("error %v, want %q in it", got, want)
		}
	}
}

// openReader returns the error of New.
func openReader[T any](schema *openapi3.Schema) error {
	_, err := bodyreader.New[T](schema, nil)
	return err
}

// TestListsEndAtTheirLargestLength reads a list that goes on for ever behind its largest length.
func TestListsEndAtTheirLargestLength(t *testing.T) {
	t.Parallel()
	reader, err := bodyreader.New[[]string](schemas(t)["Body"].Value.Properties["list"].Value, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	_, err = reader.Read([]byte(`["a","b","c","d", this is never read`), &got)
	if err == nil || errors.Is(err, strictjson.ErrKind) || len(got) > 3 {
		t.Errorf("read %d items: %v", len(got), err)
	}
}
