package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent/schema"
	"github.com/adiuva/cloud-api/internal/fault"
)

// Tool is a function that a model may call by name. It is immutable.
type Tool struct {
	name        string
	description string
	schema      json.RawMessage
	function    *llms.FunctionDefinition // made once for all requests
	tokens      int                      // of the definition, as package tokens estimates them
	call        func(ctx context.Context, run *Run, arguments string) (string, error)
	withoutRows bool
	app         *schema.Schema // of the arguments of a tool that runs in the app, which has no call; nil for ours
	label       Label
}

// WithPublicNote returns the tool with a sentence at the end of its description that answers may repeat: what stands in
// the contract anyway.
func (t Tool) WithPublicNote(text string) Tool {
	return t.defined(t.description + " " + text)
}

// WithoutRows returns the tool, marked as one whose results contain no text of the request's rows, only what the model
// itself wrote. A model that has called no other tools can have read no order of strangers in a result.
func (t Tool) WithoutRows() Tool {
	t.withoutRows = true
	return t
}

// NewTool returns a tool that calls a Go function. The JSON schema of its arguments is derived from In, as by
// schema.Of. The model reads the text that do returns, or the text of its error; a fault and the end of ctx end the
// run instead.
func NewTool[In any](name, description string, do func(ctx context.Context, run *Run, in In) (string, error)) Tool {
	arguments := schema.Of[In]()
	return Tool{name: name, description: description,
		call: func(ctx context.Context, run *Run, text string) (string, error) {
			var in In
			if err := arguments.Decode(text, &in); err != nil {
				return "", err
			}
			return do(ctx, run, in)
		}}.withSchema(arguments)
}

// NewSchemaTool is NewTool for arguments that a schema describes instead of a Go type. It fails when the schema is not
// valid.
func NewSchemaTool(name, description string, arguments *schema.Schema,
	do func(ctx context.Context, run *Run, in map[string]any) (string, error)) (Tool, error) {
	if err := arguments.Validate(); err != nil {
		return Tool{}, fmt.Errorf("tool %s: %w", name, err)
	}
	return Tool{name: name, description: description,
		call: func(ctx context.Context, run *Run, text string) (string, error) {
			in := map[string]any{}
			if err := arguments.Decode(text, &in); err != nil {
				return "", err
			}
			return do(ctx, run, in)
		}}.withSchema(arguments), nil
}

// Name returns the tool's name.
func (t Tool) Name() string { return t.name }

// errorPrefix begins the text of a call that failed.
const errorPrefix = "error: "

// maxResult limits the text of a tool for the model, in bytes. Ids and names of rows may be as long as the request.
const maxResult = 256 << 10

var errLongResult = errors.New("the result is too long to read, because rows have very long ids or names; ask for less")

// Call runs the tool with arguments that a model wrote, a JSON object or nothing, and returns the text for the model,
// at most maxResult bytes. An error is a fault, Suspended or the end of ctx; all other errors become a text that begins
// with "error:".
func (t Tool) Call(ctx context.Context, run *Run, arguments string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	text, err := t.call(ctx, run, arguments)
	if err == nil && len(text) > maxResult {
		err = errLongResult
	}
	var f *fault.Error
	var suspended *Suspended
	switch {
	case err == nil:
		return text, nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.As(err, &f), errors.As(err, &suspended), errors.Is(err, ErrRecord),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "", err
	}
	return errorPrefix + err.Error(), nil
}

// withSchema returns the tool with that schema of its arguments.
func (t Tool) withSchema(arguments *schema.Schema) Tool {
	t.schema = arguments.JSON()
	return t.defined(t.description)
}

// defined returns the tool with its definition as models read it.
func (t Tool) defined(description string) Tool {
	t.function = &llms.FunctionDefinition{Name: t.name, Description: description, Parameters: t.schema}
	t.tokens = definitionTokens(t.definition())
	return t
}

func (t Tool) definition() llms.Tool { return llms.Tool{Type: "function", Function: t.function} }

// fragments returns the tool's definition as one secret: a short description alone is too common to be one.
func (t Tool) fragments(owner string) []Fragment {
	return []Fragment{{ID: owner + "/tool/" + t.name, Text: t.name + ": " + t.description + "\n" + string(t.schema)}}
}
