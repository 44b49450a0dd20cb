package bodyreader

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/adiuva/cloud-api/internal/strictjson"
)

// errRefused is the error of a value that its schema does not allow, or that its Go type cannot hold.
var errRefused = errors.New("the schema refuses the value")

// Reader reads bodies of one schema into values of one type. It is safe for concurrent use.
type Reader[T any] struct {
	read  readFunc
	drops []string
}

// New returns a reader of bodies with that schema. In strings of the members that drops names, U+0000 is left out. The
// options are those with which the validator is called.
//
// It fails where schema and type do not fit: every property of an object needs a field of the struct with its name in
// the json tag, every such field a property, and strings, integers, booleans and lists a Go type of the same kind.
func New[T any](
	schema *openapi3.Schema, drops []string, options ...openapi3.SchemaValidationOption,
) (*Reader[T], error) {
	c := compiler{options: options, open: map[place]bool{}}
	read, err := c.compile(schema, reflect.TypeFor[T]())
	if err != nil {
		return nil, fmt.Errorf("bodyreader: %T: %w", *new(T), err)
	}
	return &Reader[T]{read: read, drops: drops}, nil
}

// Read fills *to, which must be the zero value, and returns how often U+0000 was left out. It accepts what
// strictjson.Decode and the validator accept and what fits T; the value is the one that they give. With an error *to
// holds nothing of use.
func (r *Reader[T]) Read(data []byte, to *T) (dropped int, err error) {
	return strictjson.Read(data, r.drops, func(t *strictjson.Tokens) error {
		return r.read(t, reflect.ValueOf(to).Elem())
	})
}
