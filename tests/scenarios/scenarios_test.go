// Package scenarios_test runs natural requests, which the YAML files beside it describe, through the whole assistant.
// A scripted model that plays the expected calls shows that the data and the changes get through; under make soak a
// real small model shows where its routing and its plain answers stand.
package scenarios_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/eval"
	"github.com/adiuva/cloud-api/internal/scenario"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB) []scenario.Scenario {
	t.Helper()
	list, err := scenario.Read(os.DirFS("."))
	check(t, err)
	return list
}

// run plays the scenarios.
func run(t testing.TB, list []scenario.Scenario, open eval.Open, routing bool) eval.Report {
	t.Helper()
	assistants := newAssistants(t)
	results, err := eval.Run(t.Context(), eval.Config{Scenarios: list, Agents: assistants.Agents, Open: open,
		Filter: assistants.Filter, Routing: routing, Timeout: time.Hour,
		Assistant: func(model agent.Model, now func() time.Time) (*chat.Orchestrator, error) {
			return assistants.New(model, nil, now)
		}})
	check(t, err)
	return eval.Report{Scenarios: results, Planned: len(list)}
}

func newAssistants(t testing.TB) *app.Assistants {
	t.Helper()
	cfg, err := config.Load(func(string) string { return "" }, nil)
	check(t, err)
	assistants, err := app.NewAssistants(cfg)
	check(t, err)
	return assistants
}

// TestScenarios plays every turn of every scenario. It skips those where the service falls short, and fails when such a
// gap is closed, so that nobody forgets to take the mark away.
func TestScenarios(t *testing.T) {
	t.Parallel()
	list := read(t)
	messages := 0
	for i, result := range run(t, list, eval.Scripted(), false).Scenarios {
		s := list[i]
		messages += len(s.Turns)
		wrong := result.Wrong
		for j, turn := range result.Turns {
			wrong = append(wrong, failures(s.Turns[j], turn.Calls)...)
		}
		t.Run(s.Category+"/"+s.Name(), func(t *testing.T) {
			switch {
			case s.Gap == "":
				for _, one := range wrong {
					t.Error(one)
				}
			case len(wrong) == 0:
				t.Errorf("the gap is closed, take it out: %s", s.Gap)
			default:
				t.Skipf("GAP: %s", s.Gap)
			}
		})
	}
	if messages < 200 {
		t.Errorf("there are %d messages", messages)
	}
}

// TestScenariosNameWhatExists finds agents, tools and arguments that no model is offered.
func TestScenariosNameWhatExists(t *testing.T) {
	t.Parallel()
	agents := newAssistants(t).Agents
	known := scenario.Known{Tools: agents.Arguments()}
	for _, a := range agents.All() {
		known.Agents = append(known.Agents, a.Name())
	}
	check(t, scenario.Validate(read(t), known))
}

// millis matches times in milliseconds, which models cannot read.
var millis = regexp.MustCompile(`\b1[5-9]\d{11}\b`)

// failures returns the calls of the scripted model that were not offered, failed, or returned milliseconds.
func failures(turn scenario.Turn, made []eval.Call) (wrong []string) {
	if len(made) < len(turn.Calls) {
		wrong = append(wrong, turn.Calls[len(made)].Tool+" is offered to no agent that answers")
	}
	for i, m := range made {
		if strings.HasPrefix(m.Result, "error:") && !turn.Calls[i].Refused {
			wrong = append(wrong, fmt.Sprintf("%s %s: %s", m.Tool, m.Arguments, m.Result))
		}
		if millis.MatchString(m.Result) {
			wrong = append(wrong, fmt.Sprintf("%s returned milliseconds: %s", m.Tool, m.Result))
		}
	}
	if len(wrong) > 0 {
		wrong = append(wrong, fmt.Sprintf("the calls were %q", made))
	}
	return wrong
}
