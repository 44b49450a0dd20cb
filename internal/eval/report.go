package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// format is the version of the report's members. Reports of another one are refused.
const format = 1

// maxReport limits a report that is read, in bytes.
const maxReport = 64 << 20

// Report is a run as --json writes it.
type Report struct {
	Format   int       `json:"format"`
	Version  string    `json:"version"` // of the service
	Began    time.Time `json:"began"`
	Set      string    `json:"set"`
	Provider string    `json:"provider"`
	Model    string    `json:"model"`  // of the agents
	Router   string    `json:"router"` // the router's model
	Routing  bool      `json:"routing,omitempty"`
	Replayed bool      `json:"replayed,omitempty"`
	// Stopped says why not all scenarios were played.
	Stopped   string   `json:"stopped,omitempty"`
	Planned   int      `json:"planned"` // scenarios of the set
	Scenarios []Result `json:"scenarios"`
}

// Result is what came of one scenario.
type Result struct {
	ID          string   `json:"id"`          // of what was sent
	Expectation string   `json:"expectation"` // a hash of what was expected
	Category    string   `json:"category"`
	File        string   `json:"file"`
	Line        int      `json:"line"`
	Name        string   `json:"name"`
	Right       bool     `json:"right"`
	Result      bool     `json:"result"` // what the person gets is right, whatever the tools that were called
	Routed      bool     `json:"routed"` // the right agents answered each turn
	Gap         string   `json:"gap,omitempty"`
	Wrong       []string `json:"wrong,omitempty"`
	Turns       []Turn   `json:"turns"`
	void        bool     // not for the model's fault
}

// Turn is what came of one turn.
type Turn struct {
	Say          string   `json:"say"`
	Agents       []string `json:"agents,omitempty"`
	Calls        []Call   `json:"calls,omitempty"`
	Actions      []string `json:"actions,omitempty"`
	Proposals    []string `json:"proposals,omitempty"`
	Steps        []string `json:"steps,omitempty"`
	Text         string   `json:"text"`
	Replaced     bool     `json:"replaced,omitempty"` // the leak filter replaced the answer
	Error        string   `json:"error,omitempty"`
	InputTokens  int64    `json:"input_tokens"`
	OutputTokens int64    `json:"output_tokens"`
	Estimated    bool     `json:"estimated,omitempty"`
	ModelCalls   int      `json:"model_calls"`
	Millis       int64    `json:"millis"` // until the whole answer was there
}

// Call is the call of a tool.
type Call struct {
	Tool      string `json:"tool"`
	Arguments string `json:"arguments"`
	Result    string `json:"-"`
}

// noAnswer reports whether the model gave no answer to any turn.
func (r Result) noAnswer() bool { return !r.void && len(r.Turns) == 1 && r.Turns[0].Error != "" }

// Write writes the report to a file that only its owner can read.
func (r Report) Write(path string) error {
	r.Format = format
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o600)
}

// ReadReport reads a report that Write wrote.
func ReadReport(path string) (report Report, err error) {
	f, err := os.Open(path)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	text, err := io.ReadAll(io.LimitReader(f, maxReport+1))
	switch {
	case err != nil:
		return Report{}, fmt.Errorf("%s: %w", path, err)
	case len(text) > maxReport:
		return Report{}, fmt.Errorf("%s is larger than %d MiB", path, maxReport>>20)
	}
	if err := json.Unmarshal(text, &report); err != nil || report.Format != format {
		return Report{}, fmt.Errorf("%s is no report of `adiuva-api eval --json` of this version", path)
	}
	return report, nil
}

// Rate returns how many of the scenarios that were played are right.
func (r Report) Rate() (rate Rate) {
	for _, one := range r.Scenarios {
		rate = rate.with(one.Right)
	}
	return rate
}

// RoutingOf returns the reports with only their routing counted if one of them asked the router alone, and says so.
func RoutingOf(reports ...Report) (same []Report, routing bool) {
	if !slices.ContainsFunc(reports, func(r Report) bool { return r.Routing }) {
		return reports, false
	}
	for _, r := range reports {
		r.Routing, r.Scenarios = true, slices.Clone(r.Scenarios)
		for i, one := range r.Scenarios {
			r.Scenarios[i].Right, r.Scenarios[i].Wrong = one.Routed, one.routes()
		}
		same = append(same, r)
	}
	return same, true
}

// routes says who answered, if those are the wrong agents.
func (r Result) routes() (list []string) {
	for _, t := range r.Turns {
		if !r.Routed {
			list = append(list, fmt.Sprintf("answered by %v", t.Agents))
		}
	}
	return list
}
