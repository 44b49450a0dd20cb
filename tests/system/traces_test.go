package system_test

import (
	"bytes"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// traceReceiver is an OpenTelemetry collector that keeps what it gets. It is safe for concurrent use.
type traceReceiver struct {
	*httptest.Server
	mu    sync.Mutex
	raw   []byte
	names map[string][]string // of spans, by trace
}

func newTraceReceiver(t *testing.T) *traceReceiver {
	t.Helper()
	r := &traceReceiver{names: map[string][]string{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		var batch collector.ExportTraceServiceRequest
		if err != nil || req.URL.Path != "/v1/traces" || proto.Unmarshal(body, &batch) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.raw = append(r.raw, body...)
		for _, resource := range batch.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				for _, s := range scope.Spans {
					r.names[string(s.TraceId)] = append(r.names[string(s.TraceId)], s.Name)
				}
			}
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// until waits for a trace that has spans of all these names, and returns the names of its spans.
func (r *traceReceiver) until(t *testing.T, names ...string) []string {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		r.mu.Lock()
		for _, got := range r.names {
			if !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(got, name) }) {
				r.mu.Unlock()
				return got
			}
		}
		r.mu.Unlock()
	}
	t.Fatalf("no trace has %q; there are %q", names, r.names)
	return nil
}

// TestTracesHaveSpansAndNoText collects the traces of an account, a chat over two transports, a backup and a checkout.
// It sets variables of the process, and so is not parallel.
func TestTracesHaveSpansAndNoText(t *testing.T) {
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
	const marker = "plantedmarker"
	receiver := newTraceReceiver(t)
	m := llmtest.NewModel(llmtest.CallTurn(llmtest.Call("1", "list_tasks", `{}`)),
		llmtest.TextTurn("About "+marker, " I found nothing."), llmtest.TextTurn("Hello "+marker))
	db := pgtest.New(t)
	cfg := apitest.Config(t)
	cfg.DatabaseURL = config.NewSecret(db.Pool.Config().ConnString())
	cfg.TracesEndpoint = receiver.URL
	a := &api{apitest.StartReplica(t, apitest.Replica{Config: cfg}, m)}
	me := a.createUser(marker+"@example.com", tier.Pro)
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	traced := me.With("Traceparent", "00-"+trace+"-00f067aa0ba902b7-01").With("Tracestate", "vendor="+marker)
	a.Do("POST", "/api/v1/chat", `{"message":"`+marker+`","context":{"recent_tasks":[{"id":"t1","title":"`+marker+
		`","created_at":1,"updated_at":1}]}}`, traced)
	spans := receiver.until(t, "chat", "invoke_agent task_agent", "execute_tool list_tasks", "chat test")
	if !slices.ContainsFunc(spans, func(name string) bool { return strings.HasPrefix(name, "sql ") }) {
		t.Errorf("no span of the database: %q", spans)
	}
	s := a.DialEvents(me)
	s.Ask(marker)
	s.Answer()
	check(t, s.Conn.Close())
	receiver.until(t, "streamChat", "question", "invoke_agent task_agent")
	blob := []byte(marker)
	a.Send("PUT", "/api/v1/backup", bytes.NewReader(blob), merge(me, uploadHeaders(blob)))
	receiver.until(t, "putBackup", "store put")
	a.Do("POST", "/api/v1/billing/checkout", `{"tier":"power"}`, me)
	receiver.until(t, "createCheckout", "stripe POST")
	receiver.mu.Lock()
	defer receiver.mu.Unlock()
	if bytes.Contains(receiver.raw, []byte(marker)) {
		t.Error("a trace has what a person wrote")
	}
	for _, token := range []string{me["Authorization"][len("Bearer "):], "correct horse", "sk_test"} {
		if bytes.Contains(receiver.raw, []byte(token)) {
			t.Errorf("a trace has %.12s…", token)
		}
	}
	id, err := hex.DecodeString(trace)
	check(t, err)
	if got := receiver.names[string(id)]; len(got) < 4 {
		t.Errorf("the trace of the header has %q", got)
	}
	if !strings.Contains(a.Logs.String(), `"trace_id":"`+trace+`"`) {
		t.Error("no line of the log names the trace")
	}
}
