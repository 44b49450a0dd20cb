package llm_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// tooLong are responses of servers to a prompt that does not fit, by server.
var tooLong = map[string]llmtest.Step{
	"OpenAI": refusal(400, `{"error":{"message":"This model's maximum context length is 128000 tokens. However, your `+
		`messages resulted in 201003 tokens.","type":"invalid_request_error","code":"context_length_exceeded"}}`),
	"OpenAI, in the stream": llmtest.Send(200, "text/event-stream",
		"data: {\"error\":{\"message\":\"Your input exceeds the context window of this model.\","+
			"\"type\":\"invalid_request_error\",\"code\":\"context_length_exceeded\"}}\n\n"),
	"Anthropic": refusal(400, `{"type":"error","error":{"type":"invalid_request_error",`+
		`"message":"prompt is too long: 215004 tokens > 200000 maximum"}}`),
	"Anthropic with the answer": refusal(400, `{"error":{"type":"invalid_request_error","message":"input length and `+
		"`max_tokens`"+` exceed context limit: 190000 + 20000 > 200000"}}`),
	"Gemini": refusal(400, `[{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum `+
		`number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}]`),
	"Mistral": refusal(400, `{"object":"error","message":"Prompt contains 40021 tokens and 0 draft tokens, too large `+
		`for model with 32768 maximum context length","type":"invalid_request_prompt","code":"3051"}`),
	"vLLM": refusal(400, `{"object":"error","message":"The decoder prompt (length 5012) is longer than the maximum `+
		`model length of 4096.","type":"BadRequestError","code":400}`),
	"llama.cpp": refusal(400, `{"error":{"code":400,"message":"the request exceeds the available context size. try `+
		`increasing the context size or enable context shift","type":"exceed_context_size_error"}}`),
	"llama.cpp, older": refusal(500, `{"error":{"code":500,"message":"the request exceeds the available context size",`+
		`"type":"server_error"}}`),
	"LM Studio": refusal(400, `{"error":"Trying to keep the first 6021 tokens when context the overflows. However, `+
		`the model is loaded with context length of only 4096 tokens, which is not enough."}`),
	"Ollama":    refusal(400, `{"error":{"message":"input length exceeds maximum context length"}}`),
	"Bedrock":   refusal(400, `{"message":"Input is too long for requested model."}`),
	"xAI":       refusal(400, `{"error":"This model's maximum prompt length is 131072 but it contains 140003."}`),
	"TGI":       refusal(422, `{"error":"Input validation error: inputs tokens + max_new_tokens must be <= 4096"}`),
	"Cohere":    refusal(400, `{"message":"too many tokens: number of tokens in the prompt cannot exceed 128000"}`),
	"a gateway": refusal(413, `<html>Request Entity Too Large</html>`),
}

// otherwise are refusals that speak of tokens and lengths, and mean something else.
var otherwise = map[string]llmtest.Step{
	"tokens a minute": refusal(429, `{"error":{"message":"Request too large for model on tokens per minute (TPM): `+
		`Limit 30000, Requested 41000. Please reduce the length of the messages.","code":"rate_limit_exceeded"}}`),
	"longest answer": refusal(400, `{"error":{"message":"max_tokens is too large: 100000. This model supports at most `+
		`4096 completion tokens.","type":"invalid_request_error","param":"max_tokens"}}`),
	"unknown member": refusal(400, `{"error":{"message":"Unrecognized request argument supplied: store"}}`),
}

func refusal(status int, body string) llmtest.Step {
	return llmtest.Send(status, "application/json", body)
}

func TestPromptsThatAreTooLongAreRecognised(t *testing.T) {
	t.Attr("case", "L09")
	t.Parallel()
	for name, step := range tooLong {
		err := refused(t, step)
		if !errors.Is(err, agent.ErrContextTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "maximum") {
			t.Errorf("%s: the error repeats the server: %v", name, err)
		}
	}
	for name, step := range otherwise {
		if err := refused(t, step); errors.Is(err, agent.ErrContextTooLarge) { // another dialect may succeed
			t.Errorf("%s: %v", name, err)
		}
	}
}

// refused returns the error of a call that the server answers with step, and with step again if the call is repeated.
func refused(t *testing.T, step llmtest.Step) error {
	t.Helper()
	server := llmtest.NewServer(t)
	server.Script(step, step)
	client, err := llm.New(llm.Config{BaseURL: server.URL, Model: "m",
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, err = client.Generate(t.Context(), agent.ModelCall{Messages: []llms.MessageContent{
		llms.TextParts(llms.ChatMessageTypeHuman, "Hello")}}, func(string) error { return nil })
	return err
}
