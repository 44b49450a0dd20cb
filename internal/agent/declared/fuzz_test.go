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

// FuzzLoad loads files with any bytes: Load returns errors with lines of the file, or an agent that works.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{"hiring_agent.yaml", "client_brief_agent.yaml"} {
		text, err := os.ReadFile(filepath.Join(examples, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, seed := range []string{validHead, "a: &x [*x]", "? {a: b}\n: c", "\"a\\nb\": 1", "!foo%0Abar x: 1",
		"- - - -",
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
			checkUsable(t, set)
			return
		}
		var list declared.ErrorList
		if !errors.As(err, &list) || len(list) == 0 || strings.Count(err.Error(), "\n") != len(list)-1 {
			t.Fatalf("error %q", err)
		}
		for _, e := range list {
			if last := 1 + strings.Count(strings.TrimSuffix(string(text), "\n"),
				"\n"); e.File != path || e.Line < 1 || e.Line > last || e.Reason == "" {
				t.Errorf("%+v in a file of %d lines", e, last)
			}
		}
	})
}

func checkUsable(t *testing.T, set *declared.Set) {
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
