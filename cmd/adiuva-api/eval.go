package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/eval"
	"github.com/adiuva/cloud-api/internal/scenario"
	"github.com/adiuva/cloud-api/tests/scenarios"
)

// evalOptions are the flags of eval.
type evalOptions struct {
	set        string
	categories []string
	choice     app.ModelChoice
	judge      string
	json       string
	record     string
	replay     string
	anyPrompt  bool
	routing    bool
	threshold  float64
	timeout    time.Duration
	parallel   int
	compare    bool
	plot       string
}

const evalLong = `Plays scenarios through the service's own agents, tools and filter, without a server or a database,
and compares what comes with what each expects. Prints what went wrong, then a table by category with Wilson
intervals of 95 %, tokens and latency. The model is that of serve: the first provider of LLM_PROVIDERS_FILE, the
one of the OPENAI_ variables, or the offline model. --provider scripted plays what the scenarios expect, which
shows whether that can be met.

The scenarios are those of tests/scenarios, or of a file or folder in the same format. --record keeps the answers
of the model, with hashes in place of prompts; --replay answers from them, without a model.

--compare tells two runs apart by McNemar's exact test on the scenarios that both played. --plot draws runs as SVG.

Exit code 1 when fewer scenarios than --threshold are right or the run was stopped, 2 when a flag, the
configuration or a scenario is wrong. docs/eval.md has more.`

func evalCommand(env environment) *cobra.Command {
	var o evalOptions
	cmd := &cobra.Command{
		Use:   "eval [--compare A.json B.json | --plot OUT.svg A.json [B.json ...]]",
		Short: "Measure a model on scenarios, compare two runs, or draw several",
		Long:  evalLong,
		RunE:  func(cmd *cobra.Command, files []string) error { return runEval(cmd.Context(), env, o, files) },
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return app.ConfigError{Err: err} })
	f := cmd.Flags()
	f.StringVar(&o.set, "set", "", "file or folder of scenarios (default: those of tests/scenarios)")
	f.StringSliceVar(&o.categories, "category", nil, "only these categories, comma-separated")
	f.StringVar(&o.choice.Provider, "provider", "",
		"name of a configured provider, offline or scripted (default: the first, else offline)")
	f.StringVar(&o.choice.Model, "model", "", "model of the agents, in place of the provider's")
	f.StringVar(&o.choice.Router, "router-model", "", "model of the router, in place of the provider's")
	f.StringVar(&o.judge, "judge", "none", "who judges answers beside the rules of the scenarios: none")
	f.StringVar(&o.json, "json", "", "file for the report, for --compare and --plot")
	f.StringVar(&o.record, "record", "", "folder for the answers of the model")
	f.StringVar(&o.replay, "replay", "", "folder of recorded answers, in place of a model")
	f.BoolVar(&o.anyPrompt, "any-prompt", false, "replay answers to other prompts too: tests code, not prompts")
	f.BoolVar(&o.routing, "routing", false, "ask only the router, and count whether the right agents answer")
	f.Float64Var(&o.threshold, "threshold", 0, "exit code 1 when fewer percent are right (default 0: never)")
	f.DurationVar(&o.timeout, "timeout", eval.DefaultTimeout, "for one scenario")
	f.IntVar(&o.parallel, "parallel", 1, "scenarios at the same time, up to 32")
	f.BoolVar(&o.compare, "compare", false, "compare two reports")
	f.StringVar(&o.plot, "plot", "", "draw the rates of reports by category into this SVG file")
	return cmd
}

// usageError is a mistake in the flags, which ends with exit code 2.
func usageError(format string, args ...any) error {
	return app.ConfigError{Err: fmt.Errorf(format, args...)}
}

