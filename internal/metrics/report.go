package metrics

import (
	"strconv"
	"time"
)

// Request counts an answered request, or a question of the chat stream.
func (m *Metrics) Request(operation string, status int, took time.Duration) {
	m.requests.WithLabelValues(operation, strconv.Itoa(status)).Observe(took.Seconds())
}

// Active adds to the requests that are being answered.
func (m *Metrics) Active(change int) { m.active.Add(float64(change)) }

// Streams adds to the open streams of a state.
func (m *Metrics) Streams(state string, change int) {
	m.streams.WithLabelValues(state).Add(float64(change))
}

// RateLimited counts a decision of the rate limiter about a policy.
func (m *Metrics) RateLimited(policy string, refused bool) {
	m.rateLimits.WithLabelValues(policy, decision(refused)).Inc()
}

// Budgeted counts a decision about the tokens of an account.
func (m *Metrics) Budgeted(refused bool) { m.budget.WithLabelValues(decision(refused)).Inc() }

func decision(refused bool) string {
	if refused {
		return "refused"
	}
	return "allowed"
}

// Tool counts a call of a tool. It failed if the model was told an error.
func (m *Metrics) Tool(name string, failed bool, took time.Duration) {
	m.tools.WithLabelValues(name, outcome(failed)).Observe(took.Seconds())
}

// Agent counts an agent's work on an answer.
func (m *Metrics) Agent(name string, failed bool, took time.Duration) {
	m.agents.WithLabelValues(name, outcome(failed)).Observe(took.Seconds())
}

func outcome(failed bool) string {
	if failed {
		return "error"
	}
	return "ok"
}

// Leak counts an answer that the leak filter replaced because of a view of a kind.
func (m *Metrics) Leak(view, kind string) { m.leaks.WithLabelValues(view, kind).Inc() }

// LeakFilterExhausted counts an answer that the leak filter replaced because it was too expensive to check.
func (m *Metrics) LeakFilterExhausted() { m.exhausted.Inc() }

// Directions of backups.
const (
	Upload   = "upload"
	Download = "download"
)

// Backup counts the bytes of a backup that went in a direction.
func (m *Metrics) Backup(direction string, failed bool, bytes int64) {
	m.backupBytes.WithLabelValues(direction, outcome(failed)).Add(float64(bytes))
}

// QuotaDrift notes by how many bytes quota counters were wrong.
func (m *Metrics) QuotaDrift(bytes int64) { m.drift.Set(float64(bytes)) }
