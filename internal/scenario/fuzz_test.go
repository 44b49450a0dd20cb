package scenario_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/adiuva/cloud-api/internal/scenario"
)

// FuzzRead reads what is no set of scenarios. Whatever it is, the error names the file.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{"", "a", "[]", "{}", "scenarios:", "scenarios: {}", "scenarios: [null]", "&a [*a]",
		"scenarios: &s [{say: x, turns: *s}]", "defaults: 1", "x: &x {say: y}\nscenarios: [*x]",
		"scenarios: [{say: x, rows: {tasks: [1]}}]", "scenarios: [{say: x, turns: [null]}]",
		head + "  - {say: x, turns: [{say: y, calls: [{a: {}}]}]}", head + "  - say: x\n    must_say: [[a], b, {c: d}]",
		head + "  - {say: x, actions: [{create tasks: {title: !like a}}], history: [{user: b}]}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := scenario.Read(fstest.MapFS{"tasks.yaml": {Data: []byte(text)},
			"workspaces/office.yaml": {Data: []byte(workspace)}})
		if err != nil && !strings.Contains(err.Error(), "tasks.yaml") {
			t.Error(err)
		}
		for _, s := range list {
			if len(s.Turns) == 0 || s.ID() == "" || s.Line == 0 {
				t.Errorf("%+v", s)
			}
		}
	})
}