func (o evalOptions) check(files []string) error {
	switch {
	case o.compare && o.plot != "":
		return usageError("choose either --compare or --plot")
	case o.compare && len(files) != 2:
		return usageError("name two reports: adiuva-api eval --compare A.json B.json")
	case o.plot != "" && (len(files) == 0 || len(files) > eval.MaxPlotted):
		return usageError("name one to %d reports: adiuva-api eval --plot OUT.svg A.json B.json", eval.MaxPlotted)
	case !o.compare && o.plot == "" && len(files) > 0:
		return usageError("%q is no flag: name a set of scenarios with --set, and reports after --compare or --plot",
			files[0])
	case o.judge != "none":
		return usageError("there is no judge %q; there is none, with which the rules of the scenarios decide", o.judge)
	case o.record != "" && o.replay != "":
		return usageError("choose either --record or --replay")
	case o.replay != "" && o.choice != app.ModelChoice{}:
		return usageError("--replay asks no model: leave out --provider, --model and --router-model")
	case o.anyPrompt && o.replay == "":
		return usageError("--any-prompt is for --replay")
	case !(o.threshold >= 0 && o.threshold <= 100):
		return usageError("--threshold is a percentage from 0 to 100")
	case o.timeout <= 0:
		return usageError("--timeout is more than 0")
	case o.parallel < 1 || o.parallel > 32:
		return usageError("--parallel is from 1 to 32")
	}
	return nil
}

func runEval(ctx context.Context, env environment, o evalOptions, files []string) error {
	if err := o.check(files); err != nil {
		return err
	}
	switch {
	case o.compare:
		return compareRuns(env.out, files[0], files[1])
	case o.plot != "":
		return plotRuns(env.out, o.plot, files)
	}
	cfg, err := env.load()
	if err != nil {
		return err
	}
	assistants, err := app.NewAssistants(cfg)
	if err != nil {
		return err
	}
	list, err := o.scenarios(assistants.Agents)
	if err != nil {
		return err
	}
	if err := o.openReport(); err != nil {
		return err
	}
	model, err := o.openModel(env, cfg, assistants)
	if err != nil {
		return err
	}
	defer model.close()
	return o.play(ctx, env, list, assistants, model)
}

// scenarios returns the scenarios of the set and the categories.
func (o evalOptions) scenarios(agents *agent.Registry) ([]scenario.Scenario, error) {
	list, err := readSet(o.set)
	if err == nil {
		known := scenario.Known{Tools: agents.Arguments()}
		for _, a := range agents.All() {
			known.Agents = append(known.Agents, a.Name())
		}
		err = scenario.Validate(list, known)
	}
	if err != nil {
		return nil, usageError("the scenarios are wrong:\n%w", err)
	}
	var categories []string
	for _, s := range list {
		categories = append(categories, s.Category)
	}
	categories = slices.Compact(categories)
	for _, name := range o.categories {
		if !slices.Contains(categories, name) {
			return nil, usageError("there is no category %q; there are %s", name, strings.Join(categories, ", "))
		}
	}
	if len(o.categories) > 0 {
		list = slices.DeleteFunc(list, func(s scenario.Scenario) bool {
			return !slices.Contains(o.categories, s.Category)
		})
	}
	switch {
	case len(list) == 0:
		return nil, usageError("there are no scenarios in %s", o.set)
	case len(list) > eval.MaxScenarios:
		return nil, usageError("a run has at most %d scenarios, not %d", eval.MaxScenarios, len(list))
	}
	return list, nil
}

