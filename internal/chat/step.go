package chat

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/playbook/record"
	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/thought"
)

// StepRequest is one generating step of a plan.
type StepRequest struct {
	PromptTemplate string // its id
	Variables      map[string]any
	Data           []map[string]any // the records of the step's source
	Timezone       string           // IANA name; "" means UTC
	Model          agent.ModelChoice
}

// StepReply is the result of a generating step. Records is never nil. It is empty for templates that make text. Output
// is the model's text, or the records as JSON.
type StepReply struct {
	Output  string
	Records []map[string]any
	// Dropped counts the records and members in the model's answer that do not fit the template.
	Dropped int
	// Replaced is true if the leak filter blocked the model's answer and Output is FallbackAnswer.
	Replaced bool
	Usage    agent.Usage
}

// ErrBadAnswer is returned if the model's answer has no text, or not the records that the template asks for.
var ErrBadAnswer = fault.New(fault.LLMError, "The language model gave an answer that cannot be used. Try again.")

// RunStep runs one generating step. Errors are faults: not_found for an unknown template, validation_failed for
// variables that it does not accept or a bad time zone, context_too_large for too much data, ErrBadAnswer, those of the
// choice of a model, and those of the model.
func (o *Orchestrator) RunStep(ctx context.Context, u identity.User, req StepRequest) (StepReply, error) {
	template, err := o.cfg.Templates.Get(req.PromptTemplate)
	if err != nil {
		return StepReply{}, fault.ErrNotFound
	}
	if err := o.checkModel(u, req.Model); err != nil {
		return StepReply{}, err
	}
	if err := template.CheckVariables(req.Variables); err != nil {
		return StepReply{}, fault.ErrValidation.WithDetails(fault.Detail{Pointer: "/variables", Message: err.Error()})
	}
	sent := appendTexts(nil, req.Variables)
	for _, row := range req.Data {
		sent = appendTexts(sent, row)
	}
	zone, err := o.zones.load(req.Timezone)
	if err != nil {
		return StepReply{}, fault.ErrValidation.WithDetails(badTimezone("/timezone"))
	}
	step := record.Request{Template: template, Data: req.Data, Now: o.cfg.Now().In(zone)}
	call, err := stepCall(ctx, step, req.Variables)
	if err != nil {
		return StepReply{}, ctxError(ctx, err)
	}
	call.Request = &agent.ModelRequest{User: u, Choice: req.Model}
	call.Request.Limits = o.limits(call.Request)
	if room := call.Request.Limits.PromptTokens(); room > 0 && call.EstimateTokens() > room {
		return StepReply{}, agent.ErrContextTooLarge.WithDetails(fault.Detail{Pointer: "/data",
			Message: fmt.Sprintf("does not fit into the model's context of %d tokens; send fewer records", room)})
	}
	defer call.Request.End(ctx)
	guard := o.cfg.Filter(ctx, u, sent...)
	answer, err := o.cfg.Model.Generate(ctx, call, nil)
	if err != nil {
		return StepReply{}, ctxError(ctx, nameTooLong(err, "/data"))
	}
	reply, err := o.readStep(ctx, guard, step, answer)
	reply.Usage = call.Request.Usage
	return reply, err
}

// readStep reads and filters the model's answer to a step.
func (o *Orchestrator) readStep(
	ctx context.Context, guard Guard, step record.Request, answer agent.Answer,
) (StepReply, error) {
	template := step.Template
	if template.Makes.Action == "" {
		said := thought.Without(answer.Text)
		if strings.TrimSpace(said) == "" {
			return StepReply{}, ErrBadAnswer.WithCause(fmt.Errorf("template %s: the answer is empty", template.ID))
		}
		text, hit := guard.Text(said)
		return o.stepReply(ctx, guard, hit, StepReply{Output: text, Records: []map[string]any{}})
	}
	return o.recordsReply(ctx, guard, step, answer.Text)
}

// recordsReply reads and filters the records in the model's answer. The rest of the answer is not returned.
func (o *Orchestrator) recordsReply(ctx context.Context, guard Guard, step record.Request,
	answer string) (StepReply, error) {
	made, err := step.Read(answer)
	if err != nil {
		return StepReply{}, ErrBadAnswer.WithCause(fmt.Errorf("template %s: %w", step.Template.ID, err))
	}
	output, err := json.Marshal(made.Records)
	if err != nil {
		return StepReply{}, ErrBadAnswer.WithCause(err)
	}
	var fields fieldTexts // JSON escapes could hide a secret in the text
	for _, r := range made.Records {
		fields.add(r)
	}
	return o.stepReply(ctx, guard, fields.hit(guard),
		StepReply{Output: string(output), Records: made.Records, Dropped: made.Dropped})
}

// stepReply returns the reply, or FallbackAnswer in its place if the filter found a secret in it.
func (o *Orchestrator) stepReply(ctx context.Context, guard Guard, hit string, reply StepReply) (StepReply, error) {
	checked, err := o.finalize(ctx, guard, hit, Reply{Text: reply.Output}, nil)
	if err != nil {
		return StepReply{}, ctxError(ctx, err)
	}
	if checked.Replaced {
		return StepReply{Output: checked.Text, Records: []map[string]any{}, Replaced: true}, nil
	}
	return reply, nil
}

// stepCall returns the call with the system prompt and the template's, and with the variables, facts and records as the
// user's message.
func stepCall(ctx context.Context, step record.Request, variables map[string]any) (agent.ModelCall, error) {
	t := step.Template
	system := stepSecret().Text + "\n\n" + sanitize.WithCanary(t.ID, t.Text).Text
	var call agent.ModelCall
	if t.Makes.Action != "" {
		system += "\n\n" + strings.TrimSpace(recordsPrompt) + "\n" + record.Describe(t.Makes)
		call.Schema = record.Schema(t.Makes)
	}
	today := fmt.Sprintf("\n\nToday is %s (%s), time zone %s. The local time is %s.",
		step.Now.Format(time.DateOnly), step.Now.Weekday(), step.Now.Location(), step.Now.Format("15:04"))
	var data strings.Builder
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		fmt.Fprintf(&data, "%s: %v\n", name, variables[name])
	}
	if t.Facts != nil {
		facts, err := t.Facts(ctx, step.Data, step.Now)
		if err != nil {
			return call, err
		}
		if facts != "" {
			fmt.Fprintf(&data, "\nComputed from the records:\n%s\n", facts)
		}
	}
	records, err := json.Marshal(step.Rows())
	if err != nil {
		return call, err
	}
	fmt.Fprintf(&data, "\nRecords:\n%s", records)
	call.Messages = []llms.MessageContent{
		llms.TextParts(llms.ChatMessageTypeSystem, system, today), // package llm caches the first part
		llms.TextParts(llms.ChatMessageTypeHuman, data.String()),
	}
	return call, nil
}
