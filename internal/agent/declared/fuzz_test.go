package declared_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/declared"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/tier"
)

// FuzzLoad feeds the loader any bytes: it tells faults with lines of the file, or makes an agent that can be used.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{"hiring_agent.yaml", "client_brief_agent.yaml"} {
		text, err := os.ReadFile(filepath.Join(examples, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, seed := range []string{head, "a: &x [*x]", "? {a: b}\n: c", "\"a\\nb\": 1", "!foo%0Abar x: 1", "- - - -",
		"a: *\n", "%TAG ! x\n--- !", "---\n---\n", "---",
		tool("rows: tasks\nfilter: {dueDate: \"{{s}}\", labels: [a]}"), tool("action: {type: create_record, " +
			"table: events, data: {attendees: [], start: .nan}}"),
		tool("action: {type: update_record, table: emails, data: {id: \"{{s}}\", to: [\"{{l}}\", \"{{\"], " +
			"date: 1e300}}")} {
		f.Add([]byte(seed))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		folder, err := os.MkdirTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, "a.yaml")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := os.RemoveAll(folder); err != nil {
				t.Error(err)
			}
		}()
		set, err := declared.Load(folder)
		if err == nil {
			usable(t, set)
			return
		}
		var faults declared.ErrorList
		if !errors.As(err, &faults) || len(faults) == 0 || strings.Count(err.Error(), "\n") != len(faults)-1 {
			t.Fatalf("error %q", err)
		}
		for _, fault := range faults {
			if last := 1 + strings.Count(strings.TrimSuffix(string(text), "\n"),
				"\n"); fault.File != path || fault.Line < 1 || fault.Line > last || fault.Reason == "" {
				t.Errorf("%+v in a file of %d lines", fault, last)
			}
		}
	})
}

func usable(t *testing.T, set *declared.Set) {
	t.Helper()
	registry, err := agent.NewRegistry(set.Agents(nil)...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := playbook.NewTemplates(registry.Templates()...); err != nil {
		t.Fatal(err)
	}
	for _, a := range set.Agents(nil) {
		run := registry.NewRun(identity.User{Tier: tier.Team}, "message", request(t))
		for _, tool := range a.Tools() {
			if _, err := tool.Call(t.Context(), run, `{}`); err != nil {
				t.Errorf("%s: %v", tool.Name(), err)
			}
		}
	}
}
