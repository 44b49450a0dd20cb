package llm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tmc/langchaingo/llms"
	"go.uber.org/goleak"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/http1"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// setup returns a client and its fake upstream. The client does not wait before retries.
func setup(t *testing.T, change ...func(*llm.Config)) (*llm.Client, *llmtest.Server) {
	t.Helper()
	srv := llmtest.NewServer(t)
	transport := http1.New(&http.Transport{MaxIdleConnsPerHost: 64})
	t.Cleanup(transport.CloseIdleConnections)
	cfg := llm.Config{APIKey: "sk-test", BaseURL: srv.URL, Model: "big", RouterModel: "small", Transport: transport,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	for _, f := range change {
		f(&cfg)
	}
	client, err := llm.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client, srv
}

func ask(text string) agent.ModelCall {
	return agent.ModelCall{Messages: []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, text)}}
}

func toolResult(id, name, content string) llms.MessageContent {
	return llms.MessageContent{Role: llms.ChatMessageTypeTool,
		Parts: []llms.ContentPart{llms.ToolCallResponse{ToolCallID: id, Name: name, Content: content}}}
}

// collect returns an Emit that appends to to.
func collect(to *[]string) agent.Emit {
	return func(text string) error {
		*to = append(*to, text)
		return nil
	}
}

func TestTextIsEmittedAsItArrives(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	tokens := make(chan string)
	srv.Script(llmtest.Tokens(tokens))
	emitted := make(chan string)
	type result struct {
		answer agent.Answer
		err    error
	}
	results := make(chan result)
	go func() {
		answer, err := client.Generate(t.Context(), ask("hi"), func(s string) error { emitted <- s; return nil })
		results <- result{answer, err}
	}()
	for _, token := range []string{"Hello", ",\n", `"you"`} {
		tokens <- token
		if got := <-emitted; got != token { // the upstream has not sent the next one yet
			t.Fatalf("emitted %q, want %q", got, token)
		}
	}
	close(tokens)
	r := <-results
	if r.err != nil || r.answer.Text != "Hello,\n\"you\"" || r.answer.Truncated || r.answer.ToolCalls != nil {
		t.Fatalf("result %+v", r)
	}
}

func TestRequestSendsMessagesAndTools(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	srv.Script(llmtest.Say("task_agent"), llmtest.Say("Done."))
	small := ask("route me")
	small.Small, small.MaxTokens = true, 64
	if answer, err := client.Generate(t.Context(), small, nil); err != nil || answer.Text != "task_agent" {
		t.Fatalf("answer %+v, error %v", answer, err)
	}
	call := agent.ModelCall{Temperature: 0.2, Messages: []llms.MessageContent{
		llms.TextParts(llms.ChatMessageTypeSystem, "Be kind."),
		llms.TextParts(llms.ChatMessageTypeHuman, "do it"),
		{Role: llms.ChatMessageTypeAI, Parts: []llms.ContentPart{llms.ToolCall{ID: "c1", Type: "function",
			FunctionCall: &llms.FunctionCall{Name: "f", Arguments: `{"a":1}`}}}},
		toolResult("c1", "f", "ok"),
	}, Tools: []llms.Tool{tool("f", "d", map[string]any{"type": "object"})}}
	if _, err := client.Generate(t.Context(), call, nil); err != nil {
		t.Fatal(err)
	}
	requests := srv.Requests()
	first, second := requests[0], requests[1]
	if first.Model != "small" || first.Stream || second.Model != "big" || !second.Stream {
		t.Errorf("models %q, %q; streamed %v, %v", first.Model, second.Model, first.Stream, second.Stream)
	}
	if got := second.Header.Get("Authorization"); got != "Bearer sk-test" {
		t.Errorf("Authorization %q", got)
	}
	if m := second.Messages; len(m) != 4 || m[0].Role != "system" || m[0].Content != "Be kind." ||
		m[2].ToolCalls[0].ID != "c1" || m[3].ToolCallID != "c1" || m[3].Content != "ok" {
		t.Errorf("messages %+v", m)
	}
	if len(first.Tools) != 0 || len(second.Tools) != 1 || second.Tools[0].Function.Name != "f" {
		t.Errorf("tools %+v, %+v", first.Tools, second.Tools)
	}
	var extra struct {
		Store       *bool
		Temperature float64
	}
	err := json.Unmarshal(second.Body, &extra)
	if err != nil || extra.Store == nil || *extra.Store || extra.Temperature != 0.2 {
		t.Errorf("%v in %s, want store false and temperature 0.2", err, second.Body)
	}
}

