package llm_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/llm"
)

// FuzzDecodeEventAgreesWithEncodingJSON expects decodeEvent to find in any event what encoding/json finds, if no
// object has two members of the same name.
func FuzzDecodeEventAgreesWithEncodingJSON(f *testing.F) {
	for _, delta := range []string{
		`{"content":"token "}`, `{"role":"assistant","content":""}`, `{"content":null}`, `{}`, `null`, `[]`,
		`{"content":"a\n\"\\\u00fc\ud83d\ude00\ud83d"}`, "{\"content\":\"\xc3\"}", `{"Content":"x"}`,
		`{"content":"a","content":"b"}`, `{"content":"a\u12"}`, `{"content":"a","tool_calls":[]}`,
		`{"refusal":null,"content":"a"}`, `{"refusal":"no","reasoning":"hm","reasoning_content":[]}`,
		`{"content":"\/\b\f\r\t\uFFff\uD83D\uDE00\uDE00x\ud83d\u0041"}`, `{"content":"\x"}`, `{"content":["a"]}`,
		`{"content":[{"type":"text","text":"a"},null,{"text":[{"text":"b"}]}]}`,
		`{"content":[{"type":"thinking","thinking":[{"type":"text","text":"a"}]},{"type":"reasoning","text":"b"}]}`,
		`{"reasoning_details":[{"type":"reasoning.text","text":"hm"}],"extra_content":{"google":{}}}`,
		`{"\u0063ontent":"x","REFU\u017fAL":"y"}`,
		`{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":"{\"a\":"}},null,{"index":null}]}`,
		`{"tool_calls":[{"index":-0,"function":{"arguments":{"a": [1]}}}]}`, `{"tool_calls":[{"index":1.5}]}`,
	} {
		for _, frame := range []string{
			`{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m",` +
				`"choices":[{"index":0,"delta":%,"finish_reason":null}]}`,
			`{"id": "c1", "system_fingerprint": null, ` +
				`"choices": [{"index": 0, "delta": %, "logprobs": null}], "usage": null}`,
			`{"choices":[{"index":1,"delta":%}]}`, `{"choices":[{"delta":%},{"delta":%}]}`,
			`{"choices":[{"delta":%}],"error":null}`, `{"choices":[{"delta":%,"delta":%}]}`,
			`{"created":01,"choices":[{"delta":%}]}`, `{"choices":[{"delta":%}],"choices":[]}`,
			`{"choices":[{"index":0,"message":%,"finish_reason":"stop"}],` +
				`"usage":{"prompt_tokens":1.5e+3,"d":[true,-0.1,null,{}]}}`,
			"{\"choices\":[{\"delta\":%,\"finish_reason\":\"\xa6\"}]}",
			`{"choices":[{"delta":%,"message":{"content":"b"}}]}`, `{"choices":[{"delta":%}],"usage":[1,]}`,
			`{"choices":[{"delta":%}],"usage":-}`, `{"choices":[{"delta":%}]}x`,
			`{"choices":[{"delta":%,"finish_reason":"stop"}]}`, `{"error":{},"choices":[{"delta":%}]}`,
			`{"choices":[{"delta":%}],"obfuscation":"x1"}`, `{"choices":[{"delta":%}],"errors":[ ],"detail":""}`,
			`{"choices":[{"delta":%}],"errors":["e"]}`, `{"detail":"d"}`, `{"choices":[],"object":"error"}`,
		} {
			f.Add([]byte(strings.ReplaceAll(frame, "%", delta)))
		}
	}
	f.Fuzz(func(t *testing.T, event []byte) {
		if repeatsMember(event) {
			return
		}
		got, err := llm.DecodeEvent(event)
		var reference referenceEvent
		if referenceErr := json.Unmarshal(event, &reference); (err == nil) != (referenceErr == nil) {
			t.Fatalf("%q: %v, encoding/json %v", event, err, referenceErr)
		}
		if err != nil {
			return
		}
		if diff := cmp.Diff(reference.event(), got); diff != "" {
			t.Errorf("%q: encoding/json, we: %s", event, diff)
		}
		for _, c := range reference.Choices {
			d, m := c.Delta, c.Message
			for _, text := range []referenceText{d.Content, d.Refusal, m.Content, m.Refusal} {
				joined := strings.Join(llm.JoinUTF8([]byte(text.split)), "")
				if text.isString && utf8.Valid(event) && joined != text.whole {
					t.Errorf("%q: %q, encoding/json %q", event, joined, text.whole)
				}
			}
		}
	})
}

