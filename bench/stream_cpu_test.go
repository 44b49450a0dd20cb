//go:build unix

package bench_test

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

const (
	streamCount   = 200                   // open at the same time
	countedTokens = 100                   // of each stream
	leadTokens    = 60                    // of each stream, sent before those
	tokenInterval = 20 * time.Millisecond // between two tokens
)

// BenchmarkStream measures the CPU time of a streamed token, at 50 tokens a second on each of 200 streams, and the
// memory of an open stream: our socket, in both versions, beside nginx and a reverse proxy that forward the model's
// events, and beside a WebSocket with langchaingo's streaming function. Opening the streams is not measured.
func BenchmarkStream(b *testing.B) {
	up := startModel(b)
	targets := map[string]*streamTarget{
		"ours":        {path: apitest.StreamPath, body: chatQuestion, open: openSocket},
		"version2":    {path: apitest.StreamPath + "?v=2", body: chatQuestion, open: openSocket, kind: "ours"},
		"unfiltered":  {path: apitest.StreamPath, body: chatQuestion, open: openSocket},
		"langchaingo": {path: "/ws", body: referenceQuestion, open: openSocket},
		"proxy":       {path: "/v1/chat/completions", body: streamedQuestion, open: openEvents},
		"nginx":       {path: "/v1/chat/completions", body: streamedQuestion, open: openEvents},
	}
	kinds := []string{"ours", "version2", "unfiltered", "langchaingo", "proxy"}
	for _, kind := range kinds {
		targets[kind].gateway = startGateway(b, cmp.Or(targets[kind].kind, kind), up.URL+"/paced")
	}
	if relay := startNginx(b, up.URL+"/paced"); relay != nil {
		targets["nginx"].gateway = relay
		kinds = append(kinds, "nginx")
	}
	for _, kind := range kinds {
		targets[kind].idle = targets[kind].usage(b, true).Memory
		targets[kind].round(b, up) // warm
		targets[kind].spent, targets[kind].memory = 0, 0
	}
	for b.Loop() {
		for _, kind := range kinds {
			targets[kind].round(b, up)
		}
	}
	each := func(kind string) float64 {
		return float64(targets[kind].spent.Nanoseconds()) / 1e3 / float64(b.N*streamCount*countedTokens)
	}
	b.ReportMetric(0, "ns/op")
	for _, kind := range kinds {
		b.ReportMetric(each(kind), kind+"-µs/token")
		b.ReportMetric(float64(targets[kind].memory)/float64(b.N*streamCount)/1024, kind+"-KB/stream")
	}
	b.ReportMetric(each("version2")/each("ours"), "version2-x-version1")
	b.ReportMetric(each("ours")/each("langchaingo"), "x-langchaingo")
	b.ReportMetric(each("ours")/each("proxy"), "x-proxy")
	if len(kinds) == 6 {
		b.ReportMetric(each("ours")/each("nginx"), "x-nginx")
	}
	b.ReportMetric(100*(each("ours")-each("unfiltered"))/each("ours"), "filter-%")
}

var streamedQuestion = strings.Replace(referenceQuestion, `{"model"`, `{"stream":true,"model"`, 1)

// streamTarget is a gateway that streams, and the request to send to it.
type streamTarget struct {
	*gateway
	path, body string
	kind       string // of its gateway, "" where it has the name of the target
	open       func(r *streamTarget, token string) (*streamReader, error)
	spent      time.Duration
	idle       int64 // memory before the first stream
	memory     int64
}

// round opens the streams, measures their memory, releases the tokens and adds the CPU time that these took.
func (r *streamTarget) round(b *testing.B, up *fakeModel) {
	b.Helper()
	tokens := up.paced.hold()
	var opened, ended sync.WaitGroup
	opened.Add(streamCount)
	for i := range streamCount {
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

// follow reads one stream to its end and calls opened when the first part has arrived.
func (r *streamTarget) follow(token string, opened func()) error {
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
		if in.bytes > 0 || in.events > 0 {
			once()
		}
		if last {
			return in.close()
		}
	}
}

// streamReader is the client of one stream.
type streamReader struct {
	ask    func() error                  // asks again on the same socket; nil for events
	next   func() (last bool, err error) // reads one more frame or event
	close  func() error
	bytes  int // of text received on a socket
	events int // server-sent events received
}

// openSocket asks on a new WebSocket. Our service ends an answer with an object, the reference with a close frame.
func openSocket(r *streamTarget, token string) (*streamReader, error) {
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(r.URL, "http")+r.path,
		http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		return nil, err
	}
	in := &streamReader{close: conn.Close}
	version2 := strings.HasSuffix(r.path, "?v=2") // where other events come before the first text
	in.next = func() (bool, error) {
		_, text, err := conn.ReadMessage()
		if websocket.IsUnexpectedCloseError(err) { // of any code
			return true, nil
		}
		if bytes.HasPrefix(text, []byte(`{"done":true,"error"`)) {
			return true, fmt.Errorf("%s", text)
		}
		if bytes.HasSuffix(text, []byte(`"type":"error"}`)) {
			return true, fmt.Errorf("%s", text)
		}
		if bytes.Contains(text, []byte(`"delta":"`)) || !version2 {
			in.bytes += len(text)
		}
		return bytes.HasPrefix(text, []byte(`{"actions"`)) || bytes.HasPrefix(text, []byte(`{"done"`)), err
	}
	in.ask = func() error { return conn.WriteMessage(websocket.TextMessage, []byte(r.body)) }
	return in, in.ask()
}

// eventsClient keeps connections open, as sockets do.
var eventsClient = &http.Client{Transport: referenceTransport()}

// openEvents asks over HTTP and reads server-sent events.
func openEvents(r *streamTarget, token string) (*streamReader, error) {
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
	in := &streamReader{close: resp.Body.Close}
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
