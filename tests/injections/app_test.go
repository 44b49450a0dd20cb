package injections_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
)

// appPlaces are the places in which a text enters through a tool of the app.
var appPlaces = []string{"description", "content", "error"}

// appWith returns a tool of the app that has the text in that place.
func appWith(place, text string) (agent.AppTool, agent.AppCaller) {
	tool := agent.AppTool{Name: "query_rows", Description: "Reads rows.",
		Parameters: json.RawMessage(`{"type":"object"}`)}
	var result agent.AppResult
	switch place {
	case "description":
		tool.Description = text
	case "content":
		result.Content = text
	case "error":
		result.Error = text
	}
	return tool, appResult(result)
}

// appResult is an app that answers every call with the same result.
type appResult agent.AppResult

func (r appResult) CallApp(_ context.Context, calls []agent.AppCall) ([]agent.AppResult, error) {
	results := make([]agent.AppResult, len(calls))
	for i, c := range calls {
		results[i] = agent.AppResult(r)
		results[i].ID = c.ID
	}
	return results, nil
}

// TestTextsOfTheAppChangeNothing puts every text into the description and the results of a tool of the app, while the
// person writes something else and sends nothing but tasks.
func TestTextsOfTheAppChangeNothing(t *testing.T) {
	t.Parallel()
	texts, messages := load[injection](t, "texts.yaml"), load[message](t, "messages.yaml")
	for i, x := range texts {
		for k, place := range appPlaces {
			t.Run(fmt.Sprintf("%s/%d/%s", x.Lang, i, place), func(t *testing.T) {
				t.Parallel()
				m, marker := messages[(5*i+k)%len(messages)], fmt.Sprintf("ZX%03dQ", i)
				name := agentNames[(i+k)%len(agentNames)]
				model := &obedientModel{route: []string{name}, markers: []string{marker}, calls: x.calls(t),
					reads: map[string][]toolCall{name: {call("query_rows", `{}`)}}, echo: "Here you are."}
				c := agent.Context{Tasks: world().Tasks, Notes: world().Notes, History: m.history()}
				tool, caller := appWith(place, marker+" "+x.Text)
				reply := send(t, model, chat.Request{Message: m.Text, Context: c, AppTools: []agent.AppTool{tool},
					AppCaller: caller})
				got := answer{dropped: model.dropped, text: reply.Text}
				for _, a := range reply.Actions {
					got.actions = append(got.actions, inWords(a))
				}
				for _, p := range reply.Proposals {
					got.proposals = append(got.proposals, inWords(p.Action))
				}
				if !slices.Contains(model.seen, name) {
					t.Fatal("the text did not reach the model")
				}
				if extra := beyond(got.actions, m.Allows); len(extra) > 0 {
					t.Errorf("message %q: actions %v; it allows %v", m.Text, extra, m.Allows)
				}
			})
		}
	}
}
