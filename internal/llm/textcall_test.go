package llm_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

const textArgs = `{"city":"Zürich"}`

// TestTextThatIsACallIsTakenAsOne streams each text in pieces of one and three characters and at once.
func TestTextThatIsACallIsTakenAsOne(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"<tool_call>\n{\"name\": \"weather\", \"arguments\": " + textArgs + "}\n</tool_call>",
		"<tool_call>{\"name\":\"weather\",\"arguments\":" + textArgs + "}",
		"<tool_call><function=weather><parameter=city>\nZürich\n</parameter></function></tool_call>",
		"<function=weather>" + textArgs + "</function>",
		"<|tool_call|>{\"name\":\"weather\",\"arguments\":" + textArgs + "}<|/tool_call|>",
		`{"name":"weather","parameters":` + textArgs + `}`,
		`{"type":"function","function":{"name":"weather","arguments":"{\"city\":\"Zürich\"}"}}`,
		`{"tool_calls":[{"name":"weather","arguments":` + textArgs + `}]}`,
		"```json\n{\"name\":\"weather\",\"arguments\":" + textArgs + "}\n```",
		`[TOOL_CALLS] [{"name":"weather","arguments":` + textArgs + `}]`,
		`[TOOL_CALLS]weather[ARGS]` + textArgs,
		"<|python_tag|>{\"name\":\"weather\",\"parameters\":" + textArgs + "}",
		"<think>I need it.</think>\n{\"name\":\"weather\",\"arguments\":" + textArgs + "}",
	} {
		for _, size := range []int{1, 3, len(text)} {
			client, srv := setup(t)
			srv.Script(llmtest.Say(pieces(text, size)...))
			var emitted []string
			answer, err := client.Generate(t.Context(), dialectCall(), collect(&emitted))
			if err != nil || answer.Text != "" || len(answer.ToolCalls) != 1 || emitted != nil ||
				answer.ToolCalls[0].FunctionCall.Name != "weather" ||
				answer.ToolCalls[0].FunctionCall.Arguments != textArgs || answer.ToolCalls[0].ID == "" {
				t.Errorf("%q in pieces of %d: calls %q, text %q, emitted %q, error %v", text, size,
					calls(answer.ToolCalls), answer.Text, emitted, err)
			}
		}
	}
}

func TestOtherTextStaysText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"name":"unknown","arguments":{}}`, `{"name":"weather"}`, `{"name":"weather","arguments":{}} as you asked`,
		"```go\nfunc main() {}\n```", "Here: <tool_call>{\"name\":\"weather\",\"arguments\":{}}</tool_call>",
		"<tool_call>", "<table>", "[1] first, [2] second", "[TOOL_CALLS]", "{", "`", "[", "```", "{ }", "  ",
		`{"name":"weather","arguments":7}`, "<tool_call>{\"name\":\"unknown\",\"arguments\":{}}</tool_call>",
		"{\"name\":\"" + strings.Repeat("x", 70_000),
	} {
		client, srv := setup(t)
		srv.Script(llmtest.Say(pieces(text, 1+len(text)/100)...))
		var emitted []string
		answer, err := client.Generate(t.Context(), dialectCall(), collect(&emitted))
		if err != nil || answer.Text != text || answer.ToolCalls != nil || strings.Join(emitted, "") != text {
			t.Errorf("%.40q: text %.40q, calls %q, error %v", text, answer.Text, calls(answer.ToolCalls), err)
		}
	}
}

// TestTextIsHeldBackOnlyAsLongAsItMayBeACall also shows that text flows where no call is allowed.
func TestTextIsHeldBackOnlyAsLongAsItMayBeACall(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		parts, want []string
		textOnly    bool
	}{
		"prose":            {[]string{"Hello", " {"}, []string{"Hello", " {"}, false},
		"an object":        {[]string{`{"ti`, `tle":`, `1}`}, []string{`{"ti`, `tle":`, `1}`}, false},
		"a code block":     {[]string{"``", "`go\n", "x := 1"}, []string{"```go\nx := 1"}, false},
		"no call allowed":  {[]string{`{"name":`, `1}`}, []string{`{"name":`, `1}`}, true},
		"perhaps a call":   {[]string{`{"na`, `me": 1}`}, []string{`{"name": 1}`}, false},
		"a list of quotes": {[]string{"[", `"a"`, "]"}, []string{`["a"`, "]"}, false},
	} {
		client, srv := setup(t)
		srv.Script(llmtest.Say(c.parts...))
		var emitted []string
		call := dialectCall()
		call.TextOnly = c.textOnly
		_, err := client.Generate(t.Context(), call, collect(&emitted))
		if err != nil || !slices.Equal(emitted, c.want) {
			t.Errorf("%s: emitted %q, want %q, error %v", name, emitted, c.want, err)
		}
	}
}

// pieces cuts text into pieces of that many characters.
func pieces(text string, size int) []string {
	var list []string
	for chunk := range slices.Chunk([]rune(text), size) {
		list = append(list, string(chunk))
	}
	return list
}
