package llm_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

func TestFinishReasons(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]struct {
		truncated bool
		err       *fault.Error
	}{
		"stop": {}, "STOP": {}, "tool_calls": {}, "end_turn": {}, "COMPLETE": {}, "eos": {},
		"length": {truncated: true}, "max_tokens": {truncated: true}, "MAX_TOKENS": {truncated: true},
		"model_length": {truncated: true}, "max_output_tokens": {truncated: true},
		"content_filter": {err: llm.ErrBadAnswer}, "SAFETY": {err: llm.ErrBadAnswer},
		"sensitive": {err: llm.ErrBadAnswer}, "RECITATION": {err: llm.ErrBadAnswer},
		"error": {err: llm.ErrUnavailable}, "abort": {err: llm.ErrUnavailable},
		"network_error": {err: llm.ErrUnavailable}, "insufficient_system_resource": {err: llm.ErrUnavailable},
		"cancelled": {err: llm.ErrUnavailable}, "malformed_function_call": {err: llm.ErrUnavailable},
		"a reason of tomorrow": {err: llm.ErrUnavailable},
	} {
		client, srv := setup(t)
		srv.Script(func(x *llmtest.Exchange) { x.Text("half"); x.Finish(reason) })
		answer, err := client.Generate(t.Context(), ask("hi"), nil)
		if want.err != nil {
			if !errors.Is(err, want.err) || answer.Text != "" {
				t.Errorf("%s: answer %+v, error %v", reason, answer, err)
			}
			continue
		}
		if err != nil || answer.Text != "half" || answer.Truncated != want.truncated {
			t.Errorf("%s: answer %+v, error %v", reason, answer, err)
		}
	}
}

func TestErrorsInStreamsAreFailures(t *testing.T) {
	t.Parallel()
	for name, event := range map[string]string{
		"object":                 `data: {"error":{"message":"%s","type":"server_error"}}`,
		"string":                 `data: {"error":"%s"}`,
		"object named so":        `data: {"object":"error","message":"%s","type":"InternalServerError","code":500}`,
		"list":                   `data: [{"error":{"code":503,"message":"%s","status":"UNAVAILABLE"}}]`,
		"in the choice":          `data: {"choices":[{"index":0,"delta":{},"error":{"code":502,"message":"%s"}}]}`,
		"detail":                 `data: {"detail":"%s"}`,
		"errors":                 `data: {"errors":[{"message":"%s"}],"success":false}`,
		"named event":            "event: error\ndata: {\"message\":\"%s\"}",
		"named event of no JSON": "event: error\ndata: %s",
	} {
		client, srv := setup(t)
		srv.Script(raw(hiEvent, fmt.Sprintf(event, llmtest.Secret)+"\n\n", doneEvent))
		answer, err := client.Generate(t.Context(), ask("hi"), nil)
		if err == nil || answer.Text != "" || strings.Contains(fmt.Sprint(err), llmtest.Secret) {
			t.Errorf("%s: answer %+v, error %v", name, answer, err)
		}
	}
}

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text) // a buffer never fails
	_ = z.Close()
	return b.String()
}

// encodedAs answers with a body under headers that may be wrong.
func encodedAs(contentType, encoding, body string) llmtest.Step {
	return func(x *llmtest.Exchange) {
		if encoding != "" {
			x.Header().Set("Content-Encoding", encoding)
		}
		x.Head(http.StatusOK, contentType)
		x.Raw(body)
	}
}

func TestStrangeEncodingsLoseNothing(t *testing.T) {
	t.Parallel()
	const stream = hiEvent + stopEvent + doneEvent
	const document = `{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}]}`
	for name, step := range map[string]llmtest.Step{
		"stream as JSON":            encodedAs("application/json", "", stream),
		"stream without a type":     encodedAs("", "", stream),
		"stream as text":            encodedAs("text/plain", "", stream),
		"document as a stream":      encodedAs("text/event-stream", "", document),
		"document as HTML":          encodedAs("text/html", "", document),
		"byte order mark, stream":   encodedAs("text/event-stream", "", "\ufeff"+stream),
		"byte order mark, document": encodedAs("application/json", "", "\ufeff\r\n"+document+"\n\n"),
		"gzip, stream":              encodedAs("text/event-stream", "gzip", zipped(stream)),
		"gzip, document":            encodedAs("application/json", "GZIP", zipped(document)),
		"empty lines and comments":  encodedAs("text/event-stream", "", "\n\n:\n\n: x\n\n"+stream),
	} {
		client, srv := setup(t)
		srv.Script(step)
		if answer, err := client.Generate(t.Context(), ask("hi"), nil); err != nil || answer.Text != "hi" {
			t.Errorf("%s: answer %+v, error %v", name, answer, err)
		}
	}
}

