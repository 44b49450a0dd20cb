package playbook_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/tier"
)

func TestPlaybooksOfEachTier(t *testing.T) {
	t.Parallel()
	list, err := playbook.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	set, err := playbook.NewTemplates(list...)
	if err != nil {
		t.Fatal(err)
	}
	lib, err := playbook.Playbooks(set)
	if err != nil {
		t.Fatal(err)
	}
	ids := func(of tier.Tier) (ids []string) {
		for _, p := range lib.For(of) {
			ids = append(ids, p.ID)
		}
		return ids
	}
	if diff := cmp.Diff([]string{"task_from_email", "tasks_from_notes", "daily_standup", "triage_inbox",
		"resolve_calendar_conflicts", "overdue_cleanup"}, ids(tier.Free)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"task_from_email", "tasks_from_notes", "daily_standup", "triage_inbox",
		"resolve_calendar_conflicts", "meeting_preparation", "overdue_cleanup", "weekly_report",
		"project_status_note"}, ids(tier.Pro)); diff != "" {
		t.Error(diff)
	}
	if _, err := playbook.Playbooks(nil); err == nil {
		t.Error("built playbooks without templates")
	}
}
