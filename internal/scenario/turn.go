package scenario

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/adiuva/cloud-api/internal/action"
)

// kinds are the words for the kinds of change in YAML.
var kinds = map[string]action.Kind{"create": action.Create, "update": action.Update, "delete": action.Delete,
	"index": action.Index, "notify": action.Notify}

func (b *builder) turn(in, defaults turn, zone *time.Location) (Turn, error) {
	out := Turn{Say: in.Say, Router: in.Router, Agents: in.Agents, MaxCalls: in.MaxCalls, MaxTokens: in.MaxTokens,
		Steps: in.Steps, Upgrade: in.Upgrade, MustNotSay: in.MustNotSay, MustRead: in.MustRead,
		MustNotRead: in.MustNotRead}
	if strings.TrimSpace(in.Say) == "" {
		return Turn{}, errors.New("a turn says nothing")
	}
	if out.Agents == nil {
		out.Agents = defaults.Agents
	}
	if len(out.Agents) == 0 {
		return Turn{}, errors.New("names no agents")
	}
	if out.Router == nil {
		out.Router = out.Agents
	}
	if out.MaxCalls == 0 {
		out.MaxCalls = len(in.Calls) + 3
	}
	for i := range in.Calls {
		call, err := b.call(&in.Calls[i])
		if err != nil {
			return Turn{}, err
		}
		out.Calls = append(out.Calls, call)
	}
	var err error
	if out.Actions, err = b.changes(in.Actions, zone); err != nil {
		return Turn{}, fmt.Errorf("actions: %w", err)
	}
	if out.Proposals, err = b.changes(in.Proposals, zone); err != nil {
		return Turn{}, fmt.Errorf("proposals: %w", err)
	}
	for i := range in.MustSay {
		var alternatives []string
		if in.MustSay[i].Kind == yaml.ScalarNode {
			alternatives = []string{in.MustSay[i].Value}
		} else if err := in.MustSay[i].Decode(&alternatives); err != nil {
			return Turn{}, fmt.Errorf("must_say: %w", err)
		}
		out.MustSay = append(out.MustSay, alternatives)
	}
	return out, nil
}

// call reads {tool: {argument: value}} or {refused: {tool: {argument: value}}}.
func (b *builder) call(node *yaml.Node) (Call, error) {
	value, err := decode(node, b.nodes)
	if err != nil {
		return Call{}, atLine(node.Line, "calls: %w", err)
	}
	name, value, ok := single(value)
	refused := ok && name == "refused"
	if refused {
		name, value, ok = single(value)
	}
	arguments, isMap := value.(map[string]any)
	if !ok || !isMap {
		return Call{}, atLine(node.Line, "each of calls is {tool: {argument: value}}")
	}
	return Call{Tool: name, Line: node.Line, Arguments: arguments, Refused: refused}, nil
}

// single returns the only member of a map.
func single(value any) (name string, member any, ok bool) {
	members, _ := value.(map[string]any)
	if len(members) != 1 {
		return "", nil, false
	}
	for name, member = range members {
	}
	return name, member, true
}

// changes reads a list of {"create tasks": {column: value}}, each with from: "table id" where it has a source.
func (b *builder) changes(nodes []yaml.Node, zone *time.Location) ([]Change, error) {
	var list []Change
	for i := range nodes {
		value, err := decode(&nodes[i], b.nodes)
		if err != nil {
			return nil, err
		}
		members, ok := value.(map[string]any)
		if !ok {
			return nil, atLine(nodes[i].Line, `each is {"create tasks": {column: value}}`)
		}
		change, err := readChange(members, zone)
		if err != nil {
			return nil, &lineError{nodes[i].Line, err}
		}
		list = append(list, change)
	}
	return list, nil
}

func readChange(members map[string]any, zone *time.Location) (Change, error) {
	var out Change
	for name, value := range members {
		verb, table, _ := strings.Cut(name, " ")
		data, isMap := value.(map[string]any)
		kind, known := kinds[verb]
		text, isText := value.(string)
		switch {
		case name == "from" && isText:
			out.Source.Table, out.Source.ID, _ = strings.Cut(text, " ")
		case known && isMap && out.Type == "":
			out.Type, out.Table, out.Data = kind, table, data
		default:
			return Change{}, fmt.Errorf("%q is not one change with a map of columns", name)
		}
	}
	columns, err := action.Action{Type: out.Type, Table: out.Table}.Columns()
	if err != nil {
		return Change{}, err
	}
	for name, value := range out.Data {
		column, ok := find(columns, name)
		if !ok {
			return Change{}, fmt.Errorf("%s %s has no column %q; there are %s", out.Type, out.Table, name,
				columnNames(columns))
		}
		if out.Data[name], err = expected(column, value, zone); err != nil {
			return Change{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return out, nil
}

// expected returns the value as action.Check leaves it.
func expected(c action.Column, value any, zone *time.Location) (any, error) {
	if loose, ok := value.(Loose); ok {
		return loose, nil
	}
	if text, ok := value.(string); ok && c.Type == action.Time {
		return parseMillis(text, zone)
	}
	return c.Canonical(value)
}

func columnNames(columns []action.Column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

func find(columns []action.Column, name string) (action.Column, bool) {
	for _, c := range columns {
		if c.Name == name {
			return c, true
		}
	}
	return action.Column{}, false
}

// decode returns the value of a node: texts, float64, bools, nil, lists, maps and Loose. Dates stay texts. It adds to
// nodes, and fails beyond maxNodes.
func decode(node *yaml.Node, nodes *int) (any, error) {
	if *nodes++; *nodes > maxNodes {
		return nil, fmt.Errorf("more than %d values", maxNodes)
	}
	if rule := Rule(node.Tag); rule == Any || rule == Like || rule == Time {
		inner := *node
		inner.Tag = ""
		if node.Kind == yaml.ScalarNode {
			return Loose{rule, node.Value}, nil
		}
		value, err := decode(&inner, nodes)
		return Loose{rule, value}, err
	}
	switch node.Kind {
	case yaml.AliasNode:
		return decode(node.Alias, nodes)
	case yaml.ScalarNode:
		return decodeScalar(node)
	case yaml.SequenceNode:
		list := make([]any, len(node.Content))
		for i, child := range node.Content {
			value, err := decode(child, nodes)
			if err != nil {
				return nil, err
			}
			list[i] = value
		}
		return list, nil
	}
	members := make(map[string]any, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		value, err := decode(node.Content[i+1], nodes)
		if err != nil {
			return nil, err
		}
		name := node.Content[i].Value
		if _, twice := members[name]; twice {
			return nil, atLine(node.Content[i].Line, "%q is there twice", name)
		}
		members[name] = value
	}
	return members, nil
}

func decodeScalar(node *yaml.Node) (any, error) {
	switch node.ShortTag() {
	case "!!int", "!!float":
		var number float64
		err := node.Decode(&number)
		return number, err
	case "!!bool":
		var b bool
		err := node.Decode(&b)
		return b, err
	case "!!null":
		return nil, nil
	case "!!str", "!!timestamp":
		return node.Value, nil
	}
	return nil, atLine(node.Line, "unknown tag %s; there are %s, %s and %s", node.Tag, Any, Like, Time)
}
