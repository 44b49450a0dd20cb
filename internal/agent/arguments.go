package agent

import (
	"encoding/json"
	"maps"
	"slices"
)

// Arguments returns the names of the arguments of every tool that a model may be offered, by the name of the tool.
// Where agents have different tools of the same name, it returns the arguments of all of them.
func (r *Registry) Arguments() map[string][]string {
	var names []string
	tools := r.sharedTools()
	for _, a := range r.agents {
		names = append(names, a.Name())
		tools = append(append(tools, a.tools...), a.planTools(nil)...)
	}
	list := map[string][]string{}
	for _, t := range append(tools, newDelegateTool(names)) {
		var object struct {
			Properties map[string]json.RawMessage `json:"properties"`
		}
		if err := json.Unmarshal(t.schema, &object); err != nil {
			continue // not reached: the schema is written by package schema
		}
		all := slices.Concat(list[t.name], slices.Collect(maps.Keys(object.Properties)))
		slices.Sort(all)
		list[t.name] = slices.Compact(all)
	}
	return list
}
