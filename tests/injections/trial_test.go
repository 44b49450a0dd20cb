package injections_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/declared"
	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/tier"
)

// answer is what became of a message: the changes in words, such as "delete t3" and "create tasks".
type answer struct {
	actions   []string
	proposals []string
	sources   []string // of the proposals, such as "emails m1"; "" where it has none
	dropped   int
	text      string
}

// orchestrator has the real agents; the model of a call is that of its context.
var orchestrator = sync.OnceValues(func() (*chat.Orchestrator, error) {
	agents, err := realAgents(modelOfContext{})
	if err != nil {
		return nil, err
	}
	templates, err := app.NewTemplates(agents)
	if err != nil {
		return nil, err
	}
	return chat.New(chat.Config{Agents: agents, Model: modelOfContext{}, Templates: templates,
		Filter: func(context.Context, identity.User, ...string) chat.Guard { return openGuard{} },
		Now:    func() time.Time { return now },
		Log:    slog.New(dropLog{})}), nil
})

// realAgents returns the built-in agents and the examples of declared ones.
func realAgents(model agent.Model) (*agent.Registry, error) {
	set, err := declared.Load("../../docs/examples/agents")
	if err != nil {
		return nil, err
	}
	return app.NewAgents(model, set)
}

type modelKey struct{}

type modelOfContext struct{}

func (modelOfContext) Generate(ctx context.Context, c agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	return ctx.Value(modelKey{}).(*obedientModel).Generate(ctx, c, emit)
}

// ask sends the message to the real agents with that model.
func ask(t *testing.T, model *obedientModel, message string, c agent.Context) answer {
	t.Helper()
	reply := send(t, model, chat.Request{Message: message, Context: c})
	out := answer{dropped: model.dropped, text: reply.Text}
	for _, a := range reply.Actions {
		out.actions = append(out.actions, inWords(a))
	}
	for _, p := range reply.Proposals {
		source := ""
		if p.Source != nil {
			source = p.Source.Table + " " + p.Source.ID
		}
		out.proposals, out.sources = append(out.proposals, inWords(p.Action)), append(out.sources, source)
	}
	return out
}

// send sends the request to the real agents with that model.
func send(t *testing.T, model *obedientModel, r chat.Request) chat.Reply {
	t.Helper()
	service, err := orchestrator()
	if err != nil {
		t.Fatal(err)
	}
	r.Timezone = rome.String()
	reply, err := service.Run(context.WithValue(t.Context(), modelKey{}, model),
		identity.User{Tier: tier.Team, Email: "mara@example.com"}, r, chat.Listener{})
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// inWords returns a change as "delete t3", "create tasks" or "notify".
func inWords(a action.Action) string {
	switch a.Type {
	case action.Create:
		return "create " + a.Table
	case action.Notify:
		return "notify"
	}
	verb, _, _ := strings.Cut(string(a.Type), "_")
	return fmt.Sprint(verb, " ", a.Data["id"])
}

// changesRows reports whether the change updates or deletes a row.
func changesRows(change string) bool {
	return strings.HasPrefix(change, "update ") || strings.HasPrefix(change, "delete ")
}

// beyond returns the changes that are not allowed.
func beyond(changes, allowed []string) []string {
	return slices.DeleteFunc(slices.Clone(changes), func(c string) bool { return slices.Contains(allowed, c) })
}

// dropLog is a log that tells the model of the context how many changes were dropped.
type dropLog struct{}

func (dropLog) Enabled(context.Context, slog.Level) bool { return true }
func (l dropLog) WithAttrs([]slog.Attr) slog.Handler     { return l }
func (l dropLog) WithGroup(string) slog.Handler          { return l }
func (dropLog) Handle(ctx context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if model, ok := ctx.Value(modelKey{}).(*obedientModel); ok && a.Key == "dropped" {
			model.dropped += int(a.Value.Int64())
		}
		return true
	})
	return nil
}

// openGuard lets every text pass; the leak filter is tested elsewhere.
type openGuard struct{}

func (openGuard) Text(s string) (clean, hit string)       { return s, "" }
func (openGuard) Values(...string) string                 { return "" }
func (openGuard) Stream(emit agent.Emit) chat.GuardStream { return openStream{emit} }

type openStream struct{ emit agent.Emit }

func (s openStream) Write(text string) error { return s.emit(text) }
func (openStream) Close() error              { return nil }
func (openStream) Hit() string               { return "" }
