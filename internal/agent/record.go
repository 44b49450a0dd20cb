package agent

import (
	"errors"
	"strings"

	"github.com/tmc/langchaingo/llms"
)

// Record is what a run with tools of the app needs to go on in another request: what models answered and what the app
// returned, both in order. A resumed run takes the same way with them, without asking a model: our own tools compute
// again on the rows that the new request brings, so that neither rows nor prompts are in a Record, and what was
// proposed, the rounds used and the text so far follow from it.
type Record struct {
	Steps   []Step
	Results []AppResult
}

// Step is one answer of a model.
type Step struct {
	Agents    string // the agents at work, the first one and its delegates
	Text      string
	Calls     []StepCall
	Truncated bool
}

// StepCall is a call of any tool, ours or the app's, as the model wrote it.
type StepCall struct{ Name, Arguments string }

// ErrRecord is returned for a Record that does not fit the run that it is given to.
var ErrRecord = errors.New("the record does not belong to this run")

// replay is the Record that a resumed run follows.
type replay struct {
	record  Record
	next    int // the next step
	running bool
}

// Resume makes the run follow a Record of an earlier one with the same message and tools. Call it after UseAppTools.
func (r *Run) Resume(record Record) { r.shared.app.replay = replay{record: record, running: true} }

// Record returns what the run has so far.
func (r *Run) Record() Record {
	if r.shared.app == nil {
		return Record{}
	}
	return r.shared.app.record
}

// Replaying reports whether the run still follows a Record: what it does now was done, and shown, before.
func (r *Run) Replaying() bool { return r.shared.app != nil && r.shared.app.replay.running }

// recorded returns the next answer of the Record that the run follows, or false when a model has to be asked. It
// returns ErrRecord where other agents are at work than those that the answer was given to.
func (r *Run) recorded() (Answer, bool, error) {
	if !r.Replaying() {
		return Answer{}, false, nil
	}
	p := &r.shared.app.replay
	if p.next == len(p.record.Steps) {
		p.running = false
		if len(p.record.Results) > len(r.shared.app.record.Results) {
			return Answer{}, false, ErrRecord
		}
		return Answer{}, false, nil
	}
	step := p.record.Steps[p.next]
	if step.Agents != r.agentsAtWork() {
		return Answer{}, false, ErrRecord
	}
	p.next++
	answer := Answer{Text: step.Text, Truncated: step.Truncated}
	for _, c := range step.Calls {
		answer.ToolCalls = append(answer.ToolCalls, llms.ToolCall{Type: "function",
			FunctionCall: &llms.FunctionCall{Name: c.Name, Arguments: c.Arguments}})
	}
	return answer, true, nil
}

// keep adds an answer, with the text that counts, to the run's Record. Runs without tools of the app keep none.
func (r *Run) keep(answer Answer, text string) {
	if len(r.appTools()) == 0 {
		return
	}
	step := Step{Agents: r.agentsAtWork(), Text: text, Truncated: answer.Truncated}
	for _, c := range answer.ToolCalls {
		var call StepCall
		if c.FunctionCall != nil {
			call = StepCall{c.FunctionCall.Name, c.FunctionCall.Arguments}
		}
		step.Calls = append(step.Calls, call)
	}
	r.shared.app.record.Steps = append(r.shared.app.record.Steps, step)
}

func (r *Run) agentsAtWork() string { return strings.Join(r.path, " ") }

// resultsOf returns the results of the calls where the Record has all of them.
func (p *replay) resultsOf(calls []AppCall) ([]AppResult, bool) {
	byID := make(map[string]AppResult, len(p.record.Results))
	for _, result := range p.record.Results {
		byID[result.ID] = result
	}
	results := make([]AppResult, len(calls))
	for i, c := range calls {
		result, ok := byID[c.ID]
		if !ok {
			return nil, false
		}
		results[i] = result
	}
	return results, true
}
