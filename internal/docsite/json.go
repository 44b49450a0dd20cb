package docsite

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// yamlToJSON returns the YAML document as JSON. It keeps the order of members, because the reference shows it.
func yamlToJSON(document []byte) ([]byte, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(document, &root); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err := writeNode(&out, &root)
	return out.Bytes(), err
}

func writeNode(out *bytes.Buffer, n *yaml.Node) error {
	switch n.Kind {
	case yaml.DocumentNode:
		return writeNode(out, n.Content[0])
	case yaml.AliasNode:
		return writeNode(out, n.Alias)
	case yaml.SequenceNode:
		return writeChildren(out, n, '[', ']', 1)
	case yaml.MappingNode:
		return writeChildren(out, n, '{', '}', 2)
	case yaml.ScalarNode:
		var value any
		if err := n.Decode(&value); err != nil {
			return err
		}
		text, err := json.Marshal(value)
		out.Write(text)
		return err
	}
	return fmt.Errorf("line %d: not a value", n.Line)
}

// writeChildren writes the children of n between open and end. step is 1 for a sequence and 2 for a mapping, whose
// children are names and values in turn.
func writeChildren(out *bytes.Buffer, n *yaml.Node, open, end byte, step int) error {
	out.WriteByte(open)
	for i := 0; i < len(n.Content); i += step {
		if i > 0 {
			out.WriteByte(',')
		}
		if step == 2 {
			name, err := json.Marshal(n.Content[i].Value) // '200' and 200 are the same name in JSON
			if err != nil {
				return err
			}
			out.Write(append(name, ':'))
		}
		if err := writeNode(out, n.Content[i+step-1]); err != nil {
			return err
		}
	}
	out.WriteByte(end)
	return nil
}
