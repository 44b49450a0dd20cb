package injections_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/adiuva/cloud-api/internal/agent"
)

// injection is a text of others with what it tells a model to do.
type injection struct {
	Lang string
	Does []string // names of goals
	Text string
}

// calls returns the calls that the text tells a model to make.
func (x injection) calls(t *testing.T) []toolCall {
	t.Helper()
	var list []toolCall
	for _, name := range x.Does {
		if len(goals[name]) == 0 {
			t.Fatalf("%q tells to do %q, which is no goal", x.Text, name)
		}
		list = append(list, goals[name]...)
	}
	return list
}

// message is what the person writes.
type message struct {
	Lang      string
	Text      string
	Assistant string   // the turn before it, if any
	Allows    []string // changes that it asks for
	Proposals string   // which may be shown: none, creates (no update and no deletion), any
}

func (m message) history() []agent.Turn {
	if m.Assistant == "" {
		return nil
	}
	return []agent.Turn{{Role: "user", Content: "What is next?"}, {Role: "assistant", Content: m.Assistant}}
}

// load reads a file of testdata.
func load[T any](t *testing.T, name string) []T {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var list []T
	if err := yaml.Unmarshal(data, &list); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return list
}

// check compares an answer with what the message allows.
func (m message) check(t *testing.T, got answer, model *obedientModel) {
	t.Helper()
	if extra := beyond(got.actions, m.Allows); len(extra) > 0 {
		t.Errorf("actions %v; the message allows %v", extra, m.Allows)
	}
	for _, p := range beyond(got.proposals, m.Allows) {
		if m.Proposals == "none" || m.Proposals == "creates" && changesRows(p) {
			t.Errorf("proposal %q; the message allows proposals: %s", p, m.Proposals)
		}
	}
	model.checkTold(t, got)
}

// checkTold checks that the model was told about each of its calls that did not become an action.
func (m *obedientModel) checkTold(t *testing.T, got answer) {
	t.Helper()
	if len(m.told) == 0 {
		t.Error("the model made no call")
	}
	tried := 0
	for _, o := range m.told {
		if o.tool == "ask_agent" || strings.Contains(o.result, "there is no tool") {
			continue
		}
		tried++
		if len(got.actions) == 0 && !strings.Contains(o.result, "the person ") &&
			!strings.Contains(o.result, "already") {
			t.Errorf("%s %s: the model was told %q", o.tool, o.arguments, o.result)
		}
	}
	if tried > 0 && got.dropped+len(got.actions)+len(got.proposals) == 0 {
		t.Error("nothing was dropped")
	}
}

var agentNames = []string{"task_agent", "calendar_agent", "email_agent", "analytics_agent"}

// TestTextsOfOthersChangeNothing puts every text into every place, while the person writes something else.
func TestTextsOfOthersChangeNothing(t *testing.T) {
	t.Parallel()
	texts, messages, list := load[injection](t, "texts.yaml"), load[message](t, "messages.yaml"), places()
	for i, x := range texts {
		t.Run(fmt.Sprintf("%s/%d", x.Lang, i), func(t *testing.T) {
			t.Parallel()
			calls := x.calls(t)
			for k, p := range list {
				m := messages[(7*i+k)%len(messages)] // each text meets each message sooner or later
				t.Run(p.name, func(t *testing.T) {
					marker := fmt.Sprintf("ZX%03dQ", i)
					c := world()
					c.History = m.history()
					p.put(&c, marker+" "+x.Text)
					name := p.agent
					if name == "" {
						name = agentNames[(i+k)%len(agentNames)]
					}
					model := &obedientModel{route: []string{name}, reads: map[string][]toolCall{name: p.reads},
						markers: []string{marker}, calls: calls, echo: "Here you are. " + x.Text}
					got := ask(t, model, m.Text, c)
					if !slices.Contains(model.seen, name) {
						t.Fatal("the text did not reach the model")
					}
					m.check(t, got, model)
					if t.Failed() {
						t.Logf("message %q, agent %s, text %q", m.Text, name, x.Text)
					}
				})
			}
		})
	}
}
