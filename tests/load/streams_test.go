//go:build load

package load_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// streamResult is what a number of open streams cost.
type streamResult struct {
	name      string
	streams   int
	idle      float64 // memory before the first stream
	memory    float64 // with all streams answering
	cores     float64 // that the target kept busy
	perSecond float64 // tokens that arrived
	first     time.Duration
}

// streamed is a target that streams.
type streamed struct {
	name string
	on   *process
	open func(ctx context.Context, url, token string, got func(words int)) error
}

// measureStreams opens more and more streams of 20 tokens a second.
func (r *run) measureStreams() {
	tokens := r.db.tokens(r)
	kinds := []streamed{
		{"the service, sockets", r.targets.service, openSocket},
		{"bare relay, events", r.targets.relay, openEvents},
		{"direct, events", r.targets.model, openEvents},
	}
	for _, streams := range []float64{25, 50, 100, 200, 400} {
		for _, kind := range kinds {
			got := r.measureStream(kind, max(5, int(streams*r.scale)), tokens)
			r.progress("%d streams, %s: %.0f MiB, %.2f cores for %.0f tokens/s, first after %v", got.streams, kind.name,
				got.memory/(1<<20), got.cores, got.perSecond, got.first.Round(time.Millisecond))
			r.report.streams = append(r.report.streams, got)
		}
	}
}

// measureStream opens the streams, waits until all have text, and measures a period.
func (r *run) measureStream(kind streamed, streams int, tokens []string) streamResult {
	r.Helper()
	result := streamResult{name: kind.name, streams: streams, idle: kind.on.memory(r)}
	ctx, stop := context.WithCancel(r.Context())
	var counted atomic.Int64
	var begun, ended sync.WaitGroup
	var mu sync.Mutex
	var firsts []time.Duration
	begun.Add(streams)
	for i := range streams {
		ended.Go(func() {
			started := time.Now()
			once := sync.OnceFunc(func() {
				mu.Lock()
				firsts = append(firsts, time.Since(started))
				mu.Unlock()
				begun.Done()
			})
			err := kind.open(ctx, kind.on.url, tokens[i%len(tokens)], func(words int) {
				once()
				counted.Add(int64(words))
			})
			if err != nil && ctx.Err() == nil {
				r.progress("%s: a stream broke: %v", kind.name, err)
				if kind.on == r.targets.service {
					r.Fail()
				}
			}
			once()
		})
	}
	begun.Wait()
	<-time.After(r.period() / 2) // the leak filter holds the beginning of an answer back for longer than the rest
	cpu, tokensBefore, start := kind.on.cpu(r), counted.Load(), time.Now()
	<-time.After(r.period())
	seconds := time.Since(start).Seconds()
	result.cores = (kind.on.cpu(r) - cpu).Seconds() / seconds
	result.perSecond = float64(counted.Load()-tokensBefore) / seconds
	result.memory = kind.on.memory(r)
	slices.Sort(firsts)
	result.first = firsts[len(firsts)/2]
	stop()
	ended.Wait()
	return result
}

const streamQuestion = `{"message":"` + pacedWord + `: tell me everything about my tasks, slowly"}`

// openSocket asks on a socket of the service, and calls got with the words of each piece of text until ctx ends.
func openSocket(ctx context.Context, url, token string, got func(words int)) error {
	conn, err := dial(ctx, url, token)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(streamQuestion)); err != nil {
		return err
	}
	for {
		_, text, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		if bytes.Contains(text, []byte(`"done":true`)) {
			return fmt.Errorf("an answer ended: %.200s", text)
		}
		got(bytes.Count(text, []byte(" ")))
	}
}

func dial(ctx context.Context, url, token string) (*websocket.Conn, error) {
	address := "ws" + strings.TrimPrefix(url, "http") + "/api/v1/chat/stream"
	conn, resp, err := websocket.DefaultDialer.DialContext(ctx, address,
		http.Header{"Authorization": {"Bearer " + token}})
	if err != nil && resp != nil {
		return nil, fmt.Errorf("%w: %s", err, resp.Status)
	}
	return conn, err
}

// openEvents asks a model, and calls got for each event, which has a word, until ctx ends.
func openEvents(ctx context.Context, url, _ string, got func(words int)) error {
	body := strings.Replace(asked, `{"model"`, `{"stream":true,"user":"`+pacedWord+`","model"`, 1)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: &http.Transport{}}).Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewReader(resp.Body)
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) > 1 {
			got(1)
		}
	}
}

// idle is what sockets cost that nobody asks anything on.
type idle struct {
	sockets       int
	before, after float64 // memory
}

// measureIdle opens sockets and asks nothing.
func (r *run) measureIdle() {
	tokens := r.db.tokens(r)
	sockets := max(10, int(1000*r.scale))
	p := r.targets.service
	got := idle{sockets: sockets, before: p.memory(r)}
	var conns []*websocket.Conn
	for i := range sockets {
		conn, err := dial(r.Context(), p.url, tokens[i%len(tokens)])
		check(r, err)
		conns = append(conns, conn)
	}
	got.after = p.memory(r)
	for _, conn := range conns {
		_ = conn.Close()
	}
	r.progress("%d idle sockets: %.0f KB each", sockets, (got.after-got.before)/1024/float64(cmp.Or(sockets, 1)))
	r.report.idle = got
}
