//go:build unix

package bench_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	benchBatch   = 300 // requests of a gateway in its turn
	benchClients = 16  // of them at a time
)

// BenchmarkChat measures the CPU time of POST /chat, which calls the model twice, beside two calls of each reference
// gateway. All are started at once and take turns. whole: the model answers with 1.3 KB of JSON at once; streamed: it
// answers agents with the same text as 190 events, as it does when asked to.
func BenchmarkChat(b *testing.B) {
	if served(b) {
		return
	}
	up := startModel(b)
	references := []string{"langchaingo", "echofull", "proxy"}
	rivals := map[string]*chatRival{}
	for _, kind := range references {
		rivals[kind] = &chatRival{gateway: startGateway(b, kind, up.whole()), path: "/v1/chat/completions", body: referenceQuestion, calls: 2}
	}
	for _, how := range []struct{ name, upstream string }{{"whole", up.whole()}, {"streamed", up.URL}} {
		for _, kind := range []string{"ours", "unfiltered"} {
			rivals[kind] = &chatRival{gateway: startGateway(b, kind, how.upstream), path: "/api/v1/chat", body: benchQuestion, calls: 1}
		}
		b.Run(how.name, func(b *testing.B) { compareChat(b, rivals, references) })
	}
}

// chatRival is a gateway and what to ask it.
type chatRival struct {
	*gateway
	path, body string
	calls      int // that make one answer
	spent      time.Duration
}

func compareChat(b *testing.B, rivals map[string]*chatRival, references []string) {
	client := &http.Client{Transport: referenceTransport()}
	for _, r := range rivals {
		r.batch(b, client) // warm
		r.spent = 0
	}
	for b.Loop() {
		for _, kind := range append([]string{"ours", "unfiltered"}, references...) {
			rivals[kind].batch(b, client)
		}
	}
	each := func(kind string) float64 { return float64(rivals[kind].spent.Microseconds()) / float64(b.N*benchBatch) }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(each("ours"), "ours-µs/req")
	for _, kind := range references {
		b.ReportMetric(each(kind), "2-"+kind+"-µs")
		b.ReportMetric(each("ours")/each(kind), "x-2-"+kind)
	}
	b.ReportMetric(100*(each("ours")-each("unfiltered"))/each("ours"), "filter-%")
}

