package httpapi_test

import (
	"bufio"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// TestCommentsComeWhileAnAnswerRuns lets the model wait until the client has read three comments.
func TestCommentsComeWhileAnAnswerRuns(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	a := start(t, llmtest.NewModelFunc(
		func(ctx context.Context, _ agent.ModelCall, _ agent.Emit) (agent.Answer, error) {
			select {
			case <-release:
			case <-ctx.Done():
			}
			return agent.Answer{Text: "The whole answer."}, nil
		}), func(c *httpapi.Config) { c.Heartbeat = 5 * time.Millisecond })
	s, refused := a.AskEvents(hello, a.Register("comments@example.com"))
	if s == nil {
		t.Fatalf("%d %s", refused.Status, refused.Body)
	}
	lines := bufio.NewScanner(s.Resp.Body)
	for comments := 0; comments < 3 && lines.Scan(); {
		if strings.HasPrefix(lines.Text(), ":") {
			comments++
		}
	}
	close(release)
	last := ""
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			last = name
		}
	}
	if last != "done" || lines.Err() != nil {
		t.Errorf("the last event is %q, error %v", last, lines.Err())
	}
}
