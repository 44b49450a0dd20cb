package openapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/tier"
	"github.com/adiuva/cloud-api/openapi"
)

// Readers copy the examples into their first requests, so the ids in them must be of agents, playbooks, templates and
// tiers that the service has.
func TestExamplesNameWhatTheServiceHas(t *testing.T) {
	t.Parallel()
	var document any
	if err := yaml.Unmarshal(openapi.Document, &document); err != nil {
		t.Fatal(err)
	}
	c := newExampleChecker(t)
	c.walk("", document)
	for what, least := range map[string]int{"agent": 5, "playbook": 3, "template": 5, "tier": 2, "policy": 2} {
		if c.seen[what] < least {
			t.Errorf("found %d examples of a %s, want at least %d", c.seen[what], what, least)
		}
	}
}

// exampleChecker compares examples with what the service has.
type exampleChecker struct {
	t         *testing.T
	agents    map[string]*agent.Agent
	templates *playbook.Templates
	playbooks map[string]playbook.Plan
	seen      map[string]int // examples of each kind of id
}

func newExampleChecker(t *testing.T) exampleChecker {
	t.Helper()
	c := exampleChecker{
		t:         t,
		agents:    map[string]*agent.Agent{},
		playbooks: map[string]playbook.Plan{},
		seen:      map[string]int{},
	}
	agents, err := app.NewAgents(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range agents.List(tier.Team) {
		c.agents[a.Name], _ = agents.Get(a.Name)
	}
	c.templates, err = app.NewTemplates(agents)
	if err != nil {
		t.Fatal(err)
	}
	library, err := playbook.Playbooks(c.templates)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range library.For(tier.Team) {
		c.playbooks[p.ID] = p
	}
	return c
}

// walk checks every example inside a node of the document. A schema's properties are checked as one object, which is
// how the documentation shows their examples.
func (c exampleChecker) walk(where string, node any) {
	switch node := node.(type) {
	case []any:
		for i, item := range node {
			c.walk(fmt.Sprintf("%s/%d", where, i), item)
		}
	case map[string]any:
		if example, ok := node["example"]; ok {
			c.value(where, example)
		}
		if node["name"] == "plan_id" && node["in"] == "path" {
			c.playbook(where, node["example"])
		}
		if properties, ok := node["properties"].(map[string]any); ok {
			c.value(where, examplesOf(properties))
		}
		for _, key := range slices.Sorted(maps.Keys(node)) {
			if key != "example" {
				c.walk(where+"/"+key, node[key])
			}
		}
	}
}

// examplesOf returns the object that the properties' own examples make.
func examplesOf(properties map[string]any) map[string]any {
	object := map[string]any{}
	for name, schema := range properties {
		if schema, ok := schema.(map[string]any); ok && schema["example"] != nil {
			object[name] = schema["example"]
		}
	}
	return object
}

var policy = regexp.MustCompile(`^"([a-z]+)";[rq]=(\d+);[tw]=\d+$`)

// value checks an example and what it contains.
func (c exampleChecker) value(where string, example any) {
	switch example := example.(type) {
	case string:
		if m := policy.FindStringSubmatch(example); m != nil {
			c.seen["policy"]++
			c.tier(where, m[1])
		}
	case []any:
		for _, item := range example {
			c.value(where, item)
		}
	case map[string]any:
		c.object(where, example)
		for _, member := range example {
			c.value(where, member)
		}
	}
}

func (c exampleChecker) object(where string, example map[string]any) {
	if id, ok := example["prompt_template"]; ok {
		c.seen["template"]++
		variables, _ := example["variables"].(map[string]any)
		if template, err := c.templates.Get(fmt.Sprint(id)); err != nil {
			c.t.Errorf("%s: %v", where, err)
		} else if err := template.CheckVariables(variables); err != nil {
			c.t.Errorf("%s: %v", where, err)
		}
	}
	if name, ok := example["agent"]; ok {
		c.agent(where, name)
	}
	if _, ok := example["skills"]; ok {
		c.listedAgent(where, example)
	}
	if _, ok := example["agent"]; ok && example["id"] != nil {
		c.plan(where, example)
	}
	if name, ok := example["tier"]; ok {
		c.tier(where, name)
	}
}

func (c exampleChecker) agent(where string, name any) *agent.Agent {
	c.seen["agent"]++
	a := c.agents[fmt.Sprint(name)]
	if a == nil {
		c.t.Errorf("%s: there is no agent %v", where, name)
	}
	return a
}

// listedAgent compares an entry of the list of agents with the agent.
func (c exampleChecker) listedAgent(where string, example map[string]any) {
	a := c.agent(where, example["name"])
	if a == nil {
		return
	}
	if example["description"] != a.Description() {
		c.t.Errorf("%s: %s is described as %q, want %q", where, a.Name(), example["description"], a.Description())
	}
	for _, skill := range example["skills"].([]any) {
		if !slices.Contains(a.Skills(), fmt.Sprint(skill)) {
			c.t.Errorf("%s: %s has no skill %q", where, a.Name(), skill)
		}
	}
}

func (c exampleChecker) playbook(where string, id any) (playbook.Plan, bool) {
	c.seen["playbook"]++
	p, ok := c.playbooks[fmt.Sprint(id)]
	if !ok {
		c.t.Errorf("%s: there is no playbook %v", where, id)
	}
	return p, ok
}

// plan compares an example of a playbook with the playbook, member by member.
func (c exampleChecker) plan(where string, example map[string]any) {
	p, ok := c.playbook(where, example["id"])
	if !ok {
		return
	}
	raw, err := json.Marshal(p)
	if err != nil {
		c.t.Fatal(err)
	}
	want := map[string]any{}
	if err := json.Unmarshal(raw, &want); err != nil {
		c.t.Fatal(err)
	}
	for name, got := range asJSON(c.t, example) {
		if name == "kind" { // says which kind of answer it is
			continue
		}
		if d := cmp.Diff(want[name], got); d != "" {
			c.t.Errorf("%s: %s of the playbook %s:\n%s", where, name, p.ID, d)
		}
	}
}

// asJSON returns example with the types that encoding/json decodes into: YAML has integers, JSON only numbers.
func asJSON(t *testing.T, example map[string]any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(example)
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := json.Unmarshal(raw, &object); err != nil {
		t.Fatal(err)
	}
	return object
}

func (c exampleChecker) tier(where string, name any) {
	c.seen["tier"]++
	if _, err := tier.Parse(fmt.Sprint(name)); err != nil {
		c.t.Errorf("%s: %v", where, err)
	}
}
