package bodyreader

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/runtime"

	"github.com/adiuva/cloud-api/internal/strictjson"
)

// readFunc reads the next value into to, which is settable and zero.
type readFunc func(t *strictjson.Tokens, to reflect.Value) error

// place is a schema and the type that it fills.
type place struct {
	schema *openapi3.Schema
	target reflect.Type
}

type compiler struct {
	options []openapi3.SchemaValidationOption
	open    map[place]bool // those being compiled
}

// compile returns the function for a schema. A schema within itself is left to the validator.
func (c *compiler) compile(schema *openapi3.Schema, target reflect.Type) (readFunc, error) {
	at := place{schema, target}
	if c.open[at] || !isKnown(schema) || decodesItself(target) {
		return c.validated(schema), nil
	}
	c.open[at] = true
	defer delete(c.open, at)
	if target.Kind() == reflect.Pointer {
		return c.pointer(schema, target)
	}
	read, err := c.byType(schema, target)
	if err != nil || read == nil {
		return c.validated(schema), err
	}
	return orNull(schema, read), nil
}

// byType returns the function for a schema with one type, or nil where the validator has to read it.
func (c *compiler) byType(schema *openapi3.Schema, target reflect.Type) (readFunc, error) {
	kind := target.Kind()
	fits, read := false, readFunc(nil)
	switch {
	case schema.Type.Is(openapi3.TypeString):
		fits, read = kind == reflect.String, readString(schema)
	case schema.Type.Is(openapi3.TypeInteger):
		fits, read = slices.Contains([]reflect.Kind{reflect.Int32, reflect.Int64}, kind), readInteger(schema, kind)
	case schema.Type.Is(openapi3.TypeBoolean):
		fits, read = kind == reflect.Bool, readBool(schema)
	case schema.Type.Is(openapi3.TypeArray):
		return c.array(schema, target)
	case schema.Type.Is(openapi3.TypeObject):
		return c.object(schema, target)
	default:
		return nil, nil
	}
	if read != nil && !fits {
		return nil, fmt.Errorf("a value of type %v cannot hold %v", target, schema.Type.Slice())
	}
	return read, nil
}

// isKnown reports whether this package knows every keyword of a schema, apart from those within others. What a keyword
// without an effect on requests says does not matter.
func isKnown(schema *openapi3.Schema) bool {
	rest := *schema
	rest.Origin, rest.Extensions, rest.ExternalDocs, rest.XML = nil, nil, nil, nil
	rest.Title, rest.Description, rest.Example, rest.Default = "", "", nil, nil
	rest.Deprecated, rest.WriteOnly = false, false

	rest.Type, rest.Format, rest.Nullable, rest.Enum = nil, "", false, nil
	rest.MinLength, rest.MaxLength = 0, nil
	rest.MinItems, rest.MaxItems, rest.Items = 0, nil, nil
	rest.Properties, rest.Required, rest.AdditionalProperties = nil, nil, openapi3.AdditionalProperties{}
	return reflect.ValueOf(rest).IsZero()
}

// decodesItself reports whether a type brings its own decoder.
func decodesItself(target reflect.Type) bool {
	whole, text := reflect.TypeFor[json.Unmarshaler](), reflect.TypeFor[encoding.TextUnmarshaler]()
	pointer := reflect.PointerTo(target) // has the methods of target too
	return pointer.Implements(whole) || pointer.Implements(text)
}

// validated returns the function that leaves a value to the validator, whatever its schema.
func (c *compiler) validated(schema *openapi3.Schema) readFunc {
	return func(t *strictjson.Tokens, to reflect.Value) error {
		value, err := t.Value()
		if err != nil {
			return err
		}
		if err := schema.VisitJSON(value, c.options...); err != nil {
			return err
		}
		return runtime.BindJSONValue(value, to.Addr().Interface())
	}
}

// orNull returns a function that reads null as read reads any other value. The target of null keeps its zero value.
func orNull(schema *openapi3.Schema, read readFunc) readFunc {
	return func(t *strictjson.Tokens, to reflect.Value) error {
		if !t.IsNull() {
			return read(t, to)
		}
		if !schema.Nullable {
			return errRefused
		}
		return t.Null()
	}
}

