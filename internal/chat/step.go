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
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/sanitize"
)

// StepRequest is one generating step of a plan.
type StepRequest struct {
	PromptTemplate string // its id
	Variables      map[string]any
	Data           []map[string]any // the records of the step's source
	Timezone       string           // IANA name; "" means UTC
}

// StepReply is the result of a generating step. Records is never nil. It is empty for templates without columns.
type StepReply struct {
	Output  string
	Records []map[string]any
	// Replaced is true if the leak filter blocked the model's answer and Output is FallbackAnswer.
	Replaced bool
}

// ErrBadRecords is returned if the model's answer does not have the records that the template asks for.
var ErrBadRecords = fault.New(fault.LLMError, "The language model gave an answer that cannot be used. Try again.")

// RunStep runs one generating step. Errors are faults: not_found for an unknown template, validation_failed for
// variables that it does not accept or a bad time zone, ErrBadRecords, and those of the model.
func (o *Orchestrator) RunStep(ctx context.Context, _ identity.User, req StepRequest) (StepReply, error) {
	template, err := o.cfg.Templates.Get(req.PromptTemplate)
	if err != nil {
		return StepReply{}, fault.ErrNotFound
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
	guard := o.cfg.Filter(sent...)
	answer, err := o.cfg.Model.Generate(ctx, agent.ModelCall{Messages: o.stepMessages(template, req, zone)}, nil)
	if err != nil {
		return StepReply{}, ctxError(ctx, err)
	}
	return o.stepReply(ctx, guard, template, answer)
}

// stepReply parses and filters the model's answer.
func (o *Orchestrator) stepReply(ctx context.Context, guard Guard, t playbook.Template,
	answer agent.Answer) (StepReply, error) {
	records, err := parseRecords(t, answer.Text)
	if err != nil {
		return StepReply{}, ErrBadRecords.WithCause(err)
	}
	text, hit := guard.Text(answer.Text)
	if hit == "" { // the decoded records as well, since JSON escapes may hide a secret in the text
		var fields fieldTexts
		for _, r := range records {
			fields.add(r)
		}
		hit = fields.hit(guard)
	}
	reply := o.finalize(ctx, guard, hit, Reply{Text: text})
	if reply.Replaced {
		return StepReply{Output: reply.Text, Records: []map[string]any{}, Replaced: true}, nil
	}
	return StepReply{Output: text, Records: records}, nil
}

// stepMessages returns the system prompt with the template's, and the variables and records as the user's message.
func (o *Orchestrator) stepMessages(t playbook.Template, req StepRequest, zone *time.Location) []llms.MessageContent {
	system := stepSecret().Text + "\n\n" + sanitize.WithCanary(t.ID, t.Text).Text
	if len(t.Columns) > 0 {
		system += "\n\n" + strings.TrimSpace(recordsPrompt) + " " + strings.Join(t.Columns, ", ")
	}
	now := o.cfg.Now().In(zone)
	today := fmt.Sprintf("\n\nToday is %s (%s), time zone %s, %d in milliseconds.",
		now.Format("2006-01-02"), now.Weekday(), zone, now.UnixMilli())
	var data strings.Builder
	for _, name := range slices.Sorted(maps.Keys(req.Variables)) {
		fmt.Fprintf(&data, "%s: %v\n", name, req.Variables[name])
	}
	records, err := json.Marshal(req.Data)
	if err != nil || req.Data == nil {
		records = []byte("[]")
	}
	fmt.Fprintf(&data, "\nRecords:\n%s", records)
	return []llms.MessageContent{
		llms.TextParts(llms.ChatMessageTypeSystem, system, today), // package llm caches the first part
		llms.TextParts(llms.ChatMessageTypeHuman, data.String()),
	}
}

// parseRecords returns the array of records in an answer, which may be in a code fence. The records have exactly
// the template's columns, null where the model gave none, and there are at most agent.MaxActions. A template
// without columns has no records.
func parseRecords(t playbook.Template, answer string) ([]map[string]any, error) {
	if len(t.Columns) == 0 {
		return []map[string]any{}, nil
	}
	from, to := strings.IndexByte(answer, '['), strings.LastIndexByte(answer, ']')
	if from < 0 || to < from {
		return nil, fmt.Errorf("template %s: the answer holds no array", t.ID)
	}
	records := []map[string]any{}
	if err := json.Unmarshal([]byte(answer[from:to+1]), &records); err != nil {
		return nil, fmt.Errorf("template %s: the answer's array is not one of objects", t.ID)
	}
	records = slices.DeleteFunc(records, func(r map[string]any) bool { return r == nil })
	if len(records) > agent.MaxActions {
		records = records[:agent.MaxActions]
	}
	for _, r := range records {
		maps.DeleteFunc(r, func(name string, _ any) bool { return !slices.Contains(t.Columns, name) })
		for _, name := range t.Columns {
			if _, ok := r[name]; !ok {
				r[name] = nil
			}
		}
	}
	return records, nil
}
