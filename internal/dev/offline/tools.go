package offline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/dev/offline/answering"
)

// schema is the part of the JSON schema of a tool's arguments that this model needs.
type schema struct {
	Type       string             `json:"type"`
	Enum       []string           `json:"enum"`
	Properties map[string]*schema `json:"properties"`
	Required   []string           `json:"required"`
}

type tool struct {
	name, description string
	schema            *schema
}

func parseTools(list []llms.Tool) []tool {
	var tools []tool
	for _, t := range list {
		if t.Function == nil {
			continue
		}
		of := tool{t.Function.Name, t.Function.Description, &schema{}}
		if text, err := json.Marshal(t.Function.Parameters); err == nil {
			_ = json.Unmarshal(text, of.schema) // without a readable schema, no arguments
		}
		tools = append(tools, of)
	}
	return tools
}

// toolCalls returns the calls as the orchestrator reads them. The same call always has the same id.
func toolCalls(calls []answering.Call) []llms.ToolCall {
	var list []llms.ToolCall
	for _, c := range calls {
		arguments := c.Arguments
		if arguments == nil {
			arguments = map[string]any{}
		}
		text, err := json.Marshal(arguments)
		if err != nil {
			text = []byte("{}")
		}
		sum := sha256.Sum256(append([]byte(c.Tool+" "), text...))
		list = append(list, llms.ToolCall{ID: fmt.Sprintf("offline_%s_%s", c.Tool, hex.EncodeToString(sum[:4])),
			Type: "function", FunctionCall: &llms.FunctionCall{Name: c.Tool, Arguments: string(text)}})
	}
	return list
}