// TestHostileAnswersAreBounded has upstreams that send too much, or what is no answer.
func TestHostileAnswersAreBounded(t *testing.T) {
	t.Attr("case", "L10")
	t.Parallel()
	repeat := func(head, part string, n int) llmtest.Step {
		return func(x *llmtest.Exchange) {
			x.Raw(head)
			for part := strings.Repeat(part, 1000); n > 0 && x.Context().Err() == nil; n-- {
				x.Raw(part)
			}
		}
	}
	call := `data: {"choices":[{"index":0,"delta":{"tool_calls":[{"id":"%d","function":{"name":"f"}}]}}]}` + "\n\n"
	var calls strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&calls, call, i)
	}
	for name, step := range map[string]llmtest.Step{
		"a million events":          repeat("", hiEvent, 1000),
		"one event of 10 MB":        repeat(`data: {"choices":[{"delta":{"content":"`, strings.Repeat("x", 10), 1000),
		"an event of many lines":    repeat("", "data: xxxxxxxx\n", 1000),
		"endless comments":          repeat("", ": xxxxxxxxxx\n\n", 2000),
		"a document of 10 MB":       repeat(`{"choices":[{"message":{"content":"`, "xxxxxxxxxx", 1000),
		"endless space":             repeat("", "          ", 2000),
		"10,000 tool calls":         raw(calls.String()),
		"half a JSON":               encodedAs("application/json", "", `{"choices":[{"message":{"con`),
		"a web page":                encodedAs("text/html", "", "<!doctype html><p>"+llmtest.Secret),
		"a web page as a stream":    encodedAs("text/event-stream", "", "<html>"+llmtest.Secret),
		"plain words":               encodedAs("text/plain", "", llmtest.Secret),
		"gzip that is none":         encodedAs("text/event-stream", "gzip", llmtest.Secret),
		"an unknown encoding":       encodedAs("application/json", "br", llmtest.Secret),
		"a bomb":                    encodedAs("application/json", "gzip", zipped(strings.Repeat(" ", 40<<20))),
		"deeply nested":             raw("data: " + strings.Repeat("[", 100_000) + "\n\n"),
		"deeply nested in a member": raw(`data: {"a":` + strings.Repeat("[", 100_000) + "\n\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			client, srv := setup(t, func(c *llm.Config) { c.Log = slog.New(slog.NewJSONHandler(&log, nil)) })
			srv.Script(step, step)
			start := time.Now()
			answer, err := client.Generate(t.Context(), ask("hi"), nil)
			if err == nil || fault.From(err).Code != fault.LLMError && fault.From(err).Code != fault.LLMUnavailable {
				t.Errorf("answer of %d bytes, error %v", len(answer.Text), err)
			}
			if strings.Contains(fmt.Sprint(err)+log.String(), "sk-upstream") {
				t.Errorf("the upstream's words got out: %v, %s", err, &log)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestNULNeverLeaves(t *testing.T) {
	t.Attr("case", "L13")
	t.Parallel()
	client, srv := setup(t)
	srv.Script(deltas("tool_calls", `{"content":"a\u0000b"}`, "{\"content\":\"\\u0000\"}",
		`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"t\":\"x\\u0000y\\\\u0000z\"}"}}]}`))
	answer, err := client.Generate(t.Context(), ask("hi"), nil)
	if err != nil || answer.Text != "ab" || answer.ToolCalls[0].FunctionCall.Arguments != `{"t":"xy\\u0000z"}` {
		t.Fatalf("text %q, calls %q, error %v", answer.Text, calls(answer.ToolCalls), err)
	}
}

func TestArgumentsAreRepairedWhereTheIntentIsPlain(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		``: `{}`, `null`: `{}`, `""`: `{}`, `{"a":1}`: `{"a":1}`, `"{\"a\":1}"`: `{"a":1}`,
		"```json\n{\"a\":1}\n```": `{"a":1}`, `{"a":[1,{"b":2`: `{"a":[1,{"b":2}]}`, `{"a":1,`: `{"a":1}`,
		`{}{"a":1}`: `{"a":1}`, `{"a":"cut in a te`: `{"a":"cut in a te`, `[1]`: `[1]`, `hello`: `hello`,
	} {
		quoted, err := json.Marshal(sent)
		must(t, err)
		part := fmt.Sprintf(`{"index":0,"id":"a","function":{"name":"f","arguments":%s}}`, quoted)
		for reason, want := range map[string]string{"tool_calls": want, "length": ""} {
			client, srv := setup(t)
			srv.Script(func(x *llmtest.Exchange) { x.Calls(part); x.Finish(reason) })
			answer, err := client.Generate(t.Context(), ask("hi"), nil)
			must(t, err)
			got := answer.ToolCalls[0].FunctionCall.Arguments
			if reason == "length" && strings.HasPrefix(sent, `{"a":[`) && got != sent {
				t.Errorf("%q was cut and became %q", sent, got) // half a call must not be carried out
			}
			if reason != "length" && got != want {
				t.Errorf("%q became %q, want %q", sent, got, want)
			}
		}
	}
}

// TestRefusalsOfWordsAreNotOfTheKey answers 403 to what one person wrote. Package provider must not stop others for it.
func TestRefusalsOfWordsAreNotOfTheKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refusal string
		want    *fault.Error
		unclear bool
	}{
		"moderation": {`{"error":{"message":"Your input was flagged","code":403,"metadata":{"reasons":["x"]}}}`,
			agent.ErrModelAnswer, false},
		"xAI": {`{"code":"permission-denied","error":"Content violates usage guidelines."}`,
			agent.ErrModelAnswer, false},
		"a gateway without a reason": {"<html>Attention Required!</html>", agent.ErrModelUnavailable, true},
	} {
		client, srv := setup(t)
		srv.Script(llmtest.Send(403, "application/json", c.refusal))
		_, err := client.Generate(t.Context(), ask("bad"), nil)
		var f *agent.ModelFailure
		if !errors.Is(err, c.want) || !errors.As(err, &f) {
			t.Fatalf("%s: %v", name, err)
		}
		if f.Unclear != c.unclear || f.RefusesKey() != c.unclear {
			t.Errorf("%s: %+v", name, *f)
		}
	}
}

