package httpapi

import (
	"context"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/bodyreader"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/openapi"
)

// bodies are the bodies and frames that may hold many rows. They are read in one pass. Those of other operations are
// decoded, validated and bound one after the other.
type bodies struct {
	question   body[questionBody]
	step       body[api.StepRequest]
	toolResult body[api.ToolResultFrame]
}

func newBodies(doc *openapi3.T) (*bodies, error) {
	b := &bodies{}
	for _, err := range []error{
		b.question.open(doc, "ChatRequest"), b.step.open(doc, "StepRequest"), b.toolResult.open(doc, "ToolResultFrame"),
	} {
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}

// body reads bodies of one schema into values of one type.
type body[T any] struct {
	schema *openapi3.Schema
	reader *bodyreader.Reader[T]
}

// open prepares it for a schema of the contract.
func (b *body[T]) open(doc *openapi3.T, name string) (err error) {
	b.schema = doc.Components.Schemas[name].Value
	b.reader, err = bodyreader.New[T](b.schema, openapi.DropsNUL(b.schema), schemaOptions()...)
	return err
}

// read decodes and checks data as decode does, and binds it. Only what the reader refuses is read a second time, to say
// what is wrong with it.
func (b *body[T]) read(ctx context.Context, data []byte) (*T, error) {
	value := new(T)
	dropped, err := b.reader.Read(data, value)
	if err == nil {
		requestInfoFrom(ctx).droppedNUL += dropped
		return value, nil
	}
	if _, wrong := decode(ctx, data, b.schema); wrong != nil {
		return nil, wrong
	}
	return nil, fault.ErrValidation.WithCause(err) // such as an integer that no int64 can hold
}
