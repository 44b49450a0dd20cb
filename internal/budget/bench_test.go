//go:build unix

package budget_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/tier"
)

// instant is a model that answers at once and says what it used.
type instant struct{}

func (instant) Generate(context.Context, agent.ModelCall, agent.Emit) (agent.Answer, error) {
	return agent.Answer{Text: "None.", Usage: agent.Usage{InputTokens: 600, OutputTokens: 20, ModelCalls: 1}}, nil
}

// BenchmarkRequest measures the CPU time of the model calls of one request, the router's and an agent's: bare, and
// metered, which includes both statements but not what PostgreSQL takes for them. 16 accounts ask at a time; run it
// with -cpu 1 to compare it with POST /chat of BenchmarkService.
func BenchmarkRequest(b *testing.B) {
	w := newWorld(b)
	var users []identity.User
	for i := range 16 {
		users = append(users, w.addUser(fmt.Sprintf("user%d@example.com", i), tier.Free))
	}
	messages := []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, "Which of my tasks are due?")}
	for _, c := range []struct {
		name  string
		model agent.Model
	}{{"bare", instant{}}, {"metered", w.replica(1 << 40).Meter(instant{})}} {
		b.Run(c.name, func(b *testing.B) {
			var next atomic.Int64
			began := cpuTime(b)
			b.SetParallelism(len(users))
			b.RunParallel(func(pb *testing.PB) {
				user := users[int(next.Add(1))%len(users)]
				for pb.Next() {
					request := &agent.ModelRequest{User: user,
						Limits: agent.Limits{ContextTokens: 128_000, MaxOutputTokens: 4_096}}
					for _, small := range []bool{true, false} {
						call := agent.ModelCall{Small: small, Request: request, Messages: messages}
						if _, err := c.model.Generate(b.Context(), call, nil); err != nil {
							b.Error(err)
							return
						}
					}
					request.End(b.Context())
				}
			})
			b.ReportMetric(float64((cpuTime(b)-began).Nanoseconds())/1000/float64(b.N), "cpu-µs/op")
		})
	}
}

// cpuTime returns the CPU time that the process has taken so far.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
