// Package declared makes agents of YAML manifests, so that an operator can add one without writing Go. A manifest holds
// what an agent.Definition holds; its tools propose an action from a template or read rows of the request. What comes out
// are ordinary agents. A folder is read once, at the start, and every fault of every file in it is told at once.
package declared

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
)

// Fault is one thing wrong in one manifest. Line counts from 1; what concerns a whole file stands at line 1.
type Fault struct {
	File   string
	Line   int
	Reason string
}

// String returns "file:line: reason".
func (f Fault) String() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Reason) }

// Faults is everything wrong in a folder of manifests, by file and line. As an error it has one fault a line.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// Set is the agents of one folder, in the order of their files' names. It is immutable; a nil *Set is empty.
type Set struct {
	definitions []agent.Definition
}

// Load reads the folder's manifests: its files that end in .yaml or .yml and whose names do not begin with a dot; folders
// inside it are not entered. No agent may have one of the names in taken. The error is Faults when manifests are wrong,
// and something else when the folder cannot be read.
func Load(dir string, taken ...string) (*Set, error) {
	files, err := manifests(dir)
	if err != nil {
		return nil, fmt.Errorf("the folder of agents cannot be read: %w", err)
	}
	set, seen, faults := &Set{}, map[string]string{}, Faults{}
	for _, name := range taken {
		seen[name] = ""
	}
	for _, path := range files {
		r := &reader{file: path}
		if m, ok := r.manifest(path); ok {
			r.claim(m, seen)
			set.definitions = append(set.definitions, m.definition)
		}
		faults = append(faults, r.faults...)
	}
	if len(faults) > 0 {
		slices.SortStableFunc(faults, func(a, b Fault) int {
			return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
		})
		return nil, faults
	}
	return set, nil
}

// claim takes the manifest's name, unless somebody has it.
func (r *reader) claim(m manifest, seen map[string]string) {
	name := m.definition.Name
	if name == "" {
		return
	}
	switch other, there := seen[name]; {
	case !there:
		seen[name] = fmt.Sprintf("%s:%d", r.file, m.nameLine)
	case other == "":
		r.fault(m.nameLine, "name: %q is the name of a built-in agent", name)
	default:
		r.fault(m.nameLine, "name: %q is also the name of the agent in %s", name, other)
	}
}

// Agents returns the agents on that model.
func (s *Set) Agents(model agent.Model) []*agent.Agent {
	if s == nil {
		return nil
	}
	list := make([]*agent.Agent, 0, len(s.definitions))
	for _, d := range s.definitions {
		list = append(list, agent.New(model, d))
	}
	return list
}
