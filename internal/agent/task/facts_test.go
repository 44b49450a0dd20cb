package task_test

import (
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent/task"
)

func TestOverdueFacts(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 27, 9, 0, 0, 0, time.UTC)
	due := func(days int) float64 { return float64(now.AddDate(0, 0, days).UnixMilli()) }
	rows := []map[string]any{
		{"id": "1", "title": "A", "status": "todo", "dueDate": due(-9)},
		{"id": "2", "title": "B", "status": "done", "dueDate": due(-9)},
		{"id": "3", "title": "C", "status": "in_progress", "dueDate": due(1)},
		{"id": "4", "title": "D"},
		{"id": "5", "title": "E", "status": "in_progress", "dueDate": due(-1) - 1},
	}
	const want = `{"total":2,"overdue":[{"id":"1","overdue_days":9},{"id":"5","overdue_days":1}]}`
	if got, err := task.OverdueFacts()(t.Context(), rows, now); err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
