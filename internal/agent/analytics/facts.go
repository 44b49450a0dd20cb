package analytics

import (
	"context"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/playbook"
)

// MetricFacts returns the facts of templates that report on tasks: the metrics of calculate_metrics.
func MetricFacts() playbook.Facts {
	return agent.RowFacts("tasks", func(ctx context.Context, run *agent.Run) (string, error) {
		return calculateMetrics(ctx, run, metricsInput{})
	})
}