// repeatsMember reports whether an object in event has two members whose names differ in case at most.
func repeatsMember(event []byte) bool {
	dec := jsontext.NewDecoder(bytes.NewReader(event),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	names := []map[string]bool{nil} // of the objects that are open
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return false
		}
		switch token.Kind() {
		case '{', '[':
			names = append(names, map[string]bool{})
			continue
		case '}', ']':
			names = names[:len(names)-1]
			continue
		}
		if parent, read := dec.StackIndex(dec.StackDepth()); parent != '{' || read%2 == 0 {
			continue
		}
		name := strings.ToLower(strings.ToUpper(token.String()))
		if names[len(names)-1][name] {
			return true
		}
		names[len(names)-1][name] = true
	}
}

// FuzzFrameAgreesWithDecoder expects an event that fits the frame of another to say nothing but the text found there.
func FuzzFrameAgreesWithDecoder(f *testing.F) {
	for _, frame := range []string{
		`{"id":"c1","choices":[{"index":0,"delta":{"content":"%"},"finish_reason":null}]}`,
		`{"choices":[{"index":0,"delta":{"content":"%"}}],"obfuscation":"%"}`,
	} {
		for _, text := range []string{"", "a", `\n`, `\`, `\\`, `"`, `a","x":"b`, `\"},"finish_reason":null}]}`, "\x01",
			`"},"finish_reason":null}]}`, `\u12`, `"}}],"obfuscation":"`} {
			f.Add([]byte(strings.ReplaceAll(frame, "%", "hi")), []byte(strings.ReplaceAll(frame, "%", text)))
			f.Add([]byte(strings.ReplaceAll(frame, "%", text)), []byte(strings.ReplaceAll(frame, "%", "hi")))
		}
	}
	f.Fuzz(func(t *testing.T, event, next []byte) {
		text, ok := llm.MatchFrame(event, next)
		if !ok {
			return
		}
		got, err := llm.DecodeEvent(next)
		if err != nil || len(got.Choices) != 1 {
			t.Fatalf("%q after %q: %q, decoded %+v, %v", next, event, text, got, err)
		}
		delta := llm.Event{Choices: []llm.EventChoice{{Delta: llm.EventMessage{Content: text}}}}
		message := llm.Event{Choices: []llm.EventChoice{{Message: llm.EventMessage{Content: text}}}}
		if !cmp.Equal(got, delta) && !cmp.Equal(got, message) {
			t.Errorf("%q after %q: %q, decoded %+v", next, event, text, got)
		}
	})
}

func TestFrameFitsTheNextEvent(t *testing.T) {
	t.Parallel()
	for name, frame := range map[string]string{
		"OpenAI": `{"id":"chatcmpl-9","object":"chat.completion.chunk","created":1732352461,"model":"gpt-4o-mini",` +
			`"service_tier":"default","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"content":"TEXT"},` +
			`"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"PADDING"}`,
		"vLLM": `{"id": "cmpl-7", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [{` +
			`"index": 0, "delta": {"role": "assistant", "content": "TEXT", "reasoning_content": null, ` +
			`"tool_calls": null}, "finish_reason": null}]}`,
		"document without an end": `{"choices":[{"index":0,"message":{"role":"assistant","content":"TEXT"}}]}`,
	} {
		event := func(text, padding string) []byte {
			return []byte(strings.NewReplacer("TEXT", text, "PADDING", padding).Replace(frame))
		}
		for _, first := range []string{"", "once", `\n`} {
			text, ok := llm.MatchFrame(event(first, "a"), event(` it's\n\u00fc`, "bcd"))
			if want := " it's\nü"; !ok || text != want {
				t.Errorf("%s after %q: %q, %v, want %q", name, first, text, ok, want)
			}
		}
	}
}

