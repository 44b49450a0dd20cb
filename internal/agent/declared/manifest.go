package declared

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/workspace"
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
	maxName  = 64  // characters of an agent's or a tool's name, the limit of language models
	maxLabel = 200 // characters of an agent's description, and of a skill or an example
)

// manifest parses the file. It returns false when the file cannot be parsed at all.
func (p *parser) manifest(path string) (manifest, bool) {
	text, ok := p.source(path)
	if !ok {
		return manifest{}, false
	}
	root, ok := p.document(text)
	if !ok {
		return manifest{}, false
	}
	f, ok := p.object(field{node: root}, "name!", "description!", "tier!", "prompt!", "examples", "skills", "tools")
	if !ok {
		return manifest{}, false
	}
	m := manifest{nameLine: f["name"].line(), definition: agent.Definition{
		Name:        p.name(f["name"], agentName, "an agent's name is snake_case and ends in _agent"),
		Description: p.label(f["description"]),
		Tier:        p.tier(f["tier"]),
		Prompt:      p.text(f["prompt"]),
	}}
	for _, example := range p.list(f["examples"]) {
		m.definition.Examples = append(m.definition.Examples, p.label(example))
	}
	for _, skill := range p.list(f["skills"]) {
		m.definition.Skills = append(m.definition.Skills, p.label(skill))
	}
	outline := outlineOf(m.definition)
	m.definition.Tools, outline.Template.Reads = p.tools(f["tools"], outline.Name)
	m.definition.Outlines = []agent.Outline{outline}
	return m, true
}

func (p *parser) name(f field, pattern *regexp.Regexp, rule string) string {
	name := p.text(f)
	switch {
	case name == "":
		return ""
	case len(name) > maxName:
		p.errorf(f.line(), "%s: is longer than %d characters", f.path, maxName)
		return ""
	case !pattern.MatchString(name):
		p.errorf(f.line(), "%s: %q is not right; %s", f.path, name, rule)
		return ""
	}
	return name
}

func (p *parser) label(f field) string {
	text := strings.TrimSpace(p.text(f))
	if utf8.RuneCountInString(text) > maxLabel {
		p.errorf(f.line(), "%s: is longer than %d characters", f.path, maxLabel)
	}
	if strings.ContainsAny(text, "\r\n") {
		p.errorf(f.line(), "%s: must be one line", f.path)
	}
	return text
}

func (p *parser) tier(f field) tier.Tier {
	name := p.text(f)
	if name == "" {
		return ""
	}
	t, err := tier.Parse(name)
	if err != nil {
		p.errorf(f.line(), "%s: %q is not one of %s", f.path, agent.Truncate(name, maxQuoted), join(tier.All()))
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

// tools parses the tools. It returns them and the table of the first one that reads rows.
func (p *parser) tools(f field, outline string) (list []agent.Tool, table string) {
	taken := map[string]bool{"ask_agent": true, outline: true}
	for _, t := range workspace.Tools() {
		taken[t.Name()] = true
	}
	shared := len(taken) - 1 // no request has both ask_agent and the outline
	items := p.list(f)
	if most := agent.MaxTools - shared; len(items) > most {
		p.errorf(f.line(), "%s: are more than %d; an agent has at most %d tools, with the %d that every agent has",
			f.path, most, agent.MaxTools, shared)
		return nil, ""
	}
	for _, item := range items {
		tool, rows, ok := p.tool(item, taken)
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

// tool parses one tool and adds its name to taken. rows is the table that the tool reads, or "".
func (p *parser) tool(item field, taken map[string]bool) (tool agent.Tool, rows string, ok bool) {
	before := len(p.errors)
	f, ok := p.object(item, "name!", "description!", "schema", "action", "rows", "filter")
	if !ok {
		return tool, "", false
	}
	name := p.name(f["name"], toolName, "a tool's name is snake_case")
	if taken[name] {
		p.errorf(f["name"].line(), "%s: %q is the name of another tool of this agent", f["name"].path, name)
	}
	taken[name] = name != ""
	description := strings.TrimSpace(p.text(f["description"]))
	arguments := p.arguments(f["schema"])
	do, rows := p.handler(item, f, arguments)
	if len(p.errors) > before {
		return tool, rows, false
	}
	tool, err := agent.NewSchemaTool(name, description, arguments, do)
	if err != nil {
		p.errorf(item.line(), "%s: %v", item.path, err)
	}
	return tool, rows, err == nil
}
