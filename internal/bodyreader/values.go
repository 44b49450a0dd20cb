package bodyreader

import (
	"reflect"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/adiuva/cloud-api/internal/strictjson"
)

// readString returns a function that reads a string, or nil where its schema has a format to check or an enumeration of
// anything else than strings.
func readString(schema *openapi3.Schema) readFunc {
	if _, checked := openapi3.SchemaStringFormats[schema.Format]; checked || !isFormat(schema, "password") {
		return nil
	}
	allowed := make([]string, 0, len(schema.Enum))
	for _, one := range schema.Enum {
		text, ok := one.(string)
		if !ok {
			return nil
		}
		allowed = append(allowed, text)
	}
	return func(t *strictjson.Tokens, to reflect.Value) error {
		text, err := t.String()
		if err != nil {
			return err
		}
		if len(allowed) > 0 && !slices.Contains(allowed, text) || !fits(schema, text) {
			return errRefused
		}
		to.SetString(text)
		return nil
	}
}

// fits reports whether a text has as many characters as the schema allows. A character has one to four bytes.
func fits(schema *openapi3.Schema, text string) bool {
	bytes, most := uint64(len(text)), schema.MaxLength
	if bytes >= utf8.UTFMax*schema.MinLength && (most == nil || bytes <= *most) {
		return true
	}
	characters := uint64(utf8.RuneCountInString(text))
	return characters >= schema.MinLength && (most == nil || characters <= *most)
}

// readInteger returns a function that reads an integer, or nil where its schema has a format that does not follow from
// the target's kind, or an enumeration.
func readInteger(schema *openapi3.Schema, kind reflect.Kind) readFunc {
	if len(schema.Enum) > 0 || !isFormat(schema, "int64") && (kind != reflect.Int32 || !isFormat(schema, "int32")) {
		return nil
	}
	return func(t *strictjson.Tokens, to reflect.Value) error {
		text, err := t.Number()
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || to.OverflowInt(n) {
			return errRefused
		}
		to.SetInt(n)
		return nil
	}
}

// readBool returns a function that reads true or false, or nil where the schema has an enumeration or a format.
func readBool(schema *openapi3.Schema) readFunc {
	if len(schema.Enum) > 0 || schema.Format != "" {
		return nil
	}
	return func(t *strictjson.Tokens, to reflect.Value) error {
		is, err := t.Bool()
		to.SetBool(is)
		return err
	}
}

// readMap reads an object of anything.
func readMap(t *strictjson.Tokens, to reflect.Value) error {
	value, err := t.Plain()
	if err != nil {
		return err
	}
	members, ok := value.(map[string]any)
	if !ok {
		return errRefused
	}
	to.Set(reflect.ValueOf(members))
	return nil
}

// isFormat reports whether the schema has that format or none.
func isFormat(schema *openapi3.Schema, format string) bool {
	return schema.Format == "" || schema.Format == format
}
