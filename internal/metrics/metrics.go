// Package metrics counts what the service does, for Prometheus. It is the one importer of Prometheus's client. Other
// packages say in an interface of their own what they report, with plain words and numbers; labels come from closed
// sets (operations, tiers, views of the leak filter, names that the operator chose) and never hold an id, an address or
// a word of a user. docs/operators.md lists the metrics.
package metrics

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the metrics of one process. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry

	requests   *prometheus.HistogramVec
	active     prometheus.Gauge
	streams    *prometheus.GaugeVec
	rateLimits *prometheus.CounterVec
	budget     *prometheus.CounterVec

	modelCalls  *prometheus.HistogramVec
	firstChunks *prometheus.HistogramVec
	tokens      *prometheus.CounterVec
	tools       *prometheus.HistogramVec
	agents      *prometheus.HistogramVec
	leaks       *prometheus.CounterVec
	exhausted   prometheus.Counter

	backupBytes *prometheus.CounterVec
	drift       prometheus.Gauge
}

// Bounds of histograms in seconds: of answers without a model, and of those with one.
var (
	fast = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120}
	slow = []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 20, 30, 60, 120}
)

// New returns the metrics of a process of that version. It has those of the Go runtime and of the process too.
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.requests = histogram("http_server_request_duration_seconds",
		"Time to answer a request; on the chat stream, a question.", fast, "operation", "code")
	m.active = prometheus.NewGauge(prometheus.GaugeOpts{Name: "http_server_active_requests",
		Help: "Requests that are being answered, open sockets included."})
	m.streams = gauge("adiuva_streams",
		"Open chat streams: sockets (idle or answering) and answers over HTTP (events).", "state")
	m.rateLimits = counter("adiuva_rate_limit_decisions_total",
		"Requests counted against a limit.", "bucket", "decision")
	m.budget = counter("adiuva_budget_decisions_total",
		"Model calls that needed tokens of an account's day.", "decision")
	m.modelCalls = histogram("gen_ai_client_operation_duration_seconds",
		"Time of a call of a model, to its end.", slow, "provider", "model", "outcome")
	m.firstChunks = histogram("gen_ai_client_operation_time_to_first_chunk_seconds",
		"Time to the first text of a streamed call of a model.", slow, "provider", "model")
	m.tokens = counter("gen_ai_client_token_usage_tokens_total",
		"Tokens of calls of models, as the provider counts them.", "provider", "model", "type")
	m.tools = histogram("gen_ai_execute_tool_duration_seconds", "Time of a call of a tool.", fast, "tool", "outcome")
	m.agents = histogram("gen_ai_invoke_agent_duration_seconds",
		"Time of an agent's work on an answer, its calls of models and tools included.", slow, "agent", "outcome")
	m.leaks = counter("adiuva_leak_filter_hits_total", "Answers that the leak filter replaced.", "view", "kind")
	m.exhausted = prometheus.NewCounter(prometheus.CounterOpts{Name: "adiuva_leak_filter_exhausted_total",
		Help: "Answers that were replaced because checking them took too many steps."})
	m.backupBytes = counter("adiuva_backup_bytes_total", "Bytes of backups.", "direction", "outcome")
	m.drift = prometheus.NewGauge(prometheus.GaugeOpts{Name: "adiuva_quota_drift_bytes",
		Help: "Bytes by which quota counters were wrong when they were last compared with the rows."})
	m.registry.MustRegister(collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), buildInfo(version),
		m.requests, m.active, m.streams, m.rateLimits, m.budget, m.modelCalls, m.firstChunks, m.tokens,
		m.tools, m.agents, m.leaks, m.exhausted, m.backupBytes, m.drift)
	return m
}

// Handler serves the metrics in the formats that Prometheus reads.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

func buildInfo(version string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "adiuva_build_info", Help: "Always 1.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()}},
		func() float64 { return 1 })
}

// nativeFactor is the growth of the buckets of native histograms: a value is known to 10 %.
const nativeFactor = 1.1

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: buckets, NativeHistogramBucketFactor: nativeFactor,
		NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
	}, labels)
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
}
