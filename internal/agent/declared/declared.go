// Package declared builds agents from YAML manifests, so that an operator can add an agent without writing Go. A
// manifest has what an agent.Definition has; its tools propose an action from a template or read rows of the request.
// The results are ordinary agents. A folder is read once, at the start, and Load reports all errors of all its files
// together.
//
//	folder ── manifests() ──► source.go: bytes, UTF-8, one YAML document without aliases or tags
//	                            │ *yaml.Node, with line numbers
//	                            ▼
//	                          node.go: objects, lists and texts, each with its path for error messages
//	                            │ field
//	            ┌───────────────┼──────────────────┐
//	            ▼               ▼                  ▼
//	      manifest.go       schema.go       action.go, rows.go
//	    name, prompt, …   tool arguments   what a tool does; value.go: columns and placeholders
//	            └───────────────┴──────────────────┘
//	                            ▼
//	                  agent.Definition, or an ErrorList with file and line
//
// The parser never stops at the first error, and a manifest with errors never becomes an agent.
package declared

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/workspace"
)

// Error is one error in a manifest. Line counts from 1; an error of the whole file has line 1.
type Error struct {
	File   string
	Line   int
	Reason string
}

// Error returns "file:line: reason".
func (e Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason) }

// ErrorList is every error in a folder of manifests, by file and line.
type ErrorList []Error

// Error returns one line for each error.
func (l ErrorList) Error() string {
	lines := make([]string, len(l))
	for i, e := range l {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Set is the agents of one folder, in the order of their files' names. It is immutable; a nil *Set is empty.
type Set struct {
	definitions []agent.Definition
}

// Load reads the manifests of a folder: its files that end in .yaml or .yml and do not begin with a dot. It does not
// enter subfolders. No agent may have one of the reserved names. The error is an ErrorList when manifests are wrong,
// and of another type when the folder cannot be read.
func Load(dir string, reserved ...string) (*Set, error) {
	files, err := manifests(dir)
	if err != nil {
		return nil, fmt.Errorf("the folder of agents cannot be read: %w", err)
	}
	set := &Set{}
	names := map[string]string{}
	for _, name := range reserved {
		names[name] = ""
	}
	var list ErrorList
	for _, path := range files {
		p := &parser{file: path}
		if m, ok := p.manifest(path); ok {
			p.claimName(m, names)
			set.definitions = append(set.definitions, m.definition)
		}
		list = append(list, p.errors...)
	}
	if len(list) > 0 {
		slices.SortStableFunc(list, func(a, b Error) int {
			return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
		})
		return nil, list
	}
	return set, nil
}

// claimName enters the manifest's name into names with its position, which is "" for a built-in agent.
func (p *parser) claimName(m manifest, names map[string]string) {
	name := m.definition.Name
	if name == "" {
		return
	}
	switch other, taken := names[name]; {
	case !taken:
		names[name] = fmt.Sprintf("%s:%d", p.file, m.nameLine)
	case other == "":
		p.errorf(m.nameLine, "name: %q is the name of a built-in agent", name)
	default:
		p.errorf(m.nameLine, "name: %q is also the name of the agent in %s", name, other)
	}
}

// Agents returns the agents with that model.
func (s *Set) Agents(model agent.Model) []*agent.Agent {
	if s == nil {
		return nil
	}
	list := make([]*agent.Agent, 0, len(s.definitions))
	for _, d := range s.definitions {
		d.Shared = workspace.Tools()
		list = append(list, agent.New(model, d))
	}
	return list
}
