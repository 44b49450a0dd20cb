package declared

import (
	"regexp"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/tier"
)

// manifest is one file's agent.
type manifest struct {
	definition agent.Definition
	nameLine   int
}

var (
	agentName = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*_agent$`)
	toolName  = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
)

const (
	maxName  = 64  // characters of an agent's or a tool's name, as language models take them
	maxTools = 64  // tools of one agent; OpenAI takes 128 with the shared ones
	maxLabel = 200 // characters of an agent's description and of a skill, which clients show
)

// manifest reads the file; false when nothing of it can be read.
func (r *reader) manifest(path string) (manifest, bool) {
	text, ok := r.read(path)
	if !ok {
		return manifest{}, false
	}
	root, ok := r.document(text)
	if !ok {
		return manifest{}, false
	}
	f, ok := r.object(field{node: root}, "name!", "description!", "tier!", "prompt!", "skills", "tools")
	if !ok {
		return manifest{}, false
	}
	m := manifest{nameLine: f["name"].line(), definition: agent.Definition{
		Name: r.name(f["name"], agentName, "an agent's name is snake_case and ends in _agent"), Description: r.label(f["description"]),
		Tier: r.tier(f["tier"]), Prompt: r.text(f["prompt"]),
	}}
	for _, skill := range r.list(f["skills"]) {
		m.definition.Skills = append(m.definition.Skills, r.label(skill))
	}
	outline := outlineOf(m.definition)
	m.definition.Tools, outline.Select = r.tools(f["tools"], outline.Name)
	m.definition.Outlines = []agent.Outline{outline}
	return m, true
}

func (r *reader) name(f field, shape *regexp.Regexp, rule string) string {
	name := r.text(f)
	switch {
	case name == "":
		return ""
	case len(name) > maxName:
		r.fault(f.line(), "%s: is longer than %d characters", f.at, maxName)
		return ""
	case !shape.MatchString(name):
		r.fault(f.line(), "%s: %q is not right; %s", f.at, name, rule)
		return ""
	}
	return name
}

func (r *reader) label(f field) string {
	text := strings.TrimSpace(r.text(f))
	if agent.Truncate(text, maxLabel) != text {
		r.fault(f.line(), "%s: is longer than %d characters", f.at, maxLabel)
	}
	if strings.ContainsAny(text, "\r\n") {
		r.fault(f.line(), "%s: must be one line", f.at)
	}
	return text
}

func (r *reader) tier(f field) tier.Tier {
	name := r.text(f)
	if name == "" {
		return ""
	}
	t, err := tier.Parse(name)
	if err != nil {
		r.fault(f.line(), "%s: %q is not one of %s", f.at, agent.Truncate(name, maxQuoted), join(tier.All()))
	}
	return t
}

// outlineOf returns what the agent plans when its tools propose nothing: answer about the rows of its first tool that
// reads rows.
func outlineOf(d agent.Definition) agent.Outline {
	return agent.Outline{
		Name:        "plan_" + strings.TrimSuffix(d.Name, "_agent"),
		Description: "Plan: read rows and answer about them.",
		Template: playbook.Template{
			ID: "tpl_" + d.Name + "_default",
			Text: strings.TrimSpace(d.Prompt) + "\n\n" + `Answer the variable "request" about the records in a short ` +
				"text. When records would be needed and there are none, say so.",
		},
	}
}

// tools reads the tools and returns them with the table of the first that reads rows.
func (r *reader) tools(f field, outline string) (list []agent.Tool, table string) {
	taken := map[string]bool{"ask_agent": true, outline: true}
	for _, t := range agent.New(nil, agent.Definition{}).Tools() {
		taken[t.Name()] = true
	}
	items := r.list(f)
	if len(items) > maxTools {
		r.fault(f.line(), "%s: are more than %d", f.at, maxTools)
		return nil, ""
	}
	for _, item := range items {
		tool, rows, ok := r.tool(item, taken)
		if !ok {
			continue
		}
		list = append(list, tool)
		if table == "" {
			table = rows
		}
	}
	return list, table
}

// tool reads one tool and takes its name; rows is the table it reads, if it reads one.
func (r *reader) tool(item field, taken map[string]bool) (tool agent.Tool, rows string, ok bool) {
	before := len(r.faults)
	f, ok := r.object(item, "name!", "description!", "schema", "action", "rows", "filter")
	if !ok {
		return tool, "", false
	}
	name := r.name(f["name"], toolName, "a tool's name is snake_case")
	if taken[name] {
		r.fault(f["name"].line(), "%s: %q is the name of another tool of this agent", f["name"].at, name)
	}
	taken[name] = name != ""
	description := strings.TrimSpace(r.text(f["description"]))
	arguments := r.schema(f["schema"])
	do, rows := r.work(item, f, arguments)
	if len(r.faults) > before {
		return tool, rows, false
	}
	tool, err := agent.NewSchemaTool(name, description, arguments.wire(), do)
	if err != nil {
		r.fault(item.line(), "%s: %v", item.at, err)
	}
	return tool, rows, err == nil
}
