package llm

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
)

// chunk is what we read of a streamed event, or of a whole completion (message instead of delta).
type chunk struct {
	Error   json.RawMessage `json:"error"`
	Choices []struct {
		Index   int     `json:"index"`
		Delta   message `json:"delta"`
		Message message `json:"message"`
		Finish  string  `json:"finish_reason"`
	} `json:"choices"`
}

type message struct {
	Content   content    `json:"content"`
	Refusal   string     `json:"refusal"`
	ToolCalls []toolPart `json:"tool_calls"`
}

type toolPart struct {
	Index    *int   `json:"index"`
	ID       string `json:"id"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

// content is text, null, or an array of text parts, as servers have it.
type content string

func (c *content) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '[' {
		return json.Unmarshal(b, (*string)(c))
	}
	var parts []struct{ Text string }
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	for _, p := range parts {
		*c += content(p.Text)
	}
	return nil
}

// readStream reads server-sent events until [DONE] or the end.
func readStream(ctx context.Context, resp *http.Response, ex *exchange, w *watch) error {
	a := &assembly{emit: ex.emit}
	in := bufio.NewReaderSize(io.LimitReader(resp.Body, maxAnswer), 16<<10)
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			head := bytes.Clone(line)
			var rest []byte
			rest, err = in.ReadBytes('\n')
			line = append(head, rest...)
		}
		if err != nil && err != io.EOF {
			return broken(ctx, err, a.begun)
		}
		if data, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			data = bytes.TrimSpace(data)
			if string(data) == "[DONE]" {
				a.done = true
				w.timer.Reset(drainTime)
				_, _ = io.Copy(io.Discard, in) // the answer is whole already
				break
			}
			if len(data) > 0 {
				w.heard(!a.begun)
				if err := a.add(data); err != nil {
					return err
				}
			}
		}
		if err == io.EOF {
			break
		}
	}
	return a.finish(ctx, ex)
}

// readWhole reads a completion sent as one JSON document, asked for or not.
func readWhole(ctx context.Context, resp *http.Response, ex *exchange, now time.Time) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return broken(ctx, err, false)
	}
	a := &assembly{emit: ex.emit, done: true}
	if err := a.add(body); err != nil {
		return err
	}
	return a.finish(ctx, ex)
}

// assembly builds the answer from its parts. Tool calls are told apart by index and id.
type assembly struct {
	emit   agent.Emit
	text   strings.Builder
	tools  []*tool
	reason string
	seen   bool // a choice has been seen
	begun  bool
	done   bool
}

type tool struct {
	index    int
	id, name string
	args     strings.Builder
}

func (a *assembly) add(data []byte) error {
	a.begun = true
	var c chunk
	if err := json.Unmarshal(data, &c); err != nil {
		return &failure{kind: protocol, begun: a.begun, cause: errors.New("event is not JSON")}
	}
	if len(c.Error) > 0 && string(c.Error) != "null" {
		f := refusal(http.StatusOK, nil, data, time.Time{})
		f.begun = a.seen
		return f
	}
	for i := range c.Choices {
		ch := &c.Choices[i]
		if ch.Index != 0 {
			continue
		}
		a.seen = true
		for _, m := range []*message{&ch.Delta, &ch.Message} {
			if err := a.say(string(m.Content) + m.Refusal); err != nil {
				return err
			}
			for _, part := range m.ToolCalls {
				a.tool(part)
			}
		}
		if ch.Finish != "" {
			a.reason = ch.Finish
		}
	}
	return nil
}

func (a *assembly) say(text string) error {
	if text == "" {
		return nil
	}
	a.text.WriteString(text)
	if a.emit == nil {
		return nil
	}
	if err := a.emit(text); err != nil {
		return &failure{kind: sink, begun: true, cause: err}
	}
	return nil
}

func (a *assembly) tool(p toolPart) {
	var t *tool
	switch {
	case p.Index != nil:
		for _, x := range a.tools {
			if x.index == *p.Index {
				t = x // the last of that index: some servers never move it
			}
		}
	case p.ID == "" && len(a.tools) > 0:
		t = a.tools[len(a.tools)-1]
	}
	if t != nil && p.ID != "" && p.ID != t.id {
		t = nil
	}
	if t == nil {
		if p.ID == "" && p.Function.Name == "" {
			return // a part of nothing
		}
		t = &tool{index: len(a.tools), id: p.ID}
		if p.Index != nil {
			t.index = *p.Index
		}
		a.tools = append(a.tools, t)
	}
	if t.name == "" {
		t.name = p.Function.Name
	}
	t.args.WriteString(p.Function.Arguments)
}

// finish moves the answer into ex, or says why there is none.
func (a *assembly) finish(ctx context.Context, ex *exchange) error {
	if ctx.Err() != nil && !a.done {
		return broken(ctx, ctx.Err(), a.begun)
	}
	if !a.seen || (a.reason == "" && !a.done) {
		return &failure{kind: protocol, begun: a.begun, cause: errors.New("answer ended before its end")}
	}
	if a.reason == "content_filter" {
		return &failure{kind: refused, begun: true, cause: errors.New("answer withheld by the upstream's filter")}
	}
	answer := agent.Answer{Text: a.text.String(), Truncated: a.reason == "length"}
	if !utf8.ValidString(answer.Text) {
		return &failure{kind: protocol, begun: true, cause: errors.New("answer is not UTF-8")}
	}
	for i, t := range a.tools {
		args := t.args.String()
		if args == "" {
			args = "{}"
		}
		if t.id == "" {
			t.id = "call_" + string(rune('a'+i%26))
		}
		answer.ToolCalls = append(answer.ToolCalls, llms.ToolCall{
			ID: t.id, Type: "function", FunctionCall: &llms.FunctionCall{Name: t.name, Arguments: args},
		})
	}
	ex.answer = answer
	return nil
}
