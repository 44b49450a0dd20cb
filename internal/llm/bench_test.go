package llm_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/openai"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/llm"
)

// canned responds to every request at once with the same bytes, so that only the client's work is measured.
type canned struct{ contentType, body string }

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {c.contentType}}, Request: r,
		Body: io.NopCloser(strings.NewReader(c.body)), ContentLength: int64(len(c.body))}, nil
}

// streamOf returns a stream of n tokens as OpenAI sends it.
func streamOf(n int) canned {
	var b strings.Builder
	event := func(delta, finish string) {
		fmt.Fprintf(&b, `data: {"id":"chatcmpl-9","object":"chat.completion.chunk","created":1732352461,`+
			`"model":"gpt-4o-mini","service_tier":"default","system_fingerprint":"fp_1",`+
			`"choices":[{"index":0,"delta":%s,"logprobs":null,"finish_reason":%s}]}`+"\n\n", delta, finish)
	}
	event(`{"role":"assistant","content":""}`, "null")
	for range n {
		event(`{"content":"token "}`, "null")
	}
	event(`{}`, `"stop"`)
	b.WriteString("data: [DONE]\n\n")
	return canned{"text/event-stream", b.String()}
}

const wholeAnswer = `{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,` +
	`"message":{"role":"assistant","content":"task_agent"},"finish_reason":"stop"}],` +
	`"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}`

// conversation returns a call of usual size: a prompt, ten turns and two tools.
func conversation() agent.ModelCall {
	prompt := llms.TextParts(llms.ChatMessageTypeSystem, strings.Repeat("Be kind. ", 100))
	call := agent.ModelCall{Messages: []llms.MessageContent{prompt}}
	for i := range 10 {
		role := llms.ChatMessageTypeHuman
		if i%2 == 1 {
			role = llms.ChatMessageTypeAI
		}
		turn := llms.TextParts(role, "What are my open tasks for the week, and which are late?")
		call.Messages = append(call.Messages, turn)
	}
	for _, name := range []string{"create_task", "list_tasks"} {
		title := map[string]any{"title": map[string]any{"type": "string"}}
		call.Tools = append(call.Tools, tool(name, "Does it.", map[string]any{"type": "object", "properties": title}))
	}
	return call
}

func tool(name, description string, parameters any) llms.Tool {
	return llms.Tool{Type: "function",
		Function: &llms.FunctionDefinition{Name: name, Description: description, Parameters: parameters}}
}

// bare makes the call with net/http and encoding/json alone: no timeouts, no classification of failures.
func bare(b *testing.B, transport http.RoundTripper, call agent.ModelCall, stream bool) {
	b.Helper()
	type message struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	}
	request := struct {
		Model    string      `json:"model"`
		Stream   bool        `json:"stream"`
		Messages []message   `json:"messages"`
		Tools    []llms.Tool `json:"tools,omitempty"`
	}{Model: "m", Stream: stream, Tools: call.Tools}
	for _, m := range call.Messages {
		request.Messages = append(request.Messages, message{string(m.Role), m.Parts[0].(llms.TextContent).Text})
	}
	body, err := json.Marshal(request)
	if err != nil {
		b.Fatal(err)
	}
	const address = "http://model/v1/chat/completions"
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	type choices struct {
		Choices []struct {
			Delta, Message struct{ Content string }
		}
	}
	var answer strings.Builder
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		data := bytes.TrimPrefix(lines.Bytes(), []byte("data: "))
		var c choices
		if len(data) == 0 || string(data) == "[DONE]" {
			continue
		}
		if err := json.Unmarshal(data, &c); err != nil {
			b.Fatal(err)
		}
		answer.WriteString(c.Choices[0].Delta.Content)
		answer.WriteString(c.Choices[0].Message.Content)
	}
	if answer.Len() == 0 {
		b.Fatal("no answer")
	}
}

// contestants returns three ways to make the same call.
func contestants(b *testing.B, transport http.RoundTripper, call agent.ModelCall, stream bool) map[string]func() {
	b.Helper()
	ours, err := llm.New(llm.Config{APIKey: "k", BaseURL: "http://model/v1", Model: benchModel, Transport: transport})
	if err != nil {
		b.Fatal(err)
	}
	plain, err := openai.New(openai.WithToken("k"), openai.WithBaseURL("http://model/v1"), openai.WithModel(benchModel),
		openai.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		b.Fatal(err)
	}
	opts := []llms.CallOption{llms.WithTools(call.Tools)}
	var emit agent.Emit
	if stream {
		emit = func(string) error { return nil }
		opts = append(opts, llms.WithStreamingFunc(func(context.Context, []byte) error { return nil }))
	}
	call.Small = !stream
	return map[string]func(){
		"ours": func() {
			if a, err := ours.Generate(b.Context(), call, emit); err != nil || a.Text == "" {
				b.Fatal(a, err)
			}
		},
		"nethttp": func() { bare(b, transport, call, stream) },
		"langchaingo": func() {
			a, err := plain.GenerateContent(b.Context(), call.Messages, opts...)
			if err != nil || a.Choices[0].Content == "" {
				b.Fatal(a, err)
			}
		},
	}
}

// compare runs the three in turns within one loop, so that other load on the machine affects them alike. It reports
// our time for a call, and its ratio to each of the others.
func compare(b *testing.B, transport http.RoundTripper, call agent.ModelCall, stream bool) {
	b.Helper()
	run := contestants(b, transport, call, stream)
	spent := map[string]time.Duration{}
	for name := range run {
		run[name]() // warm
	}
	for b.Loop() {
		for _, name := range []string{"ours", "nethttp", "langchaingo"} {
			start := time.Now()
			run[name]()
			spent[name] += time.Since(start)
		}
	}
	b.ReportMetric(float64(spent["ours"].Nanoseconds())/float64(b.N), "ours-ns/call")
	b.ReportMetric(float64(spent["ours"])/float64(spent["nethttp"]), "x-nethttp")
	b.ReportMetric(float64(spent["ours"])/float64(spent["langchaingo"]), "x-langchaingo")
}

// BenchmarkCalls compares calls with bare net/http and with langchaingo. Its ns/op is of all three together: read the
// ratios.
func BenchmarkCalls(b *testing.B) {
	b.Run("whole", func(b *testing.B) { compare(b, canned{"application/json", wholeAnswer}, conversation(), false) })
	b.Run("stream_20", func(b *testing.B) { compare(b, streamOf(20), conversation(), true) })
	b.Run("stream_500", func(b *testing.B) { compare(b, streamOf(500), conversation(), true) })
	b.Run("stream_2000", func(b *testing.B) { compare(b, streamOf(2000), conversation(), true) })
}

// BenchmarkTokens measures one token of a long stream.
func BenchmarkTokens(b *testing.B) {
	for _, name := range []string{"ours", "nethttp", "langchaingo"} {
		b.Run(name, func(b *testing.B) {
			run := contestants(b, streamOf(1000), conversation(), true)[name]
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/token")
		})
	}
}

// benchModel is the default of the router.
const benchModel = "gpt-4o-mini"
