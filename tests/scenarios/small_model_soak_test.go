//go:build soak

package scenarios_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/eval"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/scenario"
	"github.com/adiuva/cloud-api/internal/testing/smallmodel"
)

// smallModel returns a client of a real small model.
func smallModel(t *testing.T) agent.Model {
	t.Helper()
	client, err := llm.New(llm.Config{BaseURL: smallmodel.Start(t, "../.."), Model: smallmodel.Name,
		MaxTokens: smallmodel.LongestAnswer, FirstTokenTimeout: smallmodel.FirstToken,
		IdleTimeout: smallmodel.FirstToken, Timeout: smallmodel.Whole})
	check(t, err)
	t.Cleanup(client.Close)
	return client
}

// logReport writes the report to the test's log.
func logReport(t *testing.T, report eval.Report) {
	t.Helper()
	var text strings.Builder
	check(t, report.Print(&text))
	t.Log("\n" + text.String())
}

// TestRealModelRoutes lets the small model route every message and prints the rates. It fails if a message gets no
// answer, or if fewer than half of the scenarios reach the right agents: the default agent alone is right for more.
func TestRealModelRoutes(t *testing.T) {
	report := run(t, read(t), eval.RoutingOnly(eval.Plain(smallModel(t))), true)
	logReport(t, report)
	answered(t, report)
	if rate := report.Rate(); rate.Right < rate.All/2 {
		t.Errorf("only %d of %d scenarios reach the right agents", rate.Right, rate.All)
	}
}

// TestRealModelAnswers has the small model answer messages that need no tool, and prints how many answers are sound:
// some text, no prompt in it, and no change.
func TestRealModelAnswers(t *testing.T) {
	const asked = 24
	list := slices.DeleteFunc(read(t), func(s scenario.Scenario) bool { return s.Category != "small_talk" })
	report := run(t, list[:asked], eval.Plain(smallModel(t)), false)
	logReport(t, report)
	answered(t, report)
	sound := 0
	for _, result := range report.Scenarios {
		turn := result.Turns[0]
		if strings.TrimSpace(turn.Text) != "" && !turn.Replaced && len(turn.Actions) == 0 {
			sound++
		}
	}
	if sound < asked*3/4 {
		t.Errorf("only %d of %d answers are sound", sound, asked)
	}
}

// answered fails for every turn that got no answer.
func answered(t *testing.T, report eval.Report) {
	t.Helper()
	for _, result := range report.Scenarios {
		for _, turn := range result.Turns {
			if turn.Error != "" {
				t.Errorf("%s: %q: %s", result.Category, turn.Say, turn.Error)
			}
		}
	}
}
