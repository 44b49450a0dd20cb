package task

import (
	"context"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/playbook"
)

// OverdueFacts returns the facts of templates that change overdue tasks: which tasks are overdue, and by how many days.
func OverdueFacts() playbook.Facts { return agent.RowFacts("tasks", overdueFacts) }

type overdueTask struct {
	ID   string `json:"id"`
	Days int    `json:"overdue_days"`
}

func overdueFacts(ctx context.Context, run *agent.Run) (string, error) {
	c := run.Context
	total, list := 0, []overdueTask{}
	for _, t := range c.Tasks {
		if err := run.Work(ctx, 1); err != nil {
			return "", err
		}
		if !c.Overdue(t) {
			continue
		}
		if total++; len(list) < pageSize {
			days := int(c.Now.Sub(c.Due(t.DueDate)).Hours() / 24)
			list = append(list, overdueTask{ID: agent.Truncate(t.ID, maxTitle), Days: days})
		}
	}
	return agent.JSON(struct {
		Total int           `json:"total"`
		Tasks []overdueTask `json:"overdue"`
	}{total, list})
}
