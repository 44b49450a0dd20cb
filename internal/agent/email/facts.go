package email

import (
	"context"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/playbook"
)

// ItemFacts returns the facts of templates that make tasks of e-mails: what the e-mails ask for, with the days that
// they name as deadlines.
func ItemFacts() playbook.Facts { return agent.RowFacts("emails", itemFacts) }

// itemFact is an action item in the facts of a plan step.
type itemFact struct {
	Action  string `json:"action"`
	EmailID string `json:"email_id,omitempty"`
	DueDate string `json:"due_date,omitempty"`
}

func itemFacts(ctx context.Context, run *agent.Run) (string, error) {
	emails, err := emailsInput{}.emails(ctx, run)
	if err != nil {
		return "", err
	}
	found, err := findAllItems(ctx, run, emails)
	if err != nil {
		return "", err
	}
	items := make([]itemFact, 0, len(found.Items))
	for _, i := range found.Items {
		items = append(items, itemFact{i.Action, i.EmailID, i.DueDate})
	}
	return agent.JSON(struct {
		Total int        `json:"total"`
		Items []itemFact `json:"action_items"`
	}{found.Total, items})
}
