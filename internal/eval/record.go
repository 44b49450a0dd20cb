package eval

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/scenario"
)

// Record returns the sessions of open. Each writes, at its end, the answers of the model to a file in dir, which is
// replaced. What the filter finds a prompt in is not written.
func Record(dir string, filter chat.Filter, open Open) Open {
	return func(s scenario.Scenario) (Session, error) {
		if !filepath.IsLocal(fileOf(s.ID())) {
			return nil, fmt.Errorf("%s: the category is no name of a folder", s.File)
		}
		session, err := open(s)
		return &recorder{Session: session, dir: dir, filter: filter, scenario: s,
			file: recording{Scenario: s.ID(), Turns: make([][]answer, len(s.Turns))}}, err
	}
}

type recorder struct {
	Session
	dir      string
	filter   chat.Filter
	scenario scenario.Scenario
	turn     int
	file     recording
}

// Begin implements Session.
func (r *recorder) Begin(turn int) {
	r.turn = turn
	r.Session.Begin(turn)
}

// Generate implements agent.Model.
func (r *recorder) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	got, err := r.Session.Generate(ctx, call, emit)
	kept := answer{Truncated: got.Truncated, InputTokens: got.Usage.InputTokens, OutputTokens: got.Usage.OutputTokens}
	kept.Prompt, kept.Request = hashes(call)
	if err != nil {
		kept = answer{Prompt: kept.Prompt, Request: kept.Request, Error: string(fault.From(err).Code)}
	} else {
		r.keep(ctx, &kept, call.Small, got)
	}
	r.file.Turns[r.turn] = append(r.file.Turns[r.turn], kept)
	return got, err
}

// maxRouted is how much of a router's answer counts, in bytes, as in package chat.
const maxRouted = 2_000

// word matches a word of a router's answer.
var word = regexp.MustCompile(`[\pL\pN_]+`)

// masked returns the names of agents in a router's answer, with an x for all other words between two of them, and
// without what follows a further message. The orchestrator reads the same agents from it.
func masked(text string) string {
	text = strings.ToLower(text[:min(len(text), maxRouted)])
	text, _, _ = strings.Cut(text, "message: ")
	var list []string
	for _, w := range word.FindAllString(text, -1) {
		if !strings.HasSuffix(strings.TrimRight(w, "_"), "_agent") {
			w = "x"
		}
		if len(list) == 0 || w != "x" || list[len(list)-1] != "x" {
			list = append(list, w)
		}
	}
	return strings.Join(list, " ")
}

// keep sets what of the answer may be written.
func (r *recorder) keep(ctx context.Context, kept *answer, small bool, got agent.Answer) {
	guard := r.filter(ctx, userOf(r.scenario), sentIn(r.scenario)...)
	values := []string{got.Text}
	var calls []toolCall
	for _, c := range got.ToolCalls {
		if c.FunctionCall != nil {
			calls = append(calls, toolCall{ID: c.ID, Tool: c.FunctionCall.Name, Arguments: c.FunctionCall.Arguments})
			values = append(values, c.FunctionCall.Name, c.FunctionCall.Arguments)
		}
	}
	switch {
	case guard.Values(values...) == "":
		kept.Text, kept.Calls = got.Text, calls
	case small && guard.Values(masked(got.Text)) == "":
		kept.Text = masked(got.Text)
	default:
		kept.Withheld = true
	}
}

// End implements Session: it writes the recording.
func (r *recorder) End() error {
	if err := r.Session.End(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(r.file, "", " ")
	if err != nil {
		return err
	}
	path := filepath.Join(r.dir, filepath.FromSlash(fileOf(r.file.Scenario)))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("the recording cannot be written: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("the recording cannot be written: %w", err)
	}
	return nil
}
