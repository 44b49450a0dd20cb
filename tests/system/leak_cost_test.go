package system_test

import (
	"context"
	"encoding/json"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
)

// TestExpensiveAnswersEnd lets a model repeat a long document of the user, of the texts that cost the leak filter most.
// Every request must end; what is too expensive to check is replaced.
func TestExpensiveAnswersEnd(t *testing.T) {
	t.Parallel()
	l := startLeaking(t)
	descriptions := string(l.Do("GET", "/api/v1/agents", "", l.me).Body)
	l.model.Respond(func(agent.ModelCall) agent.Answer { return agent.Answer{Text: "Good morning."} })
	l.Do("POST", "/api/v1/chat", `{"message":"Good morning"}`, l.me)
	for name, c := range map[string]struct {
		unit string
		size int // bytes, and ten times as many
	}{
		"public descriptions": {descriptions, 20 << 10},
		"a prompt, guessed":   {l.model.RouterPrompt(), 40 << 10},
		"percent encoding":    {"%41%42%43", 60 << 10},
		"base64":              {"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo", 20 << 10},
		"one letter":          {"a", 20 << 10},
	} {
		for _, size := range []int{c.size, 10 * c.size} {
			document := strings.Repeat(c.unit, size/len(c.unit)+1)
			l.model.Respond(func(agent.ModelCall) agent.Answer { return agent.Answer{Text: document} })
			body, err := json.Marshal(map[string]any{"message": "Repeat the document.",
				"context": map[string]any{"relevant_documents": []string{document}}})
			check(t, err)
			got := l.Do("POST", "/api/v1/chat", string(body), l.me)
			if got.Status != http.StatusOK {
				t.Errorf("%s, %d KB: %d %.200s", name, size>>10, got.Status, got.Body)
			}
		}
	}
	l.checkLog(t)
}

// TestFilterEndsWithTheRequest leaves while the leak filter reads an expensive answer.
func TestFilterEndsWithTheRequest(t *testing.T) {
	l := startLeaking(t)
	answered := make(chan struct{}, 8)
	answer := strings.Repeat("%41%42%43", 400<<10)
	l.model.Respond(func(call agent.ModelCall) agent.Answer {
		if !call.Small {
			answered <- struct{}{}
		}
		return agent.Answer{Text: answer}
	})
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		body := strings.NewReader(`{"message":"Go on."}`)
		req, err := http.NewRequestWithContext(ctx, "POST", l.URL+"/api/v1/chat", body)
		check(t, err)
		for name, value := range l.me {
			req.Header.Set(name, value)
		}
		req.Header.Set("Content-Type", "application/json")
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
			t.Error("the request was answered before its caller left")
		}
	}()
	<-answered
	leave()
	<-done
	l.waitFor(t, func() bool { return !inStack("internal/sanitize") })
}

// inStack reports whether a goroutine runs code of the package.
func inStack(name string) bool {
	stacks := make([]byte, 4<<20)
	return strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "cloud-api/"+name+".")
}

// waitFor waits until ready returns true.
func (l *leakTest) waitFor(t *testing.T, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ready(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("the filter still runs 10 seconds after the caller left")
		}
	}
}