func TestAddressesWithQueries(t *testing.T) {
	t.Parallel()
	for base, want := range map[string][2]string{
		"https://x.openai.azure.com/openai/deployments/d?api-version=1": {
			"https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=1", "Api-Key"},
		"https://gateway.example/azure/?api-version=1": {
			"https://gateway.example/azure/chat/completions?api-version=1", "Api-Key"},
		"https://h.example/v1/":                 {"https://h.example/v1/chat/completions", "Authorization"},
		"https://h.example/v1/chat/completions": {"https://h.example/v1/chat/completions", "Authorization"},
		"https://h.example?k=v":                 {"https://h.example/chat/completions?k=v", "Authorization"},
	} {
		s := &server{sections: map[string]string{"url": base, "a": "200 application/json\n" + wholeAnswer}, answer: "a"}
		_, err := s.client(t, io.Discard).Generate(t.Context(), ask("hi"), nil)
		must(t, err)
		key := map[string]string{"Api-Key": "sk-test", "Authorization": "Bearer sk-test"}[want[1]]
		if s.urls[0] != want[0] || s.headers[0].Get(want[1]) != key || len(s.headers[0]) != 2 {
			t.Errorf("%s: %s, header %v", base, s.urls[0], s.headers[0])
		}
	}
	for _, base := range []string{"https://h/v1#top", "h/v1", "ftp://h/v1", "https:///v1", "://", "https://h:p:q"} {
		if _, err := llm.New(llm.Config{BaseURL: base}); err == nil || strings.Contains(err.Error(), base) {
			t.Errorf("%s is accepted, or quoted: %v", base, err)
		}
	}
}

// TestEveryAnswerIsBounded also shows that a lower limit of the model is learnt.
func TestEveryAnswerIsBounded(t *testing.T) {
	t.Parallel()
	client, srv := setup(t, func(c *llm.Config) { c.MaxTokens = 9000 })
	tooMany := llmtest.Send(400, "application/json", `{"error":{"message":"max_tokens is too large: 9000. This model `+
		`supports at most 4096 completion tokens, whereas you provided 9000.","param":"max_tokens"}}`)
	srv.Script(tooMany, fine, fine, fine)
	limited := ask("hi")
	limited.MaxTokens = 64
	for _, call := range []agent.ModelCall{ask("hi"), ask("hi"), limited} {
		_, err := client.Generate(t.Context(), call, nil)
		must(t, err)
	}
	for i, want := range []string{"9000", "4096", "4096", "64"} {
		if body := srv.Requests()[i].Body; !bytes.Contains(body, []byte(`"max_tokens":`+want+`,`)) {
			t.Errorf("request %d has no limit of %s: %s", i, want, body)
		}
	}
}

