package llm_test

import (
	"errors"
	"testing"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// withoutTools are refusals of every tool, by server.
var withoutTools = map[string]llmtest.Step{
	"OpenAI": refusal(400, `{"error":{"message":"Unsupported parameter: 'tools' is not supported with this model.",`+
		`"type":"invalid_request_error","param":"tools","code":"unsupported_parameter"}}`),
	"Ollama": refusal(400, `{"error":{"message":"registry.ollama.ai/library/gemma3:4b does not support tools",`+
		`"type":"api_error"}}`),
	"OpenRouter": refusal(404, `{"error":{"message":"No endpoints found that support tool use. To learn more about `+
		`provider routing, visit the docs","code":404}}`),
	"DeepSeek": refusal(400, `{"error":{"message":"deepseek-reasoner does not support Function Calling",`+
		`"type":"invalid_request_error"}}`),
	"Mistral": refusal(400, `{"object":"error","message":"Function calling is not enabled for this model",`+
		`"type":"invalid_request_function_call","code":"3051"}`),
	"Groq": refusal(400, "{\"error\":{\"message\":\"`tool calling` is not supported with this model\","+
		`"type":"invalid_request_error"}}`),
	"vLLM": refusal(400, `{"object":"error","message":"\"auto\" tool choice requires --enable-auto-tool-choice and `+
		`--tool-call-parser to be set","type":"BadRequestError","code":400}`),
	"llama.cpp": refusal(500, `{"error":{"code":500,"message":"tools param requires --jinja flag",`+
		`"type":"server_error"}}`),
	"LiteLLM": refusal(400, `{"error":{"message":"litellm.UnsupportedParamsError: groq does not support parameters: `+
		`['tools', 'tool_choice'], for model=x","code":"400"}}`),
}

// withTools are refusals that speak of tools and mean something else.
var withTools = map[string]llmtest.Step{
	"tool_choice": refusal(400, `{"error":{"message":"Unsupported parameter: 'tool_choice' is not supported"}}`),
	"parallel":    refusal(400, `{"error":{"message":"parallel_tool_calls is not supported by this model"}}`),
	"schema":      refusal(400, `{"error":{"message":"Invalid schema for function 'f': tools[0].function"}}`),
	"busy":        refusal(503, `{"error":{"message":"This pod does not support tools until it is loaded"}}`),
	"key":         refusal(401, `{"error":{"message":"This key does not support tools"}}`),
}

func TestModelsThatCannotCallToolsAreRecognised(t *testing.T) {
	t.Parallel()
	for name, step := range withoutTools {
		requests, err := askWithTool(t, step)
		if !errors.Is(err, agent.ErrNoTools) || requests != 1 {
			t.Errorf("%s: %v after %d requests", name, err, requests)
		}
		if err := refused(t, step); errors.Is(err, agent.ErrNoTools) {
			t.Errorf("%s: a call without tools: %v", name, err)
		}
	}
	for name, step := range withTools {
		if _, err := askWithTool(t, step); err == nil || errors.Is(err, agent.ErrNoTools) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// askWithTool returns the error of a call with a tool that the server answers with step, and how many requests it took.
func askWithTool(t *testing.T, step llmtest.Step) (requests int, err error) {
	t.Helper()
	client, srv := setup(t)
	srv.Script(step, step, step)
	call := ask("hi")
	call.Tools = []llms.Tool{tool("f", "d", []byte(`{"type":"object","properties":{}}`))}
	_, err = client.Generate(t.Context(), call, nil)
	return len(srv.Requests()), err
}

// TestBadKeysAreRecognisedBehindStatus400 has the keys refused as Gemini and xAI do.
func TestBadKeysAreRecognisedBehindStatus400(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body    string
		refused bool
		unclear bool // the text alone says so, which may quote a person
	}{
		"Gemini": {`[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.",` +
			`"status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo",` +
			`"reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}]`, true, false},
		"Gemini, without details": {`{"error":{"code":400,"message":"API key expired. Please renew the API key.",` +
			`"status":"INVALID_ARGUMENT"}}`, true, true},
		"xAI": {`{"code":"Client specified an invalid argument","error":"Incorrect API key provided: sk-xx."}`,
			true, true},
		"something else": {`{"error":{"code":400,"message":"Invalid JSON payload","status":"INVALID_ARGUMENT",` +
			`"details":"none"}}`, false, false},
	} {
		client, srv := setup(t)
		srv.Script(refusal(400, c.body))
		_, err := client.Generate(t.Context(), ask("hi"), nil)
		var f *agent.ModelFailure
		if !errors.As(err, &f) {
			t.Fatalf("%s: %v", name, err)
		}
		if (f.Kind == agent.FailureRefused) != c.refused || f.Unclear != c.unclear || f.Status != 400 {
			t.Errorf("%s: %+v", name, *f)
		}
	}
}