// readSet reads the scenarios of a file or a folder; "" is the built-in set. They may use its workspaces.
func readSet(path string) ([]scenario.Scenario, error) {
	if path == "" {
		return scenario.Read(scenarios.Files)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	folder, names := os.DirFS(filepath.Dir(path)), []string{filepath.Base(path)}
	if info.IsDir() {
		folder = os.DirFS(path)
		if names, err = fs.Glob(folder, "*.yaml"); err != nil {
			return nil, err
		}
	}
	return scenario.ReadFiles(folder, scenarios.Files, names...)
}

// evalModel is what answers the scenarios.
type evalModel struct {
	eval.Recorded
	open  eval.Open
	close func()
}

// scriptedProvider is the name of the model that plays what scenarios expect.
const scriptedProvider = "scripted"

// openModel returns the recording or the model that the flags name.
func (o evalOptions) openModel(env environment, cfg config.Config, assistants *app.Assistants) (*evalModel, error) {
	if o.replay != "" {
		folder := os.DirFS(o.replay)
		recorded, err := eval.ReadRecorded(folder)
		if err != nil {
			return nil, usageError("%s: %w", o.replay, err)
		}
		return &evalModel{Recorded: recorded, open: eval.Replay(folder, o.anyPrompt), close: func() {}}, nil
	}
	model, err := o.openLiveModel(env, cfg)
	if err != nil || o.record == "" {
		return model, err
	}
	model.Routing = o.routing
	if err := model.Write(o.record); err != nil {
		model.close()
		return nil, usageError("%w", err)
	}
	model.open = eval.Record(o.record, assistants.Filter, model.open)
	return model, nil
}

// openLiveModel returns a model of the configured providers, or one that needs none.
func (o evalOptions) openLiveModel(env environment, cfg config.Config) (*evalModel, error) {
	model, err := app.OpenModel(cfg, env.getenv, o.choice)
	if err == nil {
		limits := model.Limits(nil)
		return &evalModel{open: eval.Plain(model), close: model.Close, Recorded: eval.Recorded{
			Provider: model.Provider, Model: model.Name, Router: model.Router,
			ContextTokens: limits.ContextTokens, MaxOutputTokens: limits.MaxOutputTokens}}, nil
	}
	if o.choice.Provider == scriptedProvider {
		if o.choice.Model+o.choice.Router != "" {
			return nil, usageError("the scripted model has no other models: leave out --model and --router-model")
		}
		return &evalModel{open: eval.Scripted(), close: func() {}, Recorded: eval.Recorded{
			Provider: scriptedProvider, Model: scriptedProvider, Router: scriptedProvider}}, nil
	}
	return nil, err
}

// play plays the scenarios and prints what came of them.
func (o evalOptions) play(
	ctx context.Context, env environment, list []scenario.Scenario, assistants *app.Assistants, model *evalModel,
) error {
	if o.replay != "" && model.Routing != o.routing {
		return usageError("%s was recorded with --routing=%t", o.replay, model.Routing)
	}
	open := model.open
	if o.routing {
		open = eval.RoutingOnly(open)
	}
	limits := func(*agent.ModelRequest) agent.Limits {
		return agent.Limits{ContextTokens: model.ContextTokens, MaxOutputTokens: model.MaxOutputTokens}
	}
	progress := &progressLine{out: env.err, all: len(list), now: time.Now, began: time.Now()}
	report := eval.Report{Version: version, Began: time.Now().UTC(), Set: o.set, Provider: model.Provider,
		Model: model.Model, Router: model.Router, Routing: o.routing, Replayed: o.replay != "", Planned: len(list)}
	results, err := eval.Run(ctx, eval.Config{
		Scenarios: list, Agents: assistants.Agents, Open: open, Filter: assistants.Filter,
		Routing: o.routing, Parallel: o.parallel,
		Timeout: o.timeout, Progress: progress.show,
		Assistant: func(model agent.Model, now func() time.Time) (*chat.Orchestrator, error) {
			return assistants.New(model, limits, now)
		},
	})
	report.Scenarios = results
	if err != nil {
		if report.Stopped = err.Error(); errors.Is(err, context.Canceled) {
			report.Stopped = "interrupted"
		}
	}
	return o.conclude(env.out, report)
}

// openReport makes the file for the report, so that a run does not find out at its end that it cannot be written.
func (o evalOptions) openReport() error {
	if o.json == "" {
		return nil
	}
	f, err := os.OpenFile(o.json, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return usageError("the report cannot be written: %w", err)
	}
	return f.Close()
}

// conclude prints and writes the report and says whether it is good enough.
func (o evalOptions) conclude(out io.Writer, report eval.Report) error {
	if err := report.Print(out); err != nil {
		return err
	}
	if o.json != "" {
		if err := report.Write(o.json); err != nil {
			return err
		}
	}
	share := 100 * report.Rate().Share()
	switch {
	case report.Stopped != "":
		return errors.New("the run was stopped before its end")
	case share < o.threshold:
		return fmt.Errorf("%.1f %% of the scenarios are right, less than the threshold of %g %%", share, o.threshold)
	}
	return nil
}

// progressLine says every few seconds how far a run is.
type progressLine struct {
	out         io.Writer
	all         int
	now         func() time.Time
	began, last time.Time
}

// progressEvery is how often progress is shown.
const progressEvery = 2 * time.Second

func (p *progressLine) show(done, right int) {
	now := p.now()
	if now.Sub(p.last) < progressEvery && done < p.all {
		return
	}
	p.last = now
	fmt.Fprintf(p.out, "%d of %d scenarios, %d right, %s\n", done, p.all, right, now.Sub(p.began).Round(time.Second))
}
