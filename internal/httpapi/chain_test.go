package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/openapi"
)

func contract(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	check(t, err)
	return doc
}

func TestContractThatTheChainCannotProtectIsNotServed(t *testing.T) {
	t.Parallel()
	check(t, httpapi.CheckContract(contract(t)))
	for name, c := range map[string]struct {
		change func(doc *openapi3.T)
		reason string
	}{
		"no policy": {func(doc *openapi3.T) {
			delete(doc.Paths.Find("/agents").Get.Extensions, "x-adiuva")
		}, "listAgents has no x-adiuva"},
		"policy of another kind": {func(doc *openapi3.T) {
			doc.Paths.Find("/agents").Get.Security = &openapi3.SecurityRequirements{}
		}, "x-adiuva of listAgents"},
		"no operationId": {func(doc *openapi3.T) {
			doc.Paths.Find("/agents").Get.OperationID = ""
		}, "GET /agents"},
		"operationId used twice": {func(doc *openapi3.T) {
			doc.Paths.Find("/agents").Get.OperationID = "chat"
		}, `operationId "chat"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := contract(t)
			c.change(doc)
			if err := httpapi.CheckContract(doc); err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("got %v, want an error with %q", err, c.reason)
			}
		})
	}
}

// TestPublicLimitsComeFromTheContract compares the limit that each public operation reports with its policy.
func TestPublicLimitsComeFromTheContract(t *testing.T) {
	t.Parallel()
	a := start(t, nil, apitest.WithRateLimits(t))
	public := 0
	for path, item := range contract(t).Paths.Map() {
		for method, op := range item.Operations() {
			if !openapi.IsPublic(op) {
				continue
			}
			public++
			policy, err := openapi.PolicyOf(op)
			check(t, err)
			want := fmt.Sprintf(`"%s";q=%d;w=%d`, op.OperationID, policy.Rate.Requests, policy.Rate.Window)
			got := a.Do(method, "/api/v1"+path, "{}", nil).Header.Get("RateLimit-Policy")
			if got != want {
				t.Errorf("%s: RateLimit-Policy %q, want %q", op.OperationID, got, want)
			}
		}
	}
	if public < 3 {
		t.Errorf("only %d public operations", public)
	}
}

// bothPaths sends the same request to POST /chat and to the chat stream. It returns the problem and the error frame.
func (a *api) bothPaths(me header, request string) (problem answer, last *frame) {
	a.T.Helper()
	problem = a.Do("POST", "/api/v1/chat", request, me)
	s := a.Dial(me)
	s.Send(request)
	if _, last = s.Answer(); last.Error == nil {
		a.T.Fatalf("the stream answered %+v", last)
	}
	return problem, last
}

func TestPanicIsTheSameErrorOnBothPaths(t *testing.T) {
	t.Parallel()
	a := start(t, llmtest.NewModelFunc(func(context.Context, agent.ModelCall, agent.Emit) (agent.Answer, error) {
		panic("text of a user")
	}))
	problem, last := a.bothPaths(a.Register("panic@example.com"), `{"message":"hello"}`)
	if problem.Status != http.StatusInternalServerError || problem.Code() != "internal" ||
		last.Error.Code != "internal" {
		t.Errorf("REST: %d %s; stream: %+v", problem.Status, problem.Body, *last.Error)
	}
	if detail := problem.JSON(t)["detail"]; detail != last.Error.Message {
		t.Errorf("REST says %q, the stream %q", detail, last.Error.Message)
	}
	logs := a.Logs.String()
	if n := strings.Count(logs, "panic of type string"); n != 2 || strings.Contains(logs, "text of a user") {
		t.Errorf("%d panics logged: %s", n, logs)
	}
}

func TestInvalidQuestionIsTheSameErrorOnBothPaths(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.Register("invalid@example.com")
	for name, c := range map[string]struct{ request, code, pointer string }{
		"duplicate member": {`{"message":"a","message":"b"}`, "invalid_json", ""},
		"empty message":    {`{"message":""}`, "validation_failed", "/message"},
		"wrong type": {`{"message":"a","context":{"recent_tasks":[{"dueDate":"soon"}]}}`, "validation_failed",
			"/context/recent_tasks/0/dueDate"},
		"unknown zone": {`{"message":"a","context":{"timezone":"Mars/Base"}}`, "validation_failed",
			"/context/timezone"},
	} {
		problem, last := a.bothPaths(me, c.request)
		if problem.Code() != c.code || last.Error.Code != c.code {
			t.Errorf("%s: REST %s, stream %s, want %s", name, problem.Code(), last.Error.Code, c.code)
		}
		if !strings.Contains(string(problem.Body), c.pointer) || !strings.Contains(last.Error.Message, c.pointer) {
			t.Errorf("%s: %s is not named by both: %s, %q", name, c.pointer, problem.Body, last.Error.Message)
		}
	}
}

func TestRefusalsWhileDrainingAreLoggedAtInfoOnBothPaths(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.Register("draining@example.com")
	a.Server.Drain()
	a.Do("GET", "/readyz", "", nil)
	if s, got := a.Handshake("", me); s != nil || got.Code() != "draining" {
		t.Errorf("handshake: %d %s", got.Status, got.Body)
	}
	routes := map[string]string{}
	for line := range strings.Lines(a.Logs.String()) {
		var entry struct{ Level, Route, Code string }
		check(t, json.Unmarshal([]byte(line), &entry))
		if entry.Code == "draining" {
			routes[entry.Route] = entry.Level
		}
	}
	if len(routes) != 2 || routes["/readyz"] != "INFO" || routes["streamChat"] != "INFO" {
		t.Errorf("log levels by route: %v", routes)
	}
}
