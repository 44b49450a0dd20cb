package chat

import (
	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
)

// Listener hears what happens while a request is answered. Its functions are called one at a time, and an error of
// theirs ends the answer. The zero Listener hears nothing.
type Listener struct {
	// Text receives the filtered text of the answer while it is generated. The pieces join to Reply.Text unless
	// Reply.Replaced is set. A plan has no text. If Text is nil, the answer is not streamed.
	Text agent.Emit
	// Step is told everything else. It may be nil.
	Step func(Step) error
}

// StepKind says what a Step is.
type StepKind int

// The kinds of steps.
const (
	StepStarted StepKind = iota // the request is valid, and no model was asked yet
	StepAgent                   // an agent begins
	StepTool                    // a tool of an agent begins or ends
	StepAction                  // the answer has this action; told when all of it has passed the leak filter
)

// Step is something that happens while a request is answered.
type Step struct {
	Kind   StepKind
	Agent  string        // of StepAgent: its name
	Index  int           // of StepAgent: its place, from 1
	Of     int           // of StepAgent: the number of agents
	Tool   agent.ToolUse // of StepTool
	Action action.Action // of StepAction
}

func (l Listener) step(s Step) error {
	if l.Step == nil {
		return nil
	}
	return l.Step(s)
}

// agent tells that an agent begins, unless it began in an earlier request of the same answer.
func (l Listener) agent(run *agent.Run, a *agent.Agent, index, of int) error {
	if run.Replaying() {
		return nil
	}
	return l.step(Step{Kind: StepAgent, Agent: a.Name(), Index: index, Of: of})
}

func (l Listener) tool(use agent.ToolUse) error { return l.step(Step{Kind: StepTool, Tool: use}) }

// actions tells all actions of a filtered answer.
func (l Listener) actions(list []action.Action) error {
	for _, a := range list {
		if err := l.step(Step{Kind: StepAction, Action: a}); err != nil {
			return err
		}
	}
	return nil
}
