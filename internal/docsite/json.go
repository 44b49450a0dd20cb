package docsite

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// toJSON returns the YAML document as JSON with its members in the same order, which the reference shows.
func toJSON(document []byte) ([]byte, error) {
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
		return writeList(out, n, '[', ']', 1)
	case yaml.MappingNode:
		return writeList(out, n, '{', '}', 2)
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

// writeList writes n's children, every one of them or, as a mapping has them, in pairs of name and value.
func writeList(out *bytes.Buffer, n *yaml.Node, from, to byte, step int) error {
	out.WriteByte(from)
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
	out.WriteByte(to)
	return nil
}
