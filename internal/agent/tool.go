package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/fault"
)

// Tool is a function that a model may call by name. It is immutable.
type Tool struct {
	name        string
	description string
	schema      json.RawMessage
	function    *llms.FunctionDefinition // the same in the model's words
	call        func(ctx context.Context, run *Run, arguments string) (string, error)
}

// NewTool makes a tool of a Go function. The JSON schema of its arguments comes from the fields of In and their tags:
// json gives the name, and with omitempty the argument may be left out; desc describes it; enum lists its values,
// separated by "|". The text that do returns goes back to the model; so does its error's text, unless it is a fault or
// the end of ctx, which end the run.
func NewTool[In any](name, description string, do func(ctx context.Context, run *Run, in In) (string, error)) Tool {
	schema := schemaOf[In]()
	return Tool{name: name, description: description,
		call: func(ctx context.Context, run *Run, arguments string) (string, error) {
			var in In
			if err := schema.decode(arguments, &in); err != nil {
				return "", err
			}
			return do(ctx, run, in)
		}}.described(schema.JSON())
}

// NewSchemaTool makes a tool whose arguments are described by a JSON schema instead of a Go type: type, properties,
// required, enum, items and description are understood. It fails on a schema it does not understand.
func NewSchemaTool(name, description string, schema map[string]any,
	do func(ctx context.Context, run *Run, in map[string]any) (string, error)) (Tool, error) {
	parsed, err := parseSchema(schema)
	if err != nil {
		return Tool{}, fmt.Errorf("tool %s: %w", name, err)
	}
	return Tool{name: name, description: description,
		call: func(ctx context.Context, run *Run, arguments string) (string, error) {
			in := map[string]any{}
			if err := parsed.decode(arguments, &in); err != nil {
				return "", err
			}
			return do(ctx, run, in)
		}}.described(parsed.JSON()), nil
}

// Name returns the tool's name.
func (t Tool) Name() string { return t.name }

// Call runs the tool on arguments as a model wrote them, a JSON object or nothing, and returns the text for the model.
// An error is a fault or the end of ctx; everything else is told to the model as text that begins with "error:".
func (t Tool) Call(ctx context.Context, run *Run, arguments string) (string, error) {
	text, err := t.call(ctx, run, arguments)
	var f *fault.Error
	switch {
	case err == nil:
		return text, nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.As(err, &f), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "", err
	}
	return "error: " + err.Error(), nil
}

// described returns the tool with that schema of its arguments.
func (t Tool) described(schema json.RawMessage) Tool {
	t.schema = schema
	t.function = &llms.FunctionDefinition{Name: t.name, Description: t.description, Parameters: schema}
	return t
}

func (t Tool) wire() llms.Tool { return llms.Tool{Type: "function", Function: t.function} }

// fragments is what the model is told of the tool, in one: a short description is a secret together with what follows it.
func (t Tool) fragments(owner string) []Fragment {
	return []Fragment{{ID: owner + "/tool/" + t.name, Text: t.name + ": " + t.description + "\n" + string(t.schema)}}
}