// batch asks benchBatch times and adds the CPU time that took.
func (r *chatRival) batch(b *testing.B, client *http.Client) {
	b.Helper()
	before := r.usage(b, false).CPU
	var clients sync.WaitGroup
	for i := range benchClients {
		clients.Go(func() {
			for n := i; n < benchBatch*r.calls; n += benchClients {
				if err := r.ask(client, r.Tokens[n%len(r.Tokens)]); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	clients.Wait()
	r.spent += r.usage(b, false).CPU - before
}

func (r *chatRival) ask(client *http.Client, token string) error {
	req, err := http.NewRequest(http.MethodPost, r.URL+r.path, strings.NewReader(r.body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || !bytes.Contains(body, []byte("comfortable margin"))) {
		err = fmt.Errorf("%d %s", resp.StatusCode, body)
	}
	return err
}

const (
	referenceQuestion = `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello, how are you today? Tell me what is open."}]}`
	benchQuestion     = `{"message":"What is open this week, and what of it is late?","context":{"timezone":"Europe/Rome","recent_tasks":[` +
		`{"id":"t1","title":"Call the printer about the brochure","status":"todo","priority":"high","due_date":1795420800000},` +
		`{"id":"t2","title":"Send the offer","status":"in_progress"},{"id":"t3","title":"Book a room","status":"done"}]}}`
	benchAnswer = "This week looks lighter than the last one. The printer has the proofs and expects a call before noon on " +
		"Tuesday, since the paper you like is only kept in small amounts. Anna wrote that the offer can go out once the " +
		"second page names the new price; she also asked whether the workshop in Verona stays on the plan or moves into " +
		"spring. Three rows have no date yet, and one of them, the room for the team lunch, will soon be hard to get. " +
		"Nothing with a fixed date is late. The report for the bank was sent on Friday with a comfortable margin, the " +
		"tax papers are in the shared folder, and the old laptop went back to its owner. If you want to use the quiet " +
		"morning well, begin with the brochure, then answer Anna, and leave the sorting of receipts for the train " +
		"journey, where the network is poor anyway and no one will ring you."
)

// benchModel answers chat completions: routers with the task agent, others with benchAnswer. What it says is ready made.
type benchModel struct {
	*httptest.Server
	router, answer []byte // 1.3 KB each
	events         []byte
	first          int // length of the events that leave first
	paced          pacer
}

// startModel serves at URL what streams when asked to, and at whole what never does.
func startModel(b *testing.B) *benchModel {
	m := &benchModel{router: wholeCompletion("task_agent"), answer: wholeCompletion(benchAnswer)}
	for i, token := range benchTokens() {
		m.events = append(m.events, event(token)...)
		if i == 20 {
			m.first = len(m.events)
		}
	}
	m.events = append(m.events, lastEvents...)
	mux := http.NewServeMux()
	mux.HandleFunc("/whole/v1/chat/completions", func(w http.ResponseWriter, r *http.Request) { m.serve(w, r, m.json) })
	mux.HandleFunc("/v1/chat/completions", func(w http.ResponseWriter, r *http.Request) { m.serve(w, r, m.burst) })
	mux.HandleFunc("/paced/v1/chat/completions", func(w http.ResponseWriter, r *http.Request) { m.serve(w, r, m.paced.stream) })
	m.Server = httptest.NewServer(mux)
	b.Cleanup(m.Close)
	return m
}

func (m *benchModel) whole() string { return m.URL + "/whole" }

// serve answers requests that want no stream, as routers do not, and leaves the others to streamed.
func (m *benchModel) serve(w http.ResponseWriter, r *http.Request, streamed http.HandlerFunc) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	switch {
	case bytes.Contains(body, []byte(`"stream":true`)):
		streamed(w, r)
	case bytes.Contains(body, []byte(`"gpt-4o-nano"`)):
		send(w, "application/json", m.router)
	default:
		m.json(w, r)
	}
}

func (m *benchModel) json(w http.ResponseWriter, _ *http.Request) {
	send(w, "application/json", m.answer)
}

// burst streams everything at once.
func (m *benchModel) burst(w http.ResponseWriter, _ *http.Request) {
	send(w, "text/event-stream", m.events[:m.first])
	w.(http.Flusher).Flush()
	_, _ = w.Write(m.events[m.first:])
}

// send answers; a client that left is noticed by whoever counts its answers.
func send(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(body)
}

// wholeCompletion is a completion of the usual size, whatever it says.
func wholeCompletion(text string) []byte {
	said, _ := json.Marshal(text) // a string
	return fmt.Appendf(nil, `{"id":"chatcmpl-abc123","object":"chat.completion","created":1699896916,"model":"gpt-4o-mini",`+
		`"choices":[{"index":0,"message":{"role":"assistant","content":%s},"logprobs":null,"finish_reason":"stop"}],`+
		`"usage":{"prompt_tokens":13,"completion_tokens":200,"total_tokens":213},"system_fingerprint":"fp_44709d6fcb%s"}`,
		said, strings.Repeat("0", len(benchAnswer)-len(text)))
}

// benchTokens is benchAnswer as a model cuts it.
func benchTokens() []string {
	var list []string
	for word := range strings.SplitAfterSeq(benchAnswer, " ") {
		if half := len(word) / 2; len(word) > 8 {
			list = append(list, word[:half])
			word = word[half:]
		}
		list = append(list, word)
	}
	return list
}

// event is one token of a stream.
func event(token string) string {
	return `data: {"id":"chatcmpl-abc123","object":"chat.completion.chunk","created":1699896916,"model":"gpt-4o-mini",` +
		`"choices":[{"index":0,"delta":{"content":"` + token + `"},"finish_reason":null}]}` + "\n\n"
}

const lastEvents = `data: {"id":"chatcmpl-abc123","object":"chat.completion.chunk","created":1699896916,"model":"gpt-4o-mini",` +
	`"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"
