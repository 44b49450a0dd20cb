// Package offline_test plays ordinary sentences in three languages to the offline model, through the whole assistant,
// and compares what comes with the expectations in the YAML files beside it.
package offline_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/dev/offline"
	"github.com/adiuva/cloud-api/internal/eval"
	"github.com/adiuva/cloud-api/internal/scenario"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// play plays the scenarios of the files to the offline model.
func play(t testing.TB, categories ...string) []eval.Result {
	t.Helper()
	list, err := scenario.Read(os.DirFS("."))
	check(t, err)
	list = slices.DeleteFunc(list, func(s scenario.Scenario) bool { return !slices.Contains(categories, s.Category) })
	cfg, err := config.Load(func(string) string { return "" }, nil)
	check(t, err)
	assistants, err := app.NewAssistants(cfg)
	check(t, err)
	results, err := eval.Run(t.Context(), eval.Config{Scenarios: list, Agents: assistants.Agents,
		Open: eval.Plain(offline.New(offline.Config{})), Filter: assistants.Filter, Timeout: time.Minute,
		Assistant: func(model agent.Model, now func() time.Time) (*chat.Orchestrator, error) {
			return assistants.New(model, nil, now)
		}})
	check(t, err)
	return results
}

// TestSentences holds the rate of right answers to the sentences of each file, lists each miss, and allows no action
// that is not expected.
func TestSentences(t *testing.T) {
	t.Parallel()
	for _, set := range []struct {
		name       string
		categories []string
		floor      float64
	}{
		{"forty", []string{"forty"}, 0.9},
		{"own", []string{"en", "de", "it"}, 0.9},
		{"dialogs", []string{"dialogs"}, 1},
		{"heldout", []string{"heldout"}, 0.6},
		{"heldout2", []string{"heldout2"}, 0.6},
	} {
		t.Run(set.name, func(t *testing.T) {
			t.Parallel()
			right := 0
			results := play(t, set.categories...)
			for _, r := range results {
				if r.Result {
					right++
					continue
				}
				text := r.Turns[len(r.Turns)-1].Text
				t.Logf("%s:%d %q\n\t%s\n\tcame: %s", r.File, r.Line, r.Name, strings.Join(r.Wrong, "; "),
					strings.ReplaceAll(text, "\n", "\n\t      "))
				for _, wrong := range r.Wrong {
					if strings.HasPrefix(wrong, "actions have") {
						t.Errorf("%s:%d %q: wrong action: %s", r.File, r.Line, r.Name, wrong)
					}
				}
			}
			t.Logf("%d of %d are right", right, len(results))
			if float64(right) < set.floor*float64(len(results)) {
				t.Errorf("%d of %d are right, fewer than %.0f %%", right, len(results), 100*set.floor)
			}
		})
	}
}
