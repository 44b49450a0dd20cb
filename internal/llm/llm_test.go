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
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// setup returns a client of a fake upstream, which waits before retries in no time at all.
func setup(t *testing.T, change ...func(*llm.Config)) (*llm.Client, *llmtest.Server) {
	t.Helper()
	srv := llmtest.NewServer(t)
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
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

// listen returns an Emit that keeps what it hears.
func listen(to *[]string) agent.Emit {
	return func(text string) error {
		*to = append(*to, text)
		return nil
	}
}

func TestTextIsEmittedAsItComes(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	tokens := make(chan string)
	srv.Script(llmtest.Tokens(tokens))
	heard := make(chan string)
	type result struct {
		answer agent.Answer
		err    error
	}
	end := make(chan result)
	go func() {
		answer, err := client.Generate(t.Context(), ask("hi"), func(s string) error { heard <- s; return nil })
		end <- result{answer, err}
	}()
	for _, token := range []string{"Hello", ",\n", `"you"`} {
		tokens <- token
		if got := <-heard; got != token { // before the next token exists
			t.Fatalf("heard %q, want %q", got, token)
		}
	}
	close(tokens)
	if r := <-end; r.err != nil || r.answer.Text != "Hello,\n\"you\"" || r.answer.Truncated || r.answer.ToolCalls != nil {
		t.Fatalf("%+v", r)
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	srv.Script(llmtest.Say("task_agent"), llmtest.Say("Done."))
	small := ask("route me")
	small.Small, small.MaxTokens = true, 64
	if answer, err := client.Generate(t.Context(), small, nil); err != nil || answer.Text != "task_agent" {
		t.Fatal(answer, err)
	}
	call := agent.ModelCall{Temperature: 0.2, Messages: []llms.MessageContent{
		llms.TextParts(llms.ChatMessageTypeSystem, "Be kind."),
		llms.TextParts(llms.ChatMessageTypeHuman, "do it"),
		{Role: llms.ChatMessageTypeAI, Parts: []llms.ContentPart{llms.ToolCall{ID: "c1", Type: "function",
			FunctionCall: &llms.FunctionCall{Name: "f", Arguments: `{"a":1}`}}}},
		{Role: llms.ChatMessageTypeTool, Parts: []llms.ContentPart{llms.ToolCallResponse{ToolCallID: "c1", Name: "f", Content: "ok"}}},
	}, Tools: []llms.Tool{{Type: "function", Function: &llms.FunctionDefinition{Name: "f", Description: "d",
		Parameters: map[string]any{"type": "object"}}}}}
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
	if m := second.Messages; len(m) != 4 || m[0].Role != "system" || m[0].Content != "Be kind." || m[2].ToolCalls[0].ID != "c1" ||
		m[3].ToolCallID != "c1" || m[3].Content != "ok" {
		t.Errorf("messages %+v", m)
	}
	if len(first.Tools) != 0 || len(second.Tools) != 1 || second.Tools[0].Function.Name != "f" {
		t.Errorf("tools %+v, %+v", first.Tools, second.Tools)
	}
	var extra struct {
		Store       *bool
		Temperature float64
	}
	if err := json.Unmarshal(second.Body, &extra); err != nil || extra.Store == nil || *extra.Store || extra.Temperature != 0.2 {
		t.Errorf("%s", second.Body)
	}
}

func TestModelNames(t *testing.T) {
	t.Parallel()
	for name, temperature := range map[string]bool{
		"llama3.1:8b": true, "org/\"Quoted\" <model>": true, "gpt-4": true, "gpt-4o-mini": true, "gpt-5-mini": false, "o3-mini": false,
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
			if r.Model != name || bytes.Contains(r.Body, []byte(`"temperature"`)) != temperature || bytes.Count(r.Body, []byte(`"model"`)) != 1 {
				t.Errorf("%s: %s", name, r.Body)
			}
		}
	}
}

func TestKeylessServerGetsNoAuthorization(t *testing.T) {
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
	for _, name := range []string{"OPENAI_API_KEY", "OPENAI_MODEL", "OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_ORGANIZATION"} {
		t.Setenv(name, "from-the-environment")
	}
	t.Setenv("HTTP_PROXY", strings.TrimSuffix(proxy.URL, "/v1"))
	client, srv := setup(t, func(c *llm.Config) {
		c.Transport = nil                                                 // the client's own
		c.BaseURL = strings.Replace(c.BaseURL, "127.0.0.1", "0.0.0.0", 1) // a proxy is never asked for loopback addresses
	})
	t.Cleanup(client.Close)
	srv.Script(llmtest.Say("hi"))
	if answer, err := client.Generate(t.Context(), ask("hi"), nil); err != nil || answer.Text != "hi" {
		t.Fatal(answer, err)
	}
	r := srv.Requests()[0]
	if r.Model != "big" || r.Header.Get("Authorization") != "Bearer sk-test" || r.Header.Get("OpenAI-Organization") != "" {
		t.Errorf("model %q, header %v", r.Model, r.Header)
	}
	if n := len(proxy.Requests()); n != 0 {
		t.Errorf("the proxy got %d requests", n)
	}
}

func TestRedirectIsRefused(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	other := llmtest.NewServer(t)
	srv.Script(func(x *llmtest.Exchange) {
		x.Header().Set("Location", other.URL+"/chat/completions")
		x.Head(http.StatusTemporaryRedirect, "text/plain")
	})
	_, err := client.Generate(t.Context(), ask("private"), nil)
	if !errors.Is(err, llm.ErrBadAnswer) {
		t.Fatalf("%v", err)
	}
	if n := len(other.Requests()); n != 0 {
		t.Fatalf("the redirect's target got %d requests", n)
	}
}

func TestTruncated(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	srv.Script(llmtest.SayTruncated("This is as far as"))
	answer, err := client.Generate(t.Context(), ask("hi"), nil)
	if err != nil || !answer.Truncated || answer.Text != "This is as far as" {
		t.Fatal(answer, err)
	}
}

func TestConnectionIsUsedAgain(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	const n = 10
	for range n {
		srv.Script(func(x *llmtest.Exchange) {
			x.Text("hi")
			x.Finish("stop")
			<-time.After(5 * time.Millisecond) // the body's last chunk comes after [DONE] was read
		})
		if _, err := client.Generate(t.Context(), ask("hi"), nil); err != nil {
			t.Fatal(err)
		}
	}
	if opened := srv.Connections(); opened > n/2 { // one, unless the machine stands still for longer than we wait
		t.Fatalf("%d connections for %d calls", opened, n)
	}
}

func TestBodyThatDoesNotEndIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler := llmtest.NewHandler()
		handler.Script(llmtest.LateEnd(nil, "whole"))
		begun := time.Now()
		answer, err := bubble(t, handler).Generate(t.Context(), ask("hi"), nil)
		if took := time.Since(begun); err != nil || answer.Text != "whole" || took != 50*time.Millisecond {
			t.Fatal(answer, err, took)
		}
		<-handler.Canceled()
	})
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	const n = 64
	want := llmtest.Say("one ", "two ", "three")
	for range n {
		srv.Script(want)
	}
	errs := make(chan error, n)
	for range n {
		go func() {
			var heard []string
			answer, err := client.Generate(t.Context(), ask("hi"), listen(&heard))
			if err == nil && (answer.Text != "one two three" || !slices.Equal(heard, []string{"one ", "two ", "three"})) {
				err = errors.New("mixed up: " + answer.Text + " | " + strings.Join(heard, "|"))
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
