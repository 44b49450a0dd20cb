package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Pool is what the pool of database connections reports at one time.
type Pool struct {
	Acquired, Idle, Total, Max int32
	// Acquires counts connections that were taken, Waits those for which a request had to wait, and Waited how long all
	// of these took.
	Acquires, Waits int64
	Waited          time.Duration
}

// WatchPool adds the metrics of a pool of database connections, which read asks.
func (m *Metrics) WatchPool(read func() Pool) {
	for _, g := range []struct {
		name, help string
		value      func(Pool) float64
	}{
		{"pgxpool_acquired_conns", "Connections in use.", func(p Pool) float64 { return float64(p.Acquired) }},
		{"pgxpool_idle_conns", "Connections that nobody uses.", func(p Pool) float64 { return float64(p.Idle) }},
		{"pgxpool_total_conns", "Open connections.", func(p Pool) float64 { return float64(p.Total) }},
		{"pgxpool_max_conns", "The most connections that may be open.", func(p Pool) float64 { return float64(p.Max) }},
	} {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: g.name, Help: g.help},
			func() float64 { return g.value(read()) }))
	}
	for _, c := range []struct {
		name, help string
		value      func(Pool) float64
	}{
		{"pgxpool_acquires_total", "Connections that were taken from the pool.",
			func(p Pool) float64 { return float64(p.Acquires) }},
		{"pgxpool_empty_acquires_total", "Connections for which a request had to wait.",
			func(p Pool) float64 { return float64(p.Waits) }},
		{"pgxpool_acquire_duration_seconds_total", "Time to take all these connections.",
			func(p Pool) float64 { return p.Waited.Seconds() }},
	} {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: c.name, Help: c.help},
			func() float64 { return c.value(read()) }))
	}
}

// queueTimeout bounds the question to the database that a scrape makes.
const queueTimeout = 2 * time.Second

// WatchQueues adds adiuva_queue_oldest_seconds: for how long the oldest job of each queue has waited, as read says.
// While read fails, which is most likely an unreachable database, the metric is absent.
func (m *Metrics) WatchQueues(read func(ctx context.Context) (map[string]time.Duration, error)) {
	m.registry.MustRegister(queues{read: read, oldest: prometheus.NewDesc("adiuva_queue_oldest_seconds",
		"How long the oldest job of a queue has waited, tries that failed included; 0 if there is none.",
		[]string{"queue"}, nil)})
}

// queues asks at each scrape.
type queues struct {
	read   func(ctx context.Context) (map[string]time.Duration, error)
	oldest *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (q queues) Describe(to chan<- *prometheus.Desc) { to <- q.oldest }

// Collect implements prometheus.Collector.
func (q queues) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), queueTimeout)
	defer cancel()
	ages, err := q.read(ctx)
	if err != nil {
		return
	}
	for name, age := range ages {
		to <- prometheus.MustNewConstMetric(q.oldest, prometheus.GaugeValue, age.Seconds(), name)
	}
}
