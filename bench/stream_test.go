//go:build unix

package bench_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

const (
	benchStreams = 200                   // open at a time
	benchLength  = 100                   // tokens of each that are counted
	benchLead    = 60                    // tokens before those, to get the stream going
	benchGap     = 20 * time.Millisecond // between two of them
)

// BenchmarkStream measures the CPU time of a streamed token, at 50 tokens a second on each of 200 streams, and the memory
// of an open stream: our socket beside nginx and a reverse proxy that pass the model's events on, and beside a WebSocket fed
// by langchaingo's streaming function. What opening a stream costs is not counted.
func BenchmarkStream(b *testing.B) {
	up := startModel(b)
	rivals := map[string]*streamRival{
		"ours":        {path: apitest.StreamPath, body: benchQuestion, open: openSocket},
		"unfiltered":  {path: apitest.StreamPath, body: benchQuestion, open: openSocket},
		"langchaingo": {path: "/ws", body: referenceQuestion, open: openSocket},
		"proxy":       {path: "/v1/chat/completions", body: streamedQuestion, open: openEvents},
		"nginx":       {path: "/v1/chat/completions", body: streamedQuestion, open: openEvents},
	}
	kinds := []string{"ours", "unfiltered", "langchaingo", "proxy"}
	for _, kind := range kinds {
		rivals[kind].gateway = startGateway(b, kind, up.URL+"/paced")
	}
	if relay := startNginx(b, up.URL+"/paced"); relay != nil {
		rivals["nginx"].gateway = relay
		kinds = append(kinds, "nginx")
	}
	for _, kind := range kinds {
		rivals[kind].idle = rivals[kind].usage(b, true).Memory
		rivals[kind].round(b, up) // warm
		rivals[kind].spent, rivals[kind].memory = 0, 0
	}
	for b.Loop() {
		for _, kind := range kinds {
			rivals[kind].round(b, up)
		}
	}
	each := func(kind string) float64 {
		return float64(rivals[kind].spent.Nanoseconds()) / 1e3 / float64(b.N*benchStreams*benchLength)
	}
	b.ReportMetric(0, "ns/op")
	for _, kind := range kinds {
		b.ReportMetric(each(kind), kind+"-µs/token")
		b.ReportMetric(float64(rivals[kind].memory)/float64(b.N*benchStreams)/1024, kind+"-KB/stream")
	}
	b.ReportMetric(each("ours")/each("langchaingo"), "x-langchaingo")
	b.ReportMetric(each("ours")/each("proxy"), "x-proxy")
	if len(kinds) == 5 {
		b.ReportMetric(each("ours")/each("nginx"), "x-nginx")
	}
	b.ReportMetric(100*(each("ours")-each("unfiltered"))/each("ours"), "filter-%")
}

var streamedQuestion = strings.Replace(referenceQuestion, `{"model"`, `{"stream":true,"model"`, 1)

// streamRival is a gateway that streams.
type streamRival struct {
	*gateway
	path, body string
	open       func(r *streamRival, token string) (*reading, error)
	spent      time.Duration
	idle       int64 // memory before its first stream
	memory     int64
}

// reading is one stream at its client.
type reading struct {
	ask    func() error                  // the same once more, on the same socket; nil for events
	next   func() (last bool, err error) // reads one more frame or event
	close  func() error
	bytes  int // of text that came over a socket
	events int // that came otherwise
}

// round opens the streams, weighs them, lets the tokens go and adds the CPU time that took.
func (r *streamRival) round(b *testing.B, up *benchModel) {
	b.Helper()
	tokens := up.paced.hold()
	var opened, ended sync.WaitGroup
	opened.Add(benchStreams)
	for i := range benchStreams {
		ended.Go(func() {
			if err := r.follow(r.Tokens[i%len(r.Tokens)], opened.Done); err != nil {
				b.Error(err)
			}
		})
	}
	opened.Wait()
	before := r.usage(b, true)
	close(tokens)
	ended.Wait()
	r.spent += r.usage(b, false).CPU - before.CPU
	r.memory += before.Memory - r.idle
}

// follow reads one stream to its end and says when its first part has come.
func (r *streamRival) follow(token string, opened func()) error {
	once := sync.OnceFunc(opened)
	defer once()
	in, err := r.open(r, token)
	if err != nil {
		return err
	}
	for {
		last, err := in.next()
		if err != nil {
			return err
		}
		once()
		if last {
			return in.close()
		}
	}
}

// openSocket asks on a new WebSocket. Ours ends an answer with an object, the reference with a close.
func openSocket(r *streamRival, token string) (*reading, error) {
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(r.URL, "http")+r.path, http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		return nil, err
	}
	in := &reading{close: conn.Close}
	in.next = func() (bool, error) {
		_, text, err := conn.ReadMessage()
		if websocket.IsUnexpectedCloseError(err) { // of any code
			return true, nil
		}
		if bytes.HasPrefix(text, []byte(`{"done":true,"error"`)) {
			return true, fmt.Errorf("%s", text)
		}
		in.bytes += len(text)
		return bytes.HasPrefix(text, []byte(`{"actions"`)) || bytes.HasPrefix(text, []byte(`{"done"`)), err
	}
	in.ask = func() error { return conn.WriteMessage(websocket.TextMessage, []byte(r.body)) }
	return in, in.ask()
}

