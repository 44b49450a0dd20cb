package apitest

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gorilla/websocket"

	"github.com/adiuva/cloud-api/openapi"
)

// Event is an event of an answer: a frame of version 2 of the stream, or a server-sent event.
type Event struct {
	Type         string           `json:"type"`
	RequestID    string           `json:"request_id"`
	Name         string           `json:"name"`
	Index        int              `json:"index"`
	Of           int              `json:"of"`
	Label        string           `json:"label"`
	State        string           `json:"state"`
	Delta        string           `json:"delta"`
	Action       map[string]any   `json:"action"`
	ID           string           `json:"id"`
	Arguments    map[string]any   `json:"arguments"`
	Code         string           `json:"code"`
	Message      string           `json:"message"`
	Kind         string           `json:"kind"`
	Response     *string          `json:"response"`
	Actions      []map[string]any `json:"actions"`
	Proposals    []map[string]any `json:"proposals"`
	Agent        string           `json:"agent"`
	Steps        []map[string]any `json:"steps"`
	Calls        []map[string]any `json:"calls"`
	Continuation string           `json:"continuation"`
	Usage        map[string]any   `json:"usage"`
	Context      map[string]any   `json:"context"`
	Upgrade      map[string]any   `json:"upgrade"`
	Truncated    bool             `json:"truncated"`
	Replaced     bool             `json:"replaced"`
	Cancelled    bool             `json:"cancelled"`
}

// IsEnd reports whether no more event of the answer follows.
func (e Event) IsEnd() bool {
	return e.Type == "done" || e.Type == "error" && e.ID == "" && e.Code != "busy"
}

// EventSocket is a client of version 2 of the chat stream.
type EventSocket struct {
	*Stream
	contract *eventContract
}

// DialEvents opens a socket of version 2, and fails the test if it is refused.
func (a *API) DialEvents(headers Header) *EventSocket {
	a.T.Helper()
	s, refused := a.Handshake("?v=2", headers)
	if s == nil {
		a.T.Fatalf("handshake: %d %s", refused.Status, refused.Body)
	}
	return s.Events()
}

// Events returns the socket as one of version 2.
func (s *Stream) Events() *EventSocket {
	s.T.Helper()
	return &EventSocket{Stream: s, contract: loadEventContract(s.T)}
}

// Next reads one event and checks it against the contract.
func (s *EventSocket) Next() Event {
	s.T.Helper()
	kind, data, err := s.Conn.ReadMessage()
	check(s.T, err)
	if kind != websocket.TextMessage {
		s.T.Fatalf("a frame of kind %d: %q", kind, data)
	}
	return s.contract.read(s.T, data)
}

// Until reads to the first event of the type.
func (s *EventSocket) Until(eventType string) Event { return until(s.T, s.Next, eventType) }

// Answer reads all events of an answer, after those that came already, and checks that they go together.
func (s *EventSocket) Answer(already ...Event) []Event {
	s.T.Helper()
	return readAnswer(s.T, s.Next, already)
}

// ExpectClose reads to an error event with this code and to the close frame that follows it.
func (s *EventSocket) ExpectClose(code string, closeCode int) {
	s.T.Helper()
	if last := s.Until("error"); last.Code != code || last.Message == "" || last.RequestID == "" {
		s.T.Errorf("%+v, want %s", last, code)
	}
	if _, data, err := s.Conn.ReadMessage(); !websocket.IsCloseError(err, closeCode) {
		s.T.Errorf("%s: after the error: %q, %v; want close code %d", code, data, err, closeCode)
	}
}

// EventStream is an answer of POST /chat as server-sent events.
type EventStream struct {
	T        *testing.T
	Resp     *http.Response
	Comments int // how many comments came so far
	lines    *bufio.Reader
	contract *eventContract
}

// AskEvents posts a chat request for server-sent events. If the server answers with something else, the stream is nil
// and the response has the reason. The stream is closed when the test ends.
func (a *API) AskEvents(body string, headers Header) (*EventStream, Response) {
	a.T.Helper()
	url := a.URL + "/api/v1/chat"
	req, err := http.NewRequestWithContext(a.T.Context(), http.MethodPost, url, strings.NewReader(body))
	check(a.T, err)
	for name, value := range headers.With("Accept", "text/event-stream").With("Content-Type", "application/json") {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	check(a.T, err)
	a.T.Cleanup(func() { _ = resp.Body.Close() })
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		data, err := io.ReadAll(resp.Body)
		check(a.T, err)
		return nil, Response{resp.StatusCode, resp.Header, data}
	}
	return &EventStream{T: a.T, Resp: resp, lines: bufio.NewReader(resp.Body), contract: loadEventContract(a.T)},
		Response{Status: resp.StatusCode, Header: resp.Header}
}

// Close leaves the answer.
func (s *EventStream) Close() {
	s.T.Helper()
	check(s.T, s.Resp.Body.Close())
}

// Next reads one event, which is "event: " with its type and "data: " with one line of JSON, and checks it against the
// contract. It counts the comments before it.
func (s *EventStream) Next() Event {
	s.T.Helper()
	name := s.line()
	for strings.HasPrefix(name, ":") {
		s.Comments++
		if end := s.line(); end != "" {
			s.T.Fatalf("%q after a comment", end)
		}
		name = s.line()
	}
	name, named := strings.CutPrefix(name, "event: ")
	data, hasData := strings.CutPrefix(s.line(), "data: ")
	if end := s.line(); !named || !hasData || end != "" {
		s.T.Fatalf("no event: %q, %q, %q", name, data, end)
	}
	e := s.contract.read(s.T, []byte(data))
	if e.Type != name {
		s.T.Errorf("the event %s has the type %s", name, e.Type)
	}
	return e
}