func TestReasoningModelsGetNoTemperature(t *testing.T) {
	t.Parallel()
	for name, temperature := range map[string]bool{
		"llama3.1:8b": true, "org/\"Quoted\" <model>": true, "gpt-4": true, "gpt-4o-mini": true,
		"gpt-5-mini": false, "o3-mini": false,
	} {
		client, srv := setup(t, func(c *llm.Config) { c.Model, c.RouterModel = name, "" })
		srv.Script(llmtest.Say("hi"), llmtest.Say("hi"))
		small := ask("route")
		small.Small = true
		for _, call := range []agent.ModelCall{ask("hi"), small} {
			if _, err := client.Generate(t.Context(), call, nil); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range srv.Requests() {
			hasTemperature := bytes.Contains(r.Body, []byte(`"temperature"`))
			if r.Model != name || hasTemperature != temperature || bytes.Count(r.Body, []byte(`"model"`)) != 1 {
				t.Errorf("%s: request %s, want a temperature: %v", name, r.Body, temperature)
			}
		}
	}
}

func TestAzureGetsItsQueryAndItsHeader(t *testing.T) {
	t.Parallel()
	client, srv := setup(t, func(c *llm.Config) {
		c.BaseURL, c.APIKeyHeader = c.BaseURL+"/?api-version=2024-10-21", "api-key"
	})
	own := ask("hi")
	own.Attempt.Key = agent.NewKey("caller")
	for i, want := range []string{"sk-test", "caller"} {
		srv.Script(llmtest.Say("hi"))
		if _, err := client.Generate(t.Context(), []agent.ModelCall{ask("hi"), own}[i], nil); err != nil {
			t.Fatal(err)
		}
		h := srv.Requests()[i].Header
		if h.Get("Api-Key") != want || h.Get("Authorization") != "" {
			t.Errorf("header %v", h)
		}
	}
}

func TestNoAPIKeySendsNoAuthorization(t *testing.T) {
	t.Parallel()
	client, srv := setup(t, func(c *llm.Config) { c.APIKey = "" })
	srv.Script(llmtest.Say("hi"))
	if _, err := client.Generate(t.Context(), ask("hi"), nil); err != nil {
		t.Fatal(err)
	}
	if got, ok := srv.Requests()[0].Header["Authorization"]; ok {
		t.Fatalf("Authorization %q", got)
	}
}

func TestEnvironmentIsNotRead(t *testing.T) {
	proxy := llmtest.NewServer(t)
	for _, name := range []string{
		"OPENAI_API_KEY", "OPENAI_MODEL", "OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_ORGANIZATION",
	} {
		t.Setenv(name, "from-the-environment")
	}
	t.Setenv("HTTP_PROXY", strings.TrimSuffix(proxy.URL, "/v1"))
	client, srv := setup(t, func(c *llm.Config) {
		c.Transport = nil                                                 // the default one
		c.BaseURL = strings.Replace(c.BaseURL, "127.0.0.1", "0.0.0.0", 1) // net/http never uses a proxy for 127.0.0.1
	})
	t.Cleanup(client.Close)
	srv.Script(llmtest.Say("hi"))
	if answer, err := client.Generate(t.Context(), ask("hi"), nil); err != nil || answer.Text != "hi" {
		t.Fatalf("answer %+v, error %v", answer, err)
	}
	r := srv.Requests()[0]
	if r.Model != "big" || r.Header.Get("Authorization") != "Bearer sk-test" ||
		r.Header.Get("OpenAI-Organization") != "" {
		t.Errorf("model %q, header %v", r.Model, r.Header)
	}
	if n := len(proxy.Requests()); n != 0 {
		t.Errorf("the proxy got %d requests", n)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	t.Attr("case", "L12")
	t.Parallel()
	client, srv := setup(t)
	other := llmtest.NewServer(t)
	srv.Script(func(x *llmtest.Exchange) {
		x.Header().Set("Location", other.URL+"/chat/completions")
		x.Head(http.StatusTemporaryRedirect, "text/plain")
	})
	_, err := client.Generate(t.Context(), ask("private"), nil)
	if !errors.Is(err, llm.ErrBadAnswer) {
		t.Fatalf("error %v, want ErrBadAnswer", err)
	}
	if n := len(other.Requests()); n != 0 {
		t.Fatalf("the redirect's target got %d requests", n)
	}
}

func TestTruncatedAnswerIsMarked(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	srv.Script(llmtest.SayTruncated("This is as far as"))
	answer, err := client.Generate(t.Context(), ask("hi"), nil)
	if err != nil || !answer.Truncated || answer.Text != "This is as far as" {
		t.Fatalf("answer %+v, error %v", answer, err)
	}
}

func TestConnectionIsReused(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	const n = 10
	for range n {
		srv.Script(func(x *llmtest.Exchange) {
			x.Text("hi")
			x.Finish("stop")
			<-time.After(5 * time.Millisecond) // the client reads [DONE] before the last chunk of the body
		})
		if _, err := client.Generate(t.Context(), ask("hi"), nil); err != nil {
			t.Fatal(err)
		}
	}
	if opened := srv.Connections(); opened > n/2 { // a busy machine may exceed the drain timeout
		t.Fatalf("%d connections for %d calls", opened, n)
	}
}

func TestDrainAfterDoneIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler := llmtest.NewHandler()
		handler.Script(llmtest.LateEnd(nil, "whole"))
		start := time.Now()
		answer, err := newBubbleClient(t, handler).Generate(t.Context(), ask("hi"), nil)
		if took := time.Since(start); err != nil || answer.Text != "whole" || took != 50*time.Millisecond {
			t.Fatalf("answer %+v, error %v after %v", answer, err, took)
		}
		<-handler.Canceled()
	})
}

func TestConcurrentCallsDoNotMixText(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	const n = 64
	for range n {
		srv.Script(llmtest.Say("one ", "two ", "three"))
	}
	errs := make(chan error, n)
	for range n {
		go func() {
			var emitted []string
			answer, err := client.Generate(t.Context(), ask("hi"), collect(&emitted))
			want := []string{"one ", "two ", "three"}
			if err == nil && (answer.Text != "one two three" || !slices.Equal(emitted, want)) {
				err = errors.New("answers are mixed up: " + answer.Text + " | " + strings.Join(emitted, "|"))
			}
			errs <- err
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
}
