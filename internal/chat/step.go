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

// StepRequest runs one generating step of a plan over the records of its source step.
type StepRequest struct {
	PromptTemplate string
	Variables      map[string]any
	Data           []map[string]any
	Timezone       string // IANA name; "" means UTC
}

// StepReply is what a generating step made. Records is never nil; it is empty for templates that make prose.
type StepReply struct {
	Output  string
	Records []map[string]any
	// Replaced is true when the leak filter put its own answer in place of the model's.
	Replaced bool
}

// ErrBadRecords is the answer when the model did not keep to the shape of a template's records.
var ErrBadRecords = fault.New(fault.LLMError, "The language model gave an answer that cannot be used. Try again.")

// RunStep carries out one generating step. Failures are faults: not_found for an unknown template, validation_failed for
// variables that it does not take, and the model's own.
func (o *Orchestrator) RunStep(ctx context.Context, _ identity.User, req StepRequest) (StepReply, error) {
	template, err := o.cfg.Templates.Get(req.PromptTemplate)
	if err != nil {
		return StepReply{}, fault.ErrNotFound
	}
	if err := template.CheckVariables(req.Variables); err != nil {
		return StepReply{}, fault.ErrValidation.WithDetails(fault.Detail{Pointer: "/variables", Message: err.Error()})
	}
	var callers []string
	callers = appendTexts(callers, req.Variables)
	for _, row := range req.Data {
		callers = appendTexts(callers, row)
	}
	zone, err := o.zones.load(req.Timezone)
	if err != nil {
		return StepReply{}, fault.ErrValidation.WithDetails(fault.Detail{Pointer: "/timezone", Message: "must be an IANA time zone name, like Europe/Berlin"})
	}
	guard := o.cfg.Filter(callers...)
	answer, err := o.cfg.Model.Generate(ctx, agent.ModelCall{Messages: o.stepMessages(template, req, zone)}, nil)
	if err != nil {
		return StepReply{}, ended(ctx, err)
	}
	return o.stepReply(ctx, guard, template, answer)
}

func (o *Orchestrator) stepReply(ctx context.Context, guard Guard, t playbook.Template, answer agent.Answer) (StepReply, error) {
	records, err := readRecords(t, answer.Text)
	if err != nil {
		return StepReply{}, ErrBadRecords.WithCause(err)
	}
	text, hit := guard.Text(answer.Text)
	if hit == "" { // escapes inside the JSON hide nothing once it is decoded
		var rows rows
		for _, r := range records {
			rows.add(r)
		}
		hit = rows.hit(guard)
	}
	checked := o.release(ctx, guard, hit, Reply{Text: text})
	if checked.Replaced {
		return StepReply{Output: checked.Text, Records: []map[string]any{}, Replaced: true}, nil
	}
	return StepReply{Output: text, Records: records}, nil
}

func (o *Orchestrator) stepMessages(t playbook.Template, req StepRequest, zone *time.Location) []llms.MessageContent {
	system := step().Text + "\n\n" + sanitize.WithCanary(t.ID, t.Text).Text
	if len(t.Columns) > 0 {
		system += "\n\n" + strings.TrimSpace(recordsPrompt) + " " + strings.Join(t.Columns, ", ")
	}
	now := o.cfg.Now().In(zone)
	system += fmt.Sprintf("\n\nToday is %s (%s), time zone %s, %d in milliseconds.",
		now.Format("2006-01-02"), now.Weekday(), zone, now.UnixMilli())
	data := &strings.Builder{}
	for _, name := range slices.Sorted(maps.Keys(req.Variables)) {
		fmt.Fprintf(data, "%s: %v\n", name, req.Variables[name])
	}
	records, err := json.Marshal(req.Data)
	if err != nil || req.Data == nil {
		records = []byte("[]")
	}
	fmt.Fprintf(data, "\nRecords:\n%s", records)
	return []llms.MessageContent{
		llms.TextParts(llms.ChatMessageTypeSystem, system), llms.TextParts(llms.ChatMessageTypeHuman, data.String())}
}

// readRecords reads the array of records in an answer, with or without a code fence around it; members the template does
// not name are left out. Templates without columns make prose and no records.
func readRecords(t playbook.Template, answer string) ([]map[string]any, error) {
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