// Until reads to the first event of the type.
func (s *EventStream) Until(eventType string) Event { return until(s.T, s.Next, eventType) }

// Answer reads all events, after those that came already, and checks that they go together and that the body ends then.
func (s *EventStream) Answer(already ...Event) []Event {
	s.T.Helper()
	events := readAnswer(s.T, s.Next, already)
	if rest, err := io.ReadAll(s.lines); err != nil || len(rest) > 0 {
		s.T.Errorf("after the last event: %q, %v", rest, err)
	}
	return events
}

func (s *EventStream) line() string {
	s.T.Helper()
	line, err := s.lines.ReadString('\n')
	if err != nil {
		s.T.Fatalf("after %q: %v", line, err)
	}
	return strings.TrimSuffix(line, "\n")
}

// until reads to the first event of the type, and fails the test if the answer ends before.
func until(t *testing.T, next func() Event, eventType string) Event {
	t.Helper()
	for {
		e := next()
		if e.Type == eventType {
			return e
		}
		if e.IsEnd() {
			t.Fatalf("the answer ended before %s: %+v", eventType, e)
		}
	}
}

// readAnswer reads to the end of an answer. Pongs and refused frames are left out: they are not of the answer.
func readAnswer(t *testing.T, next func() Event, events []Event) []Event {
	t.Helper()
	for {
		e := next()
		if e.Type == "pong" || e.Type == "error" && !e.IsEnd() {
			continue
		}
		events = append(events, e)
		if e.IsEnd() {
			checkOrder(t, events)
			return events
		}
	}
}

// checkOrder checks what holds of every answer. One that was refused or cancelled at once has its last event alone.
func checkOrder(t *testing.T, events []Event) {
	t.Helper()
	last := events[len(events)-1]
	if len(events) == 1 && (last.Type == "error" || last.Cancelled) {
		return
	}
	if events[0].Type != "started" || events[0].RequestID == "" {
		t.Errorf("the first event is %+v", events[0])
	}
	running := map[string]int{}
	var actions []map[string]any
	for i, e := range events {
		switch e.Type {
		case "started":
			if i > 0 {
				t.Errorf("event %d is another started", i)
			}
		case "tool":
			if e.State == "running" {
				running[e.Name]++
			} else if running[e.Name]--; running[e.Name] < 0 {
				t.Errorf("the tool %s is %s and was not running", e.Name, e.State)
			}
		case "action":
			actions = append(actions, e.Action)
		}
	}
	if last.Type == "error" {
		if last.RequestID != events[0].RequestID {
			t.Errorf("the error is of request %s, the answer of %s", last.RequestID, events[0].RequestID)
		}
		return
	}
	if text := Joined(events); !last.Replaced && text != *last.Response {
		t.Errorf("the deltas are %q, the response is %q", text, *last.Response)
	}
	if (len(actions) > 0 || len(last.Actions) > 0) && !last.Cancelled && !reflect.DeepEqual(actions, last.Actions) {
		t.Errorf("the events have the actions %v, done has %v", actions, last.Actions)
	}
	if last.Cancelled && (len(last.Actions) > 0 || len(last.Proposals) > 0) {
		t.Errorf("a cancelled answer has actions: %+v", last)
	}
}

// Joined returns the text of all deltas.
func Joined(events []Event) string {
	var b strings.Builder
	for _, e := range events {
		b.WriteString(e.Delta)
	}
	return b.String()
}

// eventContract checks events against ChatStreamEvent.
type eventContract struct {
	byType  map[string]*openapi3.Schema
	schemas openapi3.Schemas
}

// sharedContract is read once for all tests of a package.
var sharedContract = sync.OnceValues(readEventContract)

func loadEventContract(t *testing.T) *eventContract {
	t.Helper()
	c, err := sharedContract()
	check(t, err)
	return c
}

func readEventContract() (*eventContract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		return nil, err
	}
	c := &eventContract{byType: map[string]*openapi3.Schema{}, schemas: doc.Components.Schemas}
	for name, ref := range doc.Components.Schemas["ChatStreamEvent"].Value.Discriminator.Mapping {
		c.byType[name] = doc.Components.Schemas[ref.Ref[strings.LastIndex(ref.Ref, "/")+1:]].Value
	}
	return c, nil
}

// read decodes an event, which must have the members of its type's schema and no others.
func (c *eventContract) read(t *testing.T, data []byte) Event {
	t.Helper()
	if !utf8.Valid(data) {
		t.Errorf("an event that is no UTF-8: %q", data)
	}
	var e Event
	var value map[string]any
	check(t, json.Unmarshal(data, &e))
	check(t, json.Unmarshal(data, &value))
	schema := c.byType[e.Type]
	if schema == nil {
		t.Fatalf("an event of no known type: %s", data)
	}
	if err := schema.VisitJSON(value); err != nil {
		t.Errorf("%s: %v", data, err)
	}
	for name := range value {
		if schema.Properties[name] == nil {
			t.Errorf("the contract has no %s in %s: %s", name, e.Type, data)
		}
	}
	return e
}

// Labels returns the labels of tools that the contract has.
func Labels(t *testing.T) (labels []string) {
	t.Helper()
	for _, label := range loadEventContract(t).schemas["ToolLabel"].Value.Enum {
		labels = append(labels, label.(string))
	}
	return labels
}

// Types returns the types of the events without repetitions, in order.
func Types(events []Event) (types []string) {
	for _, e := range events {
		types = append(types, e.Type)
	}
	return slices.Compact(types)
}

// Deadline limits how long the next reads may take together.
func (s *EventSocket) Deadline(within time.Duration) {
	s.T.Helper()
	s.expectWithin(within)
}
