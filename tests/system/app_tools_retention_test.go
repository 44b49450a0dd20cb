package system_test

import (
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// sendMarkerToApp sends the marker in everything that tools of the app have: their definitions, calls, results of every
// kind, and continuations, right and wrong ones, over HTTP and over version 2 of the stream.
func sendMarkerToApp(t *testing.T, a *api, m *llmtest.Model, me header) {
	t.Helper()
	m.Route("task_agent")
	m.Respond(func(call agent.ModelCall) agent.Answer {
		if len(call.Tools) > 0 && !toolsWereCalled(call) {
			return toolCalls("query_rows", map[string]any{"table": marker}, map[string]any{"table": marker + "2"},
				map[string]any{"table": marker + "3"})
		}
		return agent.Answer{Text: marker}
	})
	ask := `{"message":"` + marker + `","client_tools":[` +
		strings.Replace(queryRows, "Reads rows of a table.", marker, 1) + `]}`
	const outcomes = `[{"id":"call_1","content":"` + marker + `"},{"id":"call_2","error":"` + marker +
		`"},{"id":"call_3","denied":true}]`
	first := a.Do("POST", "/api/v1/chat", ask, me)
	if got := a.Do("POST", "/api/v1/chat", goOn(first, t, outcomes, ""), me); got.Status != 200 ||
		!containsMarker(got.Body) || !containsMarker(first.Body) {
		t.Errorf("%s\n%s", first.Body, got.Body)
	}
	for _, body := range []string{goOn(first, t, strings.Replace(outcomes, "call_1", marker, 1), ""),
		`{"continuation":"` + marker + `","tool_results":` + outcomes + `}`,
		strings.Replace(ask, `"type":"string"`, `"`+marker+`":"`+marker+`"`, 1)} {
		if got := a.Do("POST", "/api/v1/chat", body, me); got.Status != 422 {
			t.Errorf("%.100s: %d %s", body, got.Status, got.Body)
		}
	}
	s := a.DialEvents(me)
	s.Send(ask)
	for range 3 {
		s.Until("tool_call")
	}
	sendResult(s, marker, `"content":"`+marker+`"`)
	s.Until("error")
	sendResult(s, "call_1", `"content":"`+marker+`"`)
	sendResult(s, "call_2", `"error":"`+marker+`"`)
	sendResult(s, "call_3", `"content":"`+strings.Repeat(marker, 30_000)+`"`)
	if done := s.Until("done"); !strings.Contains(*done.Response, marker) {
		t.Errorf("%+v", done)
	}
}
