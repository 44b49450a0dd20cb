//go:build unix

package bench_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	requestsPerTurn = 300 // of each gateway
	clientCount     = 16  // concurrent clients
)

// BenchmarkChat measures the CPU time of POST /chat, which calls the model twice, beside two calls of each reference
// gateway. All run at the same time and take turns. whole: the model answers with 1.3 KB of JSON; streamed: it
// answers agents with the same text as 190 events.
func BenchmarkChat(b *testing.B) {
	if serveAsGateway(b) {
		return
	}
	up := startModel(b)
	references := []string{"langchaingo", "echofull", "proxy"}
	targets := map[string]*chatTarget{}
	for _, kind := range references {
		targets[kind] = &chatTarget{gateway: startGateway(b, kind, up.whole()), path: "/v1/chat/completions",
			body: referenceQuestion, calls: 2}
	}
	for _, how := range []struct{ name, upstream string }{{"whole", up.whole()}, {"streamed", up.URL}} {
		for _, kind := range []string{"ours", "unfiltered"} {
			targets[kind] = &chatTarget{gateway: startGateway(b, kind, how.upstream), path: "/api/v1/chat",
				body: chatQuestion, calls: 1}
		}
		b.Run(how.name, func(b *testing.B) { compareChat(b, targets, references) })
	}
}

// chatTarget is a gateway and the request to send to it.
type chatTarget struct {
	*gateway
	path, body string
	calls      int // per answer
	spent      time.Duration
}

func compareChat(b *testing.B, targets map[string]*chatTarget, references []string) {
	client := &http.Client{Transport: referenceTransport()}
	for _, r := range targets {
		r.batch(b, client) // warm up
		r.spent = 0
	}
	for b.Loop() {
		for _, kind := range append([]string{"ours", "unfiltered"}, references...) {
			targets[kind].batch(b, client)
		}
	}
	each := func(kind string) float64 {
		return float64(targets[kind].spent.Microseconds()) / float64(b.N*requestsPerTurn)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(each("ours"), "ours-µs/req")
	for _, kind := range references {
		b.ReportMetric(each(kind), "2-"+kind+"-µs")
		b.ReportMetric(each("ours")/each(kind), "x-2-"+kind)
	}
	b.ReportMetric(100*(each("ours")-each("unfiltered"))/each("ours"), "filter-%")
}

// batch sends requestsPerTurn requests and adds the CPU time that they took.
func (r *chatTarget) batch(b *testing.B, client *http.Client) {
	b.Helper()
	before := r.usage(b, false).CPU
	var clients sync.WaitGroup
	for i := range clientCount {
		clients.Go(func() {
			for n := i; n < requestsPerTurn*r.calls; n += clientCount {
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

func (r *chatTarget) ask(client *http.Client, token string) error {
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
	referenceQuestion = `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello,` +
		` how are you today? Tell me what is open."}]}`
	chatQuestion = `{"message":"What is open this week, and what of it is late?","context":{"timezone":` +
		`"Europe/Rome","recent_tasks":[` +
		`{"id":"t1","title":"Call the printer about the brochure","status":"todo","priority":"high",` +
		`"due_date":1795420800000},` +
		`{"id":"t2","title":"Send the offer","status":"in_progress"},{"id":"t3","title":"Book a room",` +
		`"status":"done"}]}}`
	modelAnswer = "This week looks lighter than the last one. The printer has the proofs and expects " +
		"a call before noon on " +
		"Tuesday, since the paper you like is only kept in small amounts. Anna wrote that " +
		"the offer can go out once the " +
		"second page names the new price; she also asked whether the workshop in Verona stays " +
		"on the plan or moves into " +
		"spring. Three rows have no date yet, and one of them, the room for the team lunch, will soon be hard to " +
		"get. " +
		"Nothing with a fixed date is late. The report for the bank was sent on Friday with a comfortable margin," +
		" the " +
		"tax papers are in the shared folder, and the old laptop went back to its owner. If " +
		"you want to use the quiet " +
		"morning well, begin with the brochure, then answer Anna, and leave the sorting of receipts for the train " +
		"journey, where the network is poor anyway and no one will ring you."
)
