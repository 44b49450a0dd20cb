package llm_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/llm"
)

// server is a fake of one server. Its file in testdata/dialects has a section for each kind of answer, which begins
// with the status and the content type. The section "requests" has a line for each thing that the server refuses: the
// member's name or a word of refuses, the status and the body of the response.
type server struct {
	sections map[string]string

	mu      sync.Mutex
	answer  string // the section to answer with
	bodies  [][]byte
	headers []http.Header
	urls    []string
}

var sectionMark = regexp.MustCompile(`(?m)^-- (\w+) --\n`)

func loadServer(t *testing.T, name string) *server {
	t.Helper()
	text, err := os.ReadFile(name)
	must(t, err)
	s := &server{sections: map[string]string{}}
	marks := sectionMark.FindAllSubmatchIndex(text, -1)
	for i, m := range marks {
		end := len(text)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		s.sections[string(text[m[2]:m[3]])] = string(text[m[1]:end])
	}
	return s
}

func (s *server) client(t *testing.T, log io.Writer) *llm.Client {
	t.Helper()
	client, err := llm.New(llm.Config{APIKey: "sk-test", BaseURL: strings.TrimSpace(s.sections["url"]), Model: "m",
		Provider: "p", Transport: s, Log: slog.New(slog.NewJSONHandler(log, nil))})
	must(t, err)
	return client
}

// RoundTrip answers with the section that is set, unless the server refuses the request.
func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies, s.headers, s.urls = append(s.bodies, body), append(s.headers, r.Header), append(s.urls, r.URL.String())
	var request map[string]json.RawMessage
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, err
	}
	for line := range strings.Lines(s.sections["requests"]) {
		what, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		status, refusal, _ := strings.Cut(rest, " ")
		if what != "" && refuses(request, what) {
			return respond(r, status+" application/json\n"+refusal)
		}
	}
	return respond(r, s.sections[s.answer])
}

// refuses reports whether the request has what a server does not take.
func refuses(request map[string]json.RawMessage, what string) bool {
	var messages []struct {
		Role    string          `json:"role"`
		Content string          `json:"content"`
		Calls   json.RawMessage `json:"tool_calls"`
	}
	if json.Unmarshal(request["messages"], &messages) != nil {
		return true
	}
	_, has := request[what]
	last := ""
	for _, m := range messages {
		switch what {
		case "system":
			has = has || m.Role == "system"
		case "no_tools":
			has = has || len(m.Calls) > 0 && len(request["tools"]) == 0
		case "alternate":
			has = has || m.Role == last && m.Role != "tool" || last == "" && m.Role == "assistant" ||
				m.Content == "" && len(m.Calls) == 0
		}
		if m.Role != "system" {
			last = m.Role
		}
	}
	return has || what == "whole" && len(request["stream"]) == 0
}

// respond returns the response that a section describes.
func respond(r *http.Request, section string) (*http.Response, error) {
	head, body, _ := strings.Cut(section, "\n")
	status, contentType, _ := strings.Cut(head, " ")
	code, err := strconv.Atoi(status)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: code, Header: http.Header{"Content-Type": {contentType}}, Request: r,
		ContentLength: -1, Body: io.NopCloser(strings.NewReader(body))}, nil
}

// usage returns the tokens that the server reports for an answer of that section.
func (s *server) usage(section string) (input, output int64) {
	switch about := strings.TrimSpace(s.sections["usage"]); {
	case about == "none", about == "whole only" && section != "whole":
		return 0, 0
	}
	return 11, 7
}

// dialectCall is a call as agents make it: a system prompt, data and then the message, with two tools.
func dialectCall() agent.ModelCall {
	schema := json.RawMessage(`{"type":"object","properties":{}}`)
	return agent.ModelCall{Temperature: 0.2, Messages: []llms.MessageContent{
		llms.TextParts(llms.ChatMessageTypeSystem, "Be kind."),
		llms.TextParts(llms.ChatMessageTypeAI, "Welcome."),
		llms.TextParts(llms.ChatMessageTypeHuman, "Data of this request."),
		llms.TextParts(llms.ChatMessageTypeHuman, " "),
		llms.TextParts(llms.ChatMessageTypeHuman, "hi"),
	}, Tools: []llms.Tool{tool("weather", "d", schema), tool("clock", "d", schema)}}
}

// dialectCases are the columns of the matrix. A case without text, calls and error fails.
var dialectCases = []struct {
	section string
	small   bool
	text    string
	calls   string
	fails   bool
}{
	{section: "whole", small: true, text: "Hello there."},
	{section: "stream", text: "Hello there."},
	{section: "tools", calls: `weather{"city":"Zürich"}`},
	{section: "parallel", calls: `weather{"city":"Zürich"} clock{"zone":"CET"}`},
	{section: "thinking", text: "42."},
	{section: "cut", fails: true},
	{section: "refused", fails: true},
}

// TestDialects makes every kind of call to a fake of every server, twice with the same client: what the server refuses
// is learnt in the first call, so that the second one needs one request.
func TestDialects(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/dialects/*.txt")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d dialects, %v", len(files), err)
	}
	for _, file := range files {
		for _, c := range dialectCases {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txt")+"/"+c.section, func(t *testing.T) {
				t.Parallel()
				s := loadServer(t, file)
				var log bytes.Buffer
				client := s.client(t, &log)
				call := dialectCall()
				call.Small = c.small
				s.answer = "stream"
				if c.fails { // what the server takes is learnt from answers
					_, err := client.Generate(t.Context(), call, nil)
					must(t, err)
				}
				s.answer = c.section
				for i := range 2 {
					s.bodies = nil
					var emitted []string
					emit := collect(&emitted)
					if c.small {
						emit = nil
					}
					answer, err := client.Generate(t.Context(), call, emit)
					checkDialect(t, s, c.section, c.text, c.calls, answer, err)
					if joined := strings.Join(emitted, ""); err == nil && !c.small && joined != c.text {
						t.Errorf("emitted %q, want %q", joined, c.text)
					}
					if n := len(s.bodies); i == 1 && n != 1 && c.section != "cut" {
						t.Errorf("the second call took %d requests", n)
					}
				}
				if bytes.Contains(log.Bytes(), []byte("operator")) {
					t.Errorf("an operator was alerted: %s", &log)
				}
			})
		}
	}
}

func checkDialect(t *testing.T, s *server, section, text, wantCalls string, answer agent.Answer, err error) {
	t.Helper()
	if text == "" && wantCalls == "" {
		if err == nil || section == "refused" && !errors.Is(err, llm.ErrBadAnswer) {
			t.Errorf("answer %+v, error %v", answer, err)
		}
		return
	}
	if err != nil {
		t.Fatalf("error %v; requests %s", err, bytes.Join(s.bodies, []byte("\n")))
	}
	var got []string
	for _, c := range answer.ToolCalls {
		var compact bytes.Buffer
		must(t, json.Compact(&compact, []byte(c.FunctionCall.Arguments)))
		got = append(got, c.FunctionCall.Name+compact.String())
	}
	if answer.Text != text || strings.Join(got, " ") != wantCalls || answer.Truncated {
		t.Errorf("text %q, calls %q, truncated %v", answer.Text, got, answer.Truncated)
	}
	u := answer.Usage
	if u.ModelCalls != 1 || u.Provider != "p" || u.Model != "m" {
		t.Errorf("usage %+v", u)
	}
	if section != "whole" && section != "stream" {
		return
	}
	if in, out := s.usage(section); u.InputTokens != in || u.OutputTokens != out || u.Estimated != (in == 0) {
		t.Errorf("usage %+v, want %d and %d", u, in, out)
	}
}
