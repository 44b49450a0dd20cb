package llm_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/adiuva/cloud-api/internal/llm"
)

func FuzzFastAndSlowWayAgree(f *testing.F) {
	for _, delta := range []string{`{"content":"token "}`, `{"role":"assistant","content":""}`, `{"content":null}`,
		`{"content":"a\n\"\\\u00fc\ud83d\ude00\ud83d"}`, "{\"content\":\"\xc3\"}", `{"Content":"x"}`, `{"content":"a","content":"b"}`,
		`{"content":"a\u12"}`, `{"content":"a","tool_calls":[]}`, `{"refusal":null,"content":"a"}`, `{"content":"\/\b\f\r\t\uFFff\uD83D\uDE00\uDE00x\ud83d\u0041"}`, `{"content":"\x"}`, `{"content":["a"]}`, `{}`} {
		for _, frame := range []string{
			`{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":%,"finish_reason":null}]}`,
			`{"id": "c1", "system_fingerprint": null, "choices": [{"index": 0, "delta": %, "logprobs": null}], "usage": null}`,
			`{"choices":[{"index":1,"delta":%}]}`, `{"choices":[{"delta":%},{"delta":%}]}`, `{"choices":[{"delta":%}],"error":null}`,
			`{"choices":[{"delta":%,"delta":%}]}`, `{"created":01,"choices":[{"delta":%}]}`, `{"choices":[{"delta":%}],"choices":[]}`,
			`{"choices":[{"index":0,"message":%,"finish_reason":"stop"}],"usage":{"prompt_tokens":1.5e+3,"d":[true,-0.1,null,{}]}}`,
			"{\"choices\":[{\"delta\":%,\"finish_reason\":\"\xa6\"}]}", `{"choices":[{"delta":%,"message":{"content":"b"}}]}`, `{"choices":[{"delta":%}],"usage":[1,]}`, `{"choices":[{"delta":%}],"usage":-}`,
			`{"choices":[{"delta":%}]}x`, `{"choices":[{"delta":%,"finish_reason":"stop"}]}`, `{"error":{},"choices":[{"delta":%}]}`,
		} {
			f.Add([]byte(strings.ReplaceAll(frame, "%", delta)))
		}
	}
	f.Fuzz(func(t *testing.T, event []byte) {
		fast, reason, ok := llm.FastText(event)
		if !ok {
			return
		}
		if slow, ended, plain := llm.SlowText(event); !plain || slow != fast || ended != reason {
			t.Errorf("%q: fast %q %q, slow %q %q (plain %v)", event, fast, reason, slow, ended, plain)
		}
		if !utf8.Valid(event) {
			return
		}
		var std struct {
			Choices []struct{ Delta, Message struct{ Content string } }
		}
		if err := json.Unmarshal(event, &std); err != nil {
			t.Fatalf("%q: %v", event, err)
		}
		if got := strings.Join(llm.Characters([]byte(fast)), ""); got != std.Choices[0].Delta.Content+std.Choices[0].Message.Content {
			t.Errorf("%q: %q, encoding/json %q", event, got, std.Choices[0])
		}
	})
}

// FuzzNextEvent expects of an event the same text whatever event was read before it.
func FuzzNextEvent(f *testing.F) {
	frame := `{"id":"c1","choices":[{"index":0,"delta":{"content":"%"},"finish_reason":null}]}`
	for _, text := range []string{"", "a", `\n`, `\`, `\\`, `"`, `a","x":"b`, `\"},"finish_reason":null}]}`, "\x01", `"},"finish_reason":null}]}`, `\u12`} {
		f.Add([]byte(strings.ReplaceAll(frame, "%", "hi")), []byte(strings.ReplaceAll(frame, "%", text)))
		f.Add([]byte(strings.ReplaceAll(frame, "%", text)), []byte(strings.ReplaceAll(frame, "%", "hi")))
	}
	f.Fuzz(func(t *testing.T, event, next []byte) {
		want, reason, ok := llm.FastText(next)
		if got, ended, also := llm.NextText(event, next); got != want || ended != reason || also != ok {
			t.Errorf("%q after %q: %q %q %v, alone %q %q %v", next, event, got, ended, also, want, reason, ok)
		}
	})
}

func TestFastWayTakesTheCommonEvents(t *testing.T) {
	t.Parallel()
	for event, want := range map[string]string{
		`{"id":"chatcmpl-9","object":"chat.completion.chunk","created":1732352461,"model":"gpt-4o-mini","service_tier":"default","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"content":" it's\n\u00fc"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"x1"}`: " it's\nü",
		`{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"whole","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"details":{"cached":0}}}`:                    "whole",
		`{"id": "cmpl-7", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "hi", "reasoning_content": null, "tool_calls": null}, "finish_reason": null}]}`:                                                     "hi",
	} {
		if got, _, ok := llm.FastText([]byte(event)); !ok || got != want {
			t.Errorf("%q, %v for %s", got, ok, event)
		}
	}
}

// FuzzCharacters cuts bytes in two places: what comes out is valid, the same for any cut, and the text itself where that
// was valid.
func FuzzCharacters(f *testing.F) {
	f.Add([]byte("Grüße 漢字 🎉"), uint8(3), uint8(1))
	f.Add([]byte("\xed\xa0\xbd\xed\xb8\x80 pair"), uint8(2), uint8(2))
	f.Add([]byte("\xed\xa0\xbd\xed\xa0\xbd\xed\xb8\x80\xed\xb8\x80"), uint8(4), uint8(1))
	f.Add([]byte("\xed\xa0x\xc3\xff\xf0\x9f\x8e"), uint8(1), uint8(1))
	f.Fuzz(func(t *testing.T, text []byte, first, second uint8) {
		i := min(int(first), len(text))
		j := min(i+int(second), len(text))
		pieces := llm.Characters(text[:i], text[i:j], text[j:])
		for _, p := range pieces {
			if !utf8.ValidString(p) {
				t.Errorf("%q of %q is not valid", p, text)
			}
		}
		cut := strings.Join(pieces, "")
		if whole := strings.Join(llm.Characters(bytes.Clone(text)), ""); cut != whole {
			t.Errorf("%q cut at %d and %d gives %q, whole %q", text, i, j, cut, whole)
		}
		if utf8.Valid(text) && cut != string(text) {
			t.Errorf("%q became %q", text, cut)
		}
	})
}
