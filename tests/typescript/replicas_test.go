package typescript_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// toolTimeout is how long the app has for a tool, in place of a minute. Tools that answer in time take milliseconds.
const toolTimeout = 4 * time.Second

// startReplicas starts two replicas of a service with the model answerAsTold, over one database and with the same
// SECRETS_KEY. It returns their APIs' base URLs, separated by a comma.
func startReplicas(t *testing.T) string {
	t.Helper()
	replica := apitest.Replica{Config: apitest.Config(t), DB: pgtest.New(t)}
	var bases []string
	for range 2 {
		model := llmtest.NewModelFunc(answerAsTold)
		model.SetChunkSize(16)
		a := apitest.StartReplica(t, replica, model, func(c *httpapi.Config) { c.ToolTimeout = toolTimeout })
		bases = append(bases, a.URL+"/api/v1")
	}
	return strings.Join(bases, ",")
}

// answerAsTold is a model that never ends its answer to the message "wait", and otherwise answers as callAsTold.
func answerAsTold(ctx context.Context, call agent.ModelCall, _ agent.Emit) (agent.Answer, error) {
	if last := call.Messages[len(call.Messages)-1]; llmtest.TextOf(last) == "wait" {
		<-ctx.Done()
	}
	return callAsTold(call), ctx.Err()
}

// callAsTold is a model that makes the calls that a message lists and then answers with their results. Each round of
// calls is a line of the message, as "call NAME ARGUMENTS & NAME ARGUMENTS".
func callAsTold(call agent.ModelCall) agent.Answer {
	var rounds, results []string
	made := 0
	for _, m := range call.Messages {
		switch m.Role {
		case llms.ChatMessageTypeHuman:
			for line := range strings.Lines(llmtest.TextOf(m)) {
				if calls, ok := strings.CutPrefix(strings.TrimSpace(line), "call "); ok {
					rounds = append(rounds, calls)
				}
			}
		case llms.ChatMessageTypeAI:
			made++
		case llms.ChatMessageTypeTool:
			for _, part := range m.Parts {
				results = append(results, part.(llms.ToolCallResponse).Content)
			}
		}
	}
	if made >= len(rounds) || len(call.Tools) == 0 {
		return agent.Answer{Text: "The app says: " + strings.Join(results, "\n")}
	}
	var answer agent.Answer
	for i, one := range strings.Split(rounds[made], " & ") {
		name, arguments, _ := strings.Cut(one, " ")
		answer.ToolCalls = append(answer.ToolCalls, llms.ToolCall{
			ID: fmt.Sprintf("c%d.%d", made, i), Type: "function",
			FunctionCall: &llms.FunctionCall{Name: name, Arguments: arguments},
		})
	}
	return answer
}