// pointer returns a function that reads into what a new pointer points to, or leaves it nil for null.
func (c *compiler) pointer(schema *openapi3.Schema, target reflect.Type) (readFunc, error) {
	read, err := c.compile(schema, target.Elem())
	if err != nil {
		return nil, err
	}
	return orNull(schema, func(t *strictjson.Tokens, to reflect.Value) error {
		value := reflect.New(target.Elem())
		to.Set(value)
		return read(t, value.Elem())
	}), nil
}

// array returns a function that reads an array into a slice, or nil.
func (c *compiler) array(schema *openapi3.Schema, target reflect.Type) (readFunc, error) {
	if len(schema.Enum) > 0 || schema.Items == nil {
		return nil, nil
	}
	if target.Kind() != reflect.Slice {
		return nil, fmt.Errorf("a value of type %v cannot hold an array", target)
	}
	item, err := c.compile(schema.Items.Value, target.Elem())
	if err != nil {
		return nil, fmt.Errorf("items: %w", err)
	}
	return func(t *strictjson.Tokens, to reflect.Value) error {
		to.Set(reflect.MakeSlice(target, 0, 0))
		n := 0
		err := t.Array(func() error {
			if schema.MaxItems != nil && uint64(n) >= *schema.MaxItems {
				return errRefused
			}
			to.Grow(1)
			n++
			to.SetLen(n)
			return item(t, to.Index(n-1))
		})
		if err == nil && uint64(n) < schema.MinItems {
			return errRefused
		}
		return err
	}, nil
}

// object returns a function that reads an object into a struct, or into a map of anything, or nil.
func (c *compiler) object(schema *openapi3.Schema, target reflect.Type) (readFunc, error) {
	if len(schema.Enum) > 0 || schema.AdditionalProperties.Schema != nil || hasReadOnly(schema) {
		return nil, nil
	}
	if target == reflect.TypeFor[map[string]any]() {
		if len(schema.Properties) > 0 || len(schema.Required) > 0 || isClosed(schema) {
			return nil, nil
		}
		return readMap, nil
	}
	if target.Kind() != reflect.Struct {
		return nil, fmt.Errorf("a value of type %v cannot hold an object", target)
	}
	members, err := c.members(schema, target)
	if err != nil {
		return nil, err
	}
	closed, required := isClosed(schema), len(schema.Required)
	return func(t *strictjson.Tokens, to reflect.Value) error {
		missing := required
		err := t.Object(func(name string) error {
			m, ok := members[name]
			switch {
			case ok:
			case closed:
				return errRefused
			default:
				return t.Skip()
			}
			if m.required {
				missing--
			}
			return m.read(t, to.FieldByIndex(m.field))
		})
		if err == nil && missing > 0 {
			return errRefused
		}
		return err
	}, nil
}

// member is a property and the field that it fills.
type member struct {
	field    []int
	required bool
	read     readFunc
}

// members returns the properties of an object by their names.
func (c *compiler) members(schema *openapi3.Schema, target reflect.Type) (map[string]member, error) {
	members := map[string]member{}
	for _, field := range reflect.VisibleFields(target) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		property := schema.Properties[name]
		if property == nil {
			return nil, fmt.Errorf("there is no property for the field %s of %v", field.Name, target)
		}
		read, err := c.compile(property.Value, field.Type)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		members[name] = member{field.Index, slices.Contains(schema.Required, name), read}
	}
	for name := range schema.Properties {
		if _, ok := members[name]; !ok {
			return nil, fmt.Errorf("%v has no field for %s", target, name)
		}
	}
	for _, name := range schema.Required {
		if _, ok := members[name]; !ok {
			return nil, fmt.Errorf("%s is required and no property", name)
		}
	}
	return members, nil
}

// isClosed reports whether an object may have no members besides its properties.
func isClosed(schema *openapi3.Schema) bool {
	allowed := schema.AdditionalProperties.Has
	return allowed != nil && !*allowed
}

// hasReadOnly reports whether a property may not be in a request.
func hasReadOnly(schema *openapi3.Schema) bool {
	for _, property := range schema.Properties {
		if property.Value.ReadOnly {
			return true
		}
	}
	return false
}