// TestOpenAIIsAlwaysToldToStoreNothing has a proxy in OpenAI's name refuse the member.
func TestOpenAIIsAlwaysToldToStoreNothing(t *testing.T) {
	t.Parallel()
	s := &server{sections: map[string]string{"url": "https://api.openai.com/v1",
		"a": "400 application/json\n" + `{"error":{"message":"Unknown parameter: 'store'.","param":"store"}}`},
		answer: "a"}
	if _, err := s.client(t, io.Discard).Generate(t.Context(), ask("hi"), nil); !errors.Is(err, llm.ErrBadAnswer) {
		t.Errorf("error %v", err)
	}
	if len(s.bodies) != 1 || !bytes.Contains(s.bodies[0], []byte(`"store":false`)) {
		t.Errorf("requests %s", s.bodies)
	}
}

// TestAdaptingIsBounded has a server that refuses something else each time, and shows that what was learnt stays.
func TestAdaptingIsBounded(t *testing.T) {
	t.Attr("case", "L10")
	t.Parallel()
	client, srv := setup(t)
	refuse := func(name string) llmtest.Step {
		return llmtest.Send(400, "application/json", `{"error":{"message":"Unknown parameter: '`+name+`'."}}`)
	}
	for _, name := range []string{
		"store", "temperature", "max_tokens", "stream_options", "max_completion_tokens", "x",
	} {
		srv.Script(refuse(name))
	}
	if _, err := client.Generate(t.Context(), ask("hi"), nil); !errors.Is(err, llm.ErrBadAnswer) {
		t.Errorf("error %v", err)
	}
	if n := len(srv.Requests()); n != 6 {
		t.Errorf("%d requests", n)
	}
	srv.Script(refuse("messages"))
	if _, err := client.Generate(t.Context(), ask("hi"), nil); !errors.Is(err, llm.ErrBadAnswer) {
		t.Errorf("error %v", err)
	}
	if n := len(srv.Requests()); n != 7 || bytes.Contains(srv.Requests()[6].Body, []byte(`"store"`)) {
		t.Errorf("%d requests", n)
	}
}

func TestManyCallsLearnAtOnce(t *testing.T) {
	t.Parallel()
	s := loadServer(t, "testdata/dialects/mistral.txt")
	s.answer = "stream"
	client := s.client(t, io.Discard)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if answer, err := client.Generate(context.Background(), dialectCall(), nil); err != nil ||
				answer.Text != "Hello there." {
				t.Errorf("answer %+v, error %v", answer, err)
			}
		})
	}
	all.Wait()
}

// TestThoughtThatBeginsInThePromptIsLearnt has a model whose answers have only the end of the thought. The first one is
// shown as it comes, unless nobody watches. After an answer without a thought, text flows again.
func TestThoughtThatBeginsInThePromptIsLearnt(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	say := llmtest.Say("I think ", "so.</think>\n\n", "Done.")
	for i, want := range []string{"Done.", "Done.", "Hello."} {
		srv.Script(say)
		var emitted []string
		emit := collect(&emitted)
		if i == 0 {
			emit = nil
		}
		answer, err := client.Generate(t.Context(), ask("hi"), emit)
		if err != nil || answer.Text != want || i > 0 && strings.Join(emitted, "") != want {
			t.Errorf("call %d: %q, emitted %q, error %v", i, answer.Text, emitted, err)
		}
		say = llmtest.Say("I think ", "so.</think>\n\n", "Done.")
		if i == 1 {
			say = llmtest.Say("Hel", "lo.") // without a thought
		}
	}
	srv.Script(llmtest.Say("Hel", "lo."))
	var emitted []string
	if _, err := client.Generate(t.Context(), ask("hi"), collect(&emitted)); err != nil || len(emitted) != 2 {
		t.Errorf("emitted %q, error %v", emitted, err)
	}
}

// TestLimitThatLeavesNoTextIsTruncation has OpenAI's answer to a limit that the reasoning used up.
func TestLimitThatLeavesNoTextIsTruncation(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	srv.Script(llmtest.Send(400, "application/json", `{"error":{"message":"Could not finish the message because `+
		`max_tokens or model output limit was reached. Please try again with higher max_tokens.",`+
		`"type":"invalid_request_error","param":null,"code":null}}`))
	answer, err := client.Generate(t.Context(), ask("hi"), nil)
	if err != nil || !answer.Truncated || answer.Text != "" || len(srv.Requests()) != 1 {
		t.Errorf("answer %+v, error %v", answer, err)
	}
}
