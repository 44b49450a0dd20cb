package scenario

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/tier"
)

// Limits of what Read takes.
const (
	maxFile      = 1 << 20 // bytes
	maxScenarios = 1_000   // in a file
	maxNodes     = 100_000 // values in a file, those that aliases repeat included
)

// file is a YAML file of scenarios. What it sets holds for each of them that sets nothing else.
type file struct {
	Defaults  entry   `yaml:"defaults"`
	Scenarios []entry `yaml:"scenarios"`
}

// entry is one scenario as written.
type entry struct {
	Tier      string                 `yaml:"tier"`
	Mode      string                 `yaml:"mode"`
	Timezone  string                 `yaml:"timezone"`
	Now       string                 `yaml:"now"`
	Workspace string                 `yaml:"workspace"`
	Documents []string               `yaml:"documents"`
	Gap       string                 `yaml:"gap"`
	Profile   map[string]any         `yaml:"profile"` // in place of the workspace's
	Rows      map[string][]yaml.Node `yaml:"rows"`    // beside those of the workspace, by table
	History   []turnPair             `yaml:"history"`
	Turns     []turn                 `yaml:"turns"`
	turn      `yaml:",inline"`
}

// turnPair is one message of the history: of the user or of the assistant.
type turnPair struct {
	User      string `yaml:"user"`
	Assistant string `yaml:"assistant"`
}

// turn is one message with its expectation as written.
type turn struct {
	Say         string      `yaml:"say"`
	Router      []string    `yaml:"router"`
	Agents      []string    `yaml:"agents"`
	Calls       []yaml.Node `yaml:"calls"`
	MaxCalls    int         `yaml:"max_calls"`
	MaxTokens   int64       `yaml:"max_tokens"`
	Actions     []yaml.Node `yaml:"actions"`
	Proposals   []yaml.Node `yaml:"proposals"`
	Steps       []string    `yaml:"steps"`
	Upgrade     *Upgrade    `yaml:"upgrade"`
	MustSay     []yaml.Node `yaml:"must_say"`
	MustNotSay  []string    `yaml:"must_not_say"`
	MustRead    []string    `yaml:"must_read"`
	MustNotRead []string    `yaml:"must_not_read"`
}

// Read returns the scenarios of all files *.yaml of the folder, in the order of their names, with the workspaces in
// workspaces/*.yaml. The category of a scenario is the name of its file. Unknown members, tables, columns and
// workspaces and values that do not fit are errors, which name the file and the line and say what is known.
func Read(folder fs.FS) ([]Scenario, error) {
	names, err := fs.Glob(folder, "*.yaml")
	if err != nil {
		return nil, err
	}
	return ReadFiles(folder, nil, names...)
}

// ReadFiles is Read for some files of the folder. base, which may be nil, has the workspaces that the folder lacks.
func ReadFiles(folder, base fs.FS, names ...string) ([]Scenario, error) {
	workspaces := map[string]workspace{}
	if base != nil {
		if err := readWorkspaces(base, workspaces); err != nil {
			return nil, err
		}
	}
	if err := readWorkspaces(folder, workspaces); err != nil {
		return nil, err
	}
	var list []Scenario
	for _, name := range names {
		some, err := readFile(folder, name, workspaces)
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
	}
	return list, nil
}

// readFile returns the scenarios of one file.
func readFile(folder fs.FS, name string, workspaces map[string]workspace) ([]Scenario, error) {
	var f file
	root, err := decodeFile(folder, name, &f)
	if err != nil {
		return nil, err
	}
	if len(f.Scenarios) > maxScenarios {
		return nil, fmt.Errorf("%s: more than %d scenarios", name, maxScenarios)
	}
	nodes := elements(root, "scenarios")
	b := &builder{workspaces: workspaces, defaults: f.Defaults, nodes: new(int)}
	list := make([]Scenario, 0, len(f.Scenarios))
	for i, e := range f.Scenarios {
		s, err := b.scenario(e, nodes[i])
		if err != nil {
			return nil, locate(name, nodes[i].Line, fmt.Errorf("%q: %w", e.firstMessage(), err))
		}
		s.Category, s.File, s.Line = strings.TrimSuffix(path.Base(name), ".yaml"), name, nodes[i].Line
		list = append(list, s)
	}
	return list, nil
}

// readWorkspaces adds the workspaces of the folder.
func readWorkspaces(folder fs.FS, workspaces map[string]workspace) error {
	names, err := fs.Glob(folder, "workspaces/*.yaml")
	if err != nil {
		return err
	}
	for _, name := range names {
		var w workspace
		if _, err := decodeFile(folder, name, &w); err != nil {
			return err
		}
		if err := w.load(new(Scenario), nil, new(int)); err != nil {
			return locate(name, 1, err)
		}
		workspaces[strings.TrimSuffix(path.Base(name), ".yaml")] = w
	}
	return nil
}

