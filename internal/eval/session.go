package eval

import (
	"context"
	"encoding/json"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/scenario"
)

// Session is the model during one scenario. Only one goroutine uses it.
type Session interface {
	agent.Model
	// Begin is called before each turn of the scenario; the first is 0.
	Begin(turn int)
	// End is called after the last turn, unless the run was stopped. Its error says why the outcome is worth nothing.
	End() error
}

// Open returns the session of a scenario. It is called from several goroutines.
type Open func(s scenario.Scenario) (Session, error)

// Plain returns sessions that ask model.
func Plain(model agent.Model) Open {
	return func(scenario.Scenario) (Session, error) { return plain{model}, nil }
}

type plain struct{ agent.Model }

func (plain) Begin(int)  {}
func (plain) End() error { return nil }

// routedText answers for the agents where only the routing counts.
const routedText = "All right."

// RoutingOnly returns the sessions of open, of which only the router asks the model. Agents answer in a fixed sentence.
func RoutingOnly(open Open) Open {
	return func(s scenario.Scenario) (Session, error) {
		session, err := open(s)
		return router{session}, err
	}
}

type router struct{ Session }

func (r router) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	if call.Small {
		return r.Session.Generate(ctx, call, emit)
	}
	if err := ctx.Err(); err != nil {
		return agent.Answer{}, err
	}
	return emitWhole(agent.Answer{Text: routedText}, emit)
}

// emitWhole returns the answer after it has emitted its text.
func emitWhole(answer agent.Answer, emit agent.Emit) (agent.Answer, error) {
	if emit != nil && answer.Text != "" {
		if err := emit(answer.Text); err != nil {
			return agent.Answer{}, err
		}
	}
	return answer, nil
}

// sentIn returns what the person sends in a scenario, which answers may repeat.
func sentIn(s scenario.Scenario) []string {
	var list []string
	for _, t := range s.Turns {
		list = append(list, t.Say)
	}
	for _, t := range s.Context.History {
		list = append(list, t.Content)
	}
	if text, err := json.Marshal(s.Context); err == nil {
		list = append(list, string(text))
	}
	return list
}