// eventsClient keeps its connections, as sockets do.
var eventsClient = &http.Client{Transport: referenceTransport()}

// openEvents asks over HTTP and reads server-sent events.
func openEvents(r *streamRival, token string) (*reading, error) {
	req, err := http.NewRequest(http.MethodPost, r.URL+r.path, strings.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := eventsClient.Do(req)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewReader(resp.Body)
	in := &reading{close: resp.Body.Close}
	in.next = func() (bool, error) {
		for {
			line, err := lines.ReadSlice('\n')
			if errors.Is(err, io.EOF) {
				return true, nil
			}
			if err != nil || len(line) > 1 {
				in.events++
				return false, err
			}
		}
	}
	return in, nil
}

// pacer streams the first tokens at once, waits until it may go on, and then keeps the pace.
type pacer struct {
	mu     sync.Mutex
	tokens chan struct{}
	held   int
}

// hold makes the streams from now on wait until the channel is closed.
func (p *pacer) hold() chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tokens, p.held = make(chan struct{}), 0
	return p.tokens
}

func (p *pacer) stream(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	tokens, turn := p.tokens, p.held
	p.held++
	p.mu.Unlock()
	list := benchTokens()
	flush := w.(http.Flusher).Flush
	send(w, "text/event-stream", []byte(event(strings.Join(list[:benchLead], ""))))
	flush()
	select {
	case <-tokens:
	case <-r.Context().Done():
		return
	}
	<-time.After(benchGap * time.Duration(turn%benchStreams) / benchStreams) // so that streams do not beat in time
	pace := time.NewTicker(benchGap)
	defer pace.Stop()
	for i := range benchLength {
		<-pace.C
		_, _ = w.Write([]byte(event(list[benchLead+i])))
		flush()
	}
	_, _ = w.Write([]byte(lastEvents))
}

const benchAsked = 200 // questions of a round, one after the other

// BenchmarkFirstToken measures the median time until the first text of an answer has come, over what the model itself
// takes for the calls behind it: a reverse proxy makes one, our socket two, and one where the agent is known (unrouted).
// The model streams its answer at once, so that holding back what could begin a leak takes no time of its own.
func BenchmarkFirstToken(b *testing.B) {
	up := startModel(b)
	proxy := &streamRival{gateway: startGateway(b, "proxy", up.URL), path: "/v1/chat/completions", body: streamedQuestion}
	direct := &streamRival{gateway: &gateway{URL: up.URL}, path: proxy.path, body: streamedQuestion}
	asks := map[string]func() time.Duration{
		"direct": func() time.Duration { return direct.askEvents(b) },
		"proxy":  func() time.Duration { return proxy.askEvents(b) },
	}
	for _, kind := range []string{"ours", "unrouted"} {
		r := &streamRival{gateway: startGateway(b, kind, up.URL), path: apitest.StreamPath, body: benchQuestion}
		asks[kind] = r.askOnSocket(b)
	}
	took := map[string][]time.Duration{}
	for b.Loop() {
		for range benchAsked {
			for kind, ask := range asks {
				took[kind] = append(took[kind], ask())
			}
		}
	}
	median := func(kind string) float64 {
		slices.Sort(took[kind])
		return float64(took[kind][len(took[kind])/2].Nanoseconds()) / 1e3
	}
	b.ReportMetric(0, "ns/op")
	for _, kind := range []string{"direct", "proxy", "unrouted", "ours"} {
		b.ReportMetric(median(kind), kind+"-µs")
	}
	added := median("proxy") - median("direct")
	b.ReportMetric((median("unrouted")-median("direct"))/added, "x-proxy-unrouted")
	b.ReportMetric((median("ours")-2*median("direct"))/(2*added), "x-2-proxies")
}

// askEvents asks and returns the time to the first event.
func (r *streamRival) askEvents(b *testing.B) time.Duration {
	begun := time.Now()
	in, err := openEvents(r, "")
	fatal(b, err)
	defer in.close()
	return first(b, in, begun)
}

// askOnSocket returns what asks again and again on one socket.
func (r *streamRival) askOnSocket(b *testing.B) func() time.Duration {
	in, err := openSocket(r, r.Tokens[0])
	fatal(b, err)
	b.Cleanup(func() { _ = in.close() })
	first(b, in, time.Now())
	return func() time.Duration {
		begun := time.Now()
		fatal(b, in.ask())
		return first(b, in, begun)
	}
}

// first reads an answer to its end and returns how long its first part took.
func first(b *testing.B, in *reading, begun time.Time) (took time.Duration) {
	for last := false; !last; {
		var err error
		last, err = in.next()
		fatal(b, err)
		if took == 0 {
			took = time.Since(begun)
		}
	}
	return took
}
