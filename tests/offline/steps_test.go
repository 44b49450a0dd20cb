package offline_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/dev/offline"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/scenario"
	"github.com/adiuva/cloud-api/internal/tier"
)

// workspaceOf returns a scenario of the file, for its rows, and an assistant over the offline model at its time.
func workspaceOf(t testing.TB, category string) (scenario.Scenario, *chat.Orchestrator) {
	t.Helper()
	list, err := scenario.Read(os.DirFS("."))
	check(t, err)
	for _, s := range list {
		if s.Category != category {
			continue
		}
		s.Context.History = nil
		cfg, err := config.Load(func(string) string { return "" }, nil)
		check(t, err)
		assistants, err := app.NewAssistants(cfg)
		check(t, err)
		o, err := assistants.New(offline.New(offline.Config{}), nil, func() time.Time { return s.Now })
		check(t, err)
		return s, o
	}
	t.Fatalf("there is no file %s", category)
	return scenario.Scenario{}, nil
}

// rowsOf returns rows as a client sends them.
func rowsOf(t testing.TB, rows any) (list []map[string]any) {
	t.Helper()
	text, err := json.Marshal(rows)
	check(t, err)
	check(t, json.Unmarshal(text, &list))
	return list
}

// TestStepsOfPlaybooks runs the generating step of every playbook on real rows, in three languages.
func TestStepsOfPlaybooks(t *testing.T) {
	t.Parallel()
	for category, words := range map[string]map[string][]string{
		"forty": {"chairs": {"Order chairs"}, "offer": {"Write offer for Bianchi"}, "event": {"Standup"},
			"ask": {"Send me the offer by Monday", "Luigi Bianchi"}, "note": {"Movers to be booked by Friday"}},
		"de": {"chairs": {"Stühle bestellen"}, "offer": {"Angebot für Müller schreiben"}, "event": {"Teamrunde"},
			"ask": {"Angebot", "Lena Müller"}, "note": {"bis Freitag gebucht"}},
		"it": {"chairs": {"Ordinare le sedie"}, "offer": {"Scrivere il preventivo"}, "event": {"Riunione di squadra"},
			"ask": {"preventivo", "Luigi Bianchi"}, "note": {"prenotato entro venerdì"}},
	} {
		t.Run(category, func(t *testing.T) {
			t.Parallel()
			s, o := workspaceOf(t, category)
			c := s.Context
			for template, step := range map[string]struct {
				rows any
				want []string
			}{
				"tpl_weekly_report":       {c.Tasks, append(words["chairs"], words["offer"]...)},
				"tpl_standup":             {c.Tasks, append(words["chairs"], words["offer"]...)},
				"tpl_project_status":      {c.Tasks, words["chairs"]},
				"tpl_overdue_cleanup":     {c.Tasks, []string{`"id":"t1"`, `"dueDate"`}},
				"tpl_meeting_preparation": {c.Events, words["event"]},
				"tpl_calendar_conflicts":  {c.Events, []string{`"id":"e1"`, `"start"`}},
				"tpl_email_tasks":         {c.Emails, words["ask"]},
				"tpl_inbox_triage":        {c.Emails, []string{`"id":"m1"`, `"reply"`, `"bulk"`}},
				"tpl_note_tasks":          {c.Notes, words["note"]},
			} {
				reply, err := o.RunStep(t.Context(), identity.User{Tier: tier.Power},
					chat.StepRequest{PromptTemplate: template, Data: rowsOf(t, step.rows), Timezone: s.Timezone,
						Variables: map[string]any{}})
				check(t, err)
				t.Logf("%s: %s", template, reply.Output)
				for _, want := range step.want {
					if !strings.Contains(reply.Output, want) || reply.Dropped > 0 || reply.Replaced {
						t.Errorf("%s lacks %q (%d dropped): %s", template, want, reply.Dropped, reply.Output)
					}
				}
			}
		})
	}
}
