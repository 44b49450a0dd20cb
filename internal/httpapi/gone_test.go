package httpapi_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// leave sends the text of a request and closes the connection when the handler is at work.
func (a *api) leave(text string, atWork <-chan struct{}) {
	a.T.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.URL, "http://"))
	check(a.T, err)
	_, err = io.WriteString(conn, text)
	check(a.T, err)
	select {
	case <-atWork:
	case <-time.After(patient):
		a.T.Errorf("no handler took %.50q", text)
	}
	check(a.T, conn.Close())
}

// logged waits for the log line of a route and returns it.
func (a *api) logged(route string) (line struct {
	Level      string
	Status     int
	ClientGone bool `json:"client_gone"`
}) {
	a.T.Helper()
	for deadline := time.Now().Add(patient); time.Now().Before(deadline); {
		for text := range strings.Lines(a.Logs.String()) {
			if strings.Contains(text, `"route":"`+route+`"`) {
				check(a.T, json.Unmarshal([]byte(text), &line))
				return line
			}
		}
	}
	a.T.Fatalf("no log line of %s", route)
	return line
}

func TestClientThatLeavesIsNoError(t *testing.T) {
	t.Attr("case", "F1")
	t.Parallel()
	atWork := make(chan struct{}, 10)
	model := llmtest.NewModelFunc(func(ctx context.Context, _ agent.ModelCall, _ agent.Emit) (agent.Answer, error) {
		atWork <- struct{}{}
		<-ctx.Done()
		return agent.Answer{}, ctx.Err()
	})
	a := start(t, model, func(c *httpapi.Config) {
		c.Ready = func(ctx context.Context) error {
			atWork <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		}
	})
	me := a.Register("gone@example.com")
	fields := " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: " + me["Authorization"] + "\r\n"
	begun := make(chan struct{})
	close(begun)
	for _, c := range []struct {
		route, text string
		atWork      <-chan struct{}
		status      int
	}{
		{"chat", "POST /api/v1/chat" + fields + "Content-Length: 15\r\n\r\n" + `{"message":"a"}`, atWork, 499},
		{"runStep", "POST /api/v1/plans/steps" + fields + "Content-Length: 75\r\n\r\n" +
			`{"prompt_template":"tpl_email_agent_follow_up","variables":{"request":"a"}}`, atWork, 499},
		{"/readyz", "GET /readyz" + fields + "\r\n", atWork, 499},
		// Half a body: whoever closed the connection for reading alone still gets the answer.
		{"login", "POST /api/v1/auth/login" + fields + "Content-Length: 50\r\n\r\n{", begun, http.StatusBadRequest},
	} {
		a.leave(c.text, c.atWork)
		if line := a.logged(c.route); line.Level != "INFO" || line.Status != c.status || !line.ClientGone {
			t.Errorf("%s: %+v, want status %d", c.route, line, c.status)
		}
	}
	if logs := a.Logs.String(); strings.Contains(logs, `"level":"ERROR"`) || strings.Contains(logs, `"level":"WARN"`) {
		t.Errorf("a client that leaves alarms the operator: %s", logs)
	}
}