func TestFrameDoesNotFitOtherEvents(t *testing.T) {
	t.Parallel()
	const event = `{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}`
	for _, next := range []string{
		`{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}`,
		`{"choices":[{"index":1,"delta":{"content":"a"},"finish_reason":null}]}`,
		`{"choices":[{"index":0,"delta":{"content":"a","refusal":"b"},"finish_reason":null}]}`,
		`{"choices":[{"index":0,"delta":{"content":"a\x"},"finish_reason":null}]}`,
		`{"choices":[{"index":0,"delta":{"content":"a`, ``,
	} {
		if text, ok := llm.MatchFrame([]byte(event), []byte(next)); ok {
			t.Errorf("%s: %q", next, text)
		}
	}
	for _, other := range []string{
		`{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}`,
		`{"choices":[{"index":1,"delta":{"content":"a"}}]}`, `{"choices":[{"delta":{"content":[{"text":"a"}]}}]}`,
		`{"choices":[{"delta":{"content":"a","reasoning":"b"}}]}`, `{"choices":[{"delta":{"content":"a"}}],"error":{}}`,
		`{"choices":[{"delta":{"content":"a"},"message":{"content":"b"}}]}`,
		`{"choices":[{"delta":{"content":"a"}},{"index":1}]}`,
		`{"choices":[{"delta":{"content":"a","tool_calls":[{"id":"x"}]}}]}`,
	} {
		if text, ok := llm.MatchFrame([]byte(other), []byte(other)); ok {
			t.Errorf("%s: %q, but it says more than a text", other, text)
		}
	}
}

