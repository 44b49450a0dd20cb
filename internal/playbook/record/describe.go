package record

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent/schema"
	"github.com/adiuva/cloud-api/internal/playbook"
)

// Describe returns the members of the records in words, one line for each: "- priority: low|medium|high|urgent".
func Describe(r playbook.Records) string {
	var lines []string
	for _, m := range r.Members() {
		line := "- " + m.Name
		if m.Required {
			line += " (always)"
		}
		lines = append(lines, line+": "+describe(m))
	}
	return strings.Join(lines, "\n")
}

func describe(m playbook.Member) string {
	text := ""
	switch {
	case len(m.OneOf) > 0:
		text = strings.Join(m.OneOf, "|")
	case m.Type == action.ID:
		text = "as the record has it"
	case m.Type == action.Time:
		text = "time"
	case m.Type == action.Bool:
		text = "true or false"
	case m.Type == action.List:
		text = "list of texts"
	default:
		text = "text"
	}
	if m.Clearable {
		text += `; "none" removes it`
	}
	return text
}

// Schema returns the JSON schema of an answer: an object with the list "records".
func Schema(r playbook.Records) json.RawMessage {
	item := &schema.Schema{Type: "object", Properties: map[string]*schema.Schema{}}
	for _, m := range r.Members() {
		property := &schema.Schema{Type: "string", Enum: m.OneOf, Description: describe(m)}
		if m.Clearable && len(m.OneOf) > 0 {
			property.Enum = append(slices.Clip(m.OneOf), "none")
		}
		switch m.Type {
		case action.Bool:
			property.Type = "boolean"
		case action.List:
			property.Type, property.Items = "array", &schema.Schema{Type: "string"}
		}
		item.Properties[m.Name] = property
		if m.Required {
			item.Required = append(item.Required, m.Name)
		}
	}
	root := schema.Schema{Type: "object", Required: []string{"records"},
		Properties: map[string]*schema.Schema{"records": {Type: "array", Items: item}}}
	return root.JSON()
}