// decodeFile decodes a file of one YAML document and returns its root. Unknown members are errors.
func decodeFile(folder fs.FS, name string, out any) (root *yaml.Node, err error) {
	f, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, maxFile)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: is empty", name)
	} else if err != nil {
		return nil, locate(name, 1, syntax(err))
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: has more than one document", name)
	}
	root = document.Content[0]
	if err := new(checker).members(root, reflect.TypeOf(out)); err != nil {
		return nil, locate(name, 1, err)
	}
	if err := root.Decode(out); err != nil {
		return nil, locate(name, 1, syntax(err))
	}
	return root, nil
}

func (e entry) firstMessage() string {
	if e.Say == "" && len(e.Turns) > 0 {
		return e.Turns[0].Say
	}
	return e.Say
}

// builder makes the scenarios of one file.
type builder struct {
	workspaces map[string]workspace
	defaults   entry
	nodes      *int // values read so far
}

// scenario returns the scenario that node holds.
func (b *builder) scenario(e entry, node *yaml.Node) (Scenario, error) {
	d := b.defaults
	w, err := b.workspace(cmp.Or(e.Workspace, d.Workspace))
	if err != nil {
		return Scenario{}, err
	}
	s := Scenario{Tier: tier.Tier(cmp.Or(e.Tier, d.Tier)), Gap: e.Gap,
		Timezone: cmp.Or(e.Timezone, d.Timezone, w.Timezone)}
	if !slices.Contains(tier.All(), s.Tier) {
		return Scenario{}, fmt.Errorf("there is no tier %q; there are %s", s.Tier, joined(tier.All()))
	}
	switch cmp.Or(e.Mode, d.Mode) {
	case "", "direct":
	case "plan":
		s.Plan = true
	default:
		return Scenario{}, fmt.Errorf("mode is direct or plan, not %q", cmp.Or(e.Mode, d.Mode))
	}
	zone, err := time.LoadLocation(s.Timezone)
	if err != nil || s.Timezone == "" {
		return Scenario{}, fmt.Errorf("there is no time zone %q", s.Timezone)
	}
	if s.Now, err = time.ParseInLocation(minute, cmp.Or(e.Now, d.Now, w.Now), zone); err != nil {
		return Scenario{}, fmt.Errorf("now: %w", err)
	}
	if err := b.context(&s, w, e); err != nil {
		return Scenario{}, err
	}
	turns, nodes := e.Turns, elements(node, "turns")
	if e.Say != "" {
		turns, nodes = append([]turn{e.turn}, turns...), append([]*yaml.Node{node}, nodes...)
	}
	if len(turns) == 0 {
		return Scenario{}, errors.New("says nothing: it needs say or turns")
	}
	for i, written := range turns {
		t, err := b.turn(written, d.turn, zone)
		if err != nil {
			return Scenario{}, &lineError{nodes[i].Line, err}
		}
		t.Line = nodes[i].Line
		s.Turns = append(s.Turns, t)
	}
	return s, nil
}

// workspace returns the workspace of that name; "" is an empty one.
func (b *builder) workspace(name string) (workspace, error) {
	w, ok := b.workspaces[name]
	if !ok && name != "" {
		known := slices.Sorted(maps.Keys(b.workspaces))
		return workspace{}, fmt.Errorf("there is no workspace %q; there are %s", name, joined(known))
	}
	return w, nil
}

// joined returns the names with commas.
func joined[T ~string](names []T) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return strings.Join(texts, ", ")
}

// context sets the rows, the documents and the history.
func (b *builder) context(s *Scenario, w workspace, e entry) error {
	w.Timezone = cmp.Or(w.Timezone, s.Timezone)
	if e.Profile != nil {
		w.Profile = e.Profile
	}
	if err := w.load(s, e.Rows, b.nodes); err != nil {
		return err
	}
	if len(e.Documents) > 0 {
		s.Context.RelevantDocuments = e.Documents
		s.wire["relevant_documents"] = e.Documents
	}
	for _, pair := range e.History {
		switch {
		case pair.User != "" && pair.Assistant == "":
			s.Context.History = append(s.Context.History, agent.Turn{Role: "user", Content: pair.User})
		case pair.Assistant != "" && pair.User == "":
			s.Context.History = append(s.Context.History, agent.Turn{Role: "assistant", Content: pair.Assistant})
		default:
			return errors.New("each entry of history has either user or assistant")
		}
	}
	return nil
}