func TestDecodeEventReadsWholeCompletion(t *testing.T) {
	t.Parallel()
	got, err := llm.DecodeEvent([]byte(`{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{` +
		`"index":0,"message":{"role":"assistant","content":"whole","refusal":null,"annotations":[]},"logprobs":null,` +
		`"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"details":{"cached":0}}}`))
	want := llm.Event{Choices: []llm.EventChoice{{Message: llm.EventMessage{Content: "whole"}, Finish: "stop"}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, %s", err, diff)
	}
}

// FuzzUTF8JoinerIgnoresSplits splits bytes in two places. The result is valid UTF-8, does not depend on the places,
// and equals the input if that was valid.
func FuzzUTF8JoinerIgnoresSplits(f *testing.F) {
	f.Add([]byte("Grüße 漢字 🎉"), uint8(3), uint8(1))
	f.Add([]byte("\xed\xa0\xbd\xed\xb8\x80 pair"), uint8(2), uint8(2))
	f.Add([]byte("\xed\xa0\xbd\xed\xa0\xbd\xed\xb8\x80\xed\xb8\x80"), uint8(4), uint8(1))
	f.Add([]byte("\xed\xa0x\xc3\xff\xf0\x9f\x8e"), uint8(1), uint8(1))
	f.Fuzz(func(t *testing.T, text []byte, first, second uint8) {
		i := min(int(first), len(text))
		j := min(i+int(second), len(text))
		pieces := llm.JoinUTF8(text[:i], text[i:j], text[j:])
		for _, p := range pieces {
			if !utf8.ValidString(p) {
				t.Errorf("%q of %q is not valid", p, text)
			}
		}
		cut := strings.Join(pieces, "")
		if whole := strings.Join(llm.JoinUTF8(bytes.Clone(text)), ""); cut != whole {
			t.Errorf("%q cut at %d and %d gives %q, whole %q", text, i, j, cut, whole)
		}
		if utf8.Valid(text) && cut != string(text) {
			t.Errorf("%q became %q", text, cut)
		}
	})
}

// referenceEvent is an event as encoding/json decodes it.
type referenceEvent struct {
	Error      json.RawMessage `json:"error"`
	Object     json.RawMessage `json:"object"`
	Complaint  json.RawMessage `json:"detail"`
	Complaint2 json.RawMessage `json:"errors"`
	Complaint3 json.RawMessage `json:"error_msg"`
	Complaint4 json.RawMessage `json:"error_message"`
	Choices    []struct {
		Error   json.RawMessage  `json:"error"`
		Index   int              `json:"index"`
		Delta   referenceMessage `json:"delta"`
		Message referenceMessage `json:"message"`
		Finish  string           `json:"finish_reason"`
	} `json:"choices"`
}

func isPresent(value json.RawMessage) bool { return len(value) > 0 && string(value) != "null" }

// isEmpty reports whether a JSON value is an empty string, array or object.
func isEmpty(value string) bool {
	return strings.Contains(`"[{`, value[:1]) && strings.TrimSpace(value[1:len(value)-1]) == ""
}

type referenceMessage struct {
	Content    referenceText   `json:"content"`
	Refusal    referenceText   `json:"refusal"`
	Reasoning  json.RawMessage `json:"reasoning"`
	Reasoning2 json.RawMessage `json:"reasoning_content"`
	Reasoning3 json.RawMessage `json:"reasoning_details"`
	Reasoning4 json.RawMessage `json:"thinking_blocks"`
	ToolCalls  []struct {
		Index    *int   `json:"index"`
		ID       string `json:"id"`
		Function struct {
			Name      string             `json:"name"`
			Arguments referenceArguments `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
}

func (r referenceEvent) event() llm.Event {
	complains := strings.EqualFold(string(r.Object), `"error"`)
	for _, c := range []json.RawMessage{r.Complaint, r.Complaint2, r.Complaint3, r.Complaint4} {
		complains = complains || isPresent(c) && !isEmpty(string(c))
	}
	out := llm.Event{IsError: isPresent(r.Error) || complains && (r.Choices == nil || len(r.Choices) > 0)}
	for _, c := range r.Choices {
		out.IsError = out.IsError || isPresent(c.Error)
		out.Choices = append(out.Choices, llm.EventChoice{Index: c.Index, Finish: c.Finish,
			Delta: c.Delta.message(), Message: c.Message.message()})
	}
	return out
}

func (m referenceMessage) message() llm.EventMessage {
	out := llm.EventMessage{Content: m.Content.split, Refusal: m.Refusal.split, Reasoning: m.Content.thoughts}
	for _, r := range []json.RawMessage{m.Reasoning, m.Reasoning2, m.Reasoning3, m.Reasoning4} {
		out.Reasoning = out.Reasoning || !slices.Contains([]string{"", "null", `""`, "[]", "{}"}, string(r))
	}
	for _, p := range m.ToolCalls {
		call := llm.EventToolCall{Index: -1, ID: p.ID, Name: p.Function.Name, Arguments: string(p.Function.Arguments)}
		if p.Index != nil {
			call.Index = *p.Index
		}
		out.ToolCalls = append(out.ToolCalls, call)
	}
	return out
}

var errReferenceShape = errors.New("unexpected JSON type")

// referenceText is text, null, or an array of text parts.
type referenceText struct {
	split    string // may begin or end inside a character
	whole    string // encoding/json's, if isString
	isString bool
	thoughts bool // there are parts that hold thoughts
}

func (t *referenceText) UnmarshalJSON(b []byte) error {
	*t = referenceText{}
	switch {
	case string(b) == "null":
		return nil
	case b[0] == '"':
		t.split, t.isString = llm.Unquote(b[1:len(b)-1]), true
		return json.Unmarshal(b, &t.whole)
	case b[0] != '[':
		return errReferenceShape
	}
	var parts []struct {
		Text referenceText   `json:"text"`
		Type json.RawMessage `json:"type"`
	}
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	for _, p := range parts {
		var kind string
		if json.Unmarshal(p.Type, &kind) == nil && slices.Contains([]string{"thinking", "reasoning",
			"redacted_thinking", "thought", "reasoning_text"}, kind) {
			t.thoughts = true
			continue
		}
		t.split += p.Text.split
		t.thoughts = t.thoughts || p.Text.thoughts
	}
	return nil
}

// referenceArguments are JSON inside a string, or an object.
type referenceArguments string

func (a *referenceArguments) UnmarshalJSON(b []byte) error {
	switch {
	case string(b) == "null":
		*a = ""
	case b[0] == '"':
		*a = referenceArguments(llm.Unquote(b[1 : len(b)-1]))
	case b[0] == '{':
		*a = referenceArguments(b)
	default:
		return errReferenceShape
	}
	return nil
}
