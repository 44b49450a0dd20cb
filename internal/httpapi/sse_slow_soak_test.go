//go:build soak

package httpapi_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// TestClientThatReadsNoEventsIsDisconnected reads nothing of an endless answer.
func TestClientThatReadsNoEventsIsDisconnected(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{}, 10)
	a := start(t, llmtest.NewModelFunc(
		func(_ context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
			defer func() { ended <- struct{}{} }()
			words := strings.Repeat("many words that nobody reads ", 40)
			for {
				if err := emit(words); err != nil {
					return agent.Answer{}, err
				}
			}
		}))
	me := a.Register("deaf@example.com")
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.URL, "http://"))
	check(t, err)
	defer func() { check(t, conn.Close()) }()
	check(t, conn.(*net.TCPConn).SetReadBuffer(4096))
	_, err = fmt.Fprintf(conn, "POST /api/v1/chat HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"+
		"Authorization: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", me["Authorization"],
		len(hello), hello)
	check(t, err)
	within(t, 3*time.Minute, ended, "the end of the model's call")
}
