//go:build linux

package bench_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

const clientCount = 8 // concurrent clients of a batch

// batch is what a gateway is asked for in its turn.
type batch struct {
	*gateway
	what   string           // the name of the measure
	mode   func(*fakeModel) // how the model answers
	bodies []string         // requests, in turn; as many are one answer
	share  int              // how many times fewer answers than a usual batch has
}

// measureChat measures the CPU time of an answer of POST /chat, which asks the model twice, beside that of two calls
// through each reference: of small ones, and of the very requests that ours sends.
func measureChat(b *testing.B, s settings, f *fleet, r *results, ours, references []*gateway) {
	whole := func(text string) func(*fakeModel) { return func(m *fakeModel) { m.answerWhole(text) } }
	streams := func(m *fakeModel) { m.answerStreamed(prose) }
	var batches []batch
	for _, g := range ours {
		batches = append(batches,
			batch{g, "chat/3/prose", whole(prose), []string{question(3, 0)}, 1},
			batch{g, "chat/3/streamed", streams, []string{question(3, 0)}, 1},
			batch{g, "chat/3/list", whole(list), []string{question(3, 0)}, 1},
			batch{g, "chat/3/table", whole(table), []string{question(3, 0)}, 1},
			batch{g, "chat/100/prose", whole(prose), []string{question(100, 0)}, 2},
			batch{g, "chat/1MiB/prose", whole(prose), []string{question(megabyteTasks, 0)}, 20},
			batch{g, "chat/20turns", whole(prose), []string{question(3, 20)}, 2},
			batch{g, "chat/200turns", whole(prose), []string{question(3, 200)}, 5})
	}
	requests := f.requestsOf(b, ours[0])
	for _, g := range references {
		small := []string{referenceQuestion, referenceQuestion}
		batches = append(batches,
			batch{g, "calls/small", whole(prose), small, 1},
			batch{g, "calls/same", whole(prose), requests, 1})
		if g.name == "langchaingo" {
			batches = append(batches, batch{g, "calls/small/list", whole(list), small, 1},
				batch{g, "calls/small/table", whole(table), small, 1})
		}
	}
	for round := -1; round < s.rounds; round++ {
		for i, one := range batches {
			one.mode(f.model)
			if i == 0 || batches[i-1].gateway != one.gateway {
				one.run(b, clientCount) // the processor's caches have what the gateway before needed
			}
			answers := max(s.requests/one.share, clientCount)
			postgres := f.postgresCPU()
			spent := one.cpu(b)
			one.run(b, answers)
			spent = one.cpu(b) - spent
			postgres = f.postgresCPU() - postgres
			if round < 0 { // a warm-up
				continue
			}
			r.add(one.name, one.what, float64(spent.Nanoseconds())/1e3/float64(answers))
			if one.ours {
				r.add(one.name, one.what+"/postgres", float64(postgres.Nanoseconds())/1e3/float64(answers))
			}
		}
	}
	f.model.take()
}

// megabyteTasks are as many tasks as fit into the largest request, of 1 MiB.
const megabyteTasks = 4600

// run asks for so many answers.
func (t batch) run(b *testing.B, answers int) {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(answers))
	var clients sync.WaitGroup
	for i := range clientCount {
		clients.Go(func() {
			var requests [][]byte
			for _, body := range t.bodies {
				requests = append(requests, request("POST", t.path, t.address, t.tokens[i], body))
			}
			c, err := dial(t.address)
			if err != nil {
				b.Error(err)
				return
			}
			defer c.close()
			for left.Add(-1) >= 0 {
				for _, one := range requests {
					err := c.ask(one)
					if err == nil && !bytes.Contains(c.body, []byte(answerEnd)) &&
						!bytes.Contains(c.body, []byte("task_agent")) {
						err = fmt.Errorf("not the whole answer: %s", c.body)
					}
					if err != nil {
						b.Errorf("%s, %s: %v", t.name, t.what, err)
						return
					}
				}
			}
		})
	}
	clients.Wait()
}

// requestsOf returns the two requests that ours sends to the model for a question with three tasks, for references to
// relay: without streaming, which the model is not asked for here.
func (f *fleet) requestsOf(b *testing.B, ours *gateway) (bodies []string) {
	b.Helper()
	f.model.answerWhole(prose)
	f.model.take()
	batch{gateway: ours, bodies: []string{question(3, 0)}}.run(b, 1)
	for _, call := range f.model.take() {
		body := strings.Replace(string(call.body), `,"stream":true`, "", 1)
		bodies = append(bodies, strings.Replace(body, `,"stream_options":{"include_usage":true}`, "", 1))
	}
	if len(bodies) != 2 {
		b.Fatalf("ours sent %d requests to the model", len(bodies))
	}
	return bodies
}

// measureMe measures the CPU time of GET /auth/me from outside, under load.
func measureMe(b *testing.B, s settings, f *fleet, r *results, gateways []*gateway) {
	requests := 10 * s.requests
	for round := -1; round < s.rounds; round++ {
		for _, g := range gateways {
			spent := g.cpu(b)
			g.getMe(b, requests)
			spent = g.cpu(b) - spent
			if round >= 0 {
				r.add(g.name, "me", float64(spent.Nanoseconds())/1e3/float64(requests))
			}
		}
	}
}

func (g *gateway) getMe(b *testing.B, requests int) {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(requests))
	var clients sync.WaitGroup
	for i := range 2 * clientCount {
		clients.Go(func() {
			c, err := dial(g.address)
			if err != nil {
				b.Error(err)
				return
			}
			defer c.close()
			for n := i; left.Add(-1) >= 0; n++ {
				if err := c.ask(request("GET", mePath, g.address, g.tokens[n%len(g.tokens)], "")); err != nil {
					b.Errorf("%s: %v", g.name, err)
					return
				}
			}
		})
	}
	clients.Wait()
}
