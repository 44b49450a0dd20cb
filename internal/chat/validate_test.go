package chat_test

import (
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/fault"
)

func TestInvalidRequestsAreRejected(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		req  chat.Request
		want string
	}{
		{chat.Request{Message: ""}, "/message"},
		{chat.Request{Message: " \n"}, "/message"},
		{chat.Request{Message: strings.Repeat("é", 32_001)}, "/message"},
		{chat.Request{Message: strings.Repeat("é", 32_000)}, ""},
		{chat.Request{Message: "m", Mode: "dance"}, "/execution_mode"},
		{chat.Request{Message: "m", Timezone: "Europe/Berlin"}, ""},
		{chat.Request{Message: "m", Timezone: "W. Europe Standard Time"}, ""},
		{chat.Request{Message: "m", Timezone: "Mars/Base"}, "/context/timezone"},
		{chat.Request{Message: "m", Timezone: "Local"}, "/context/timezone"},
		{chat.Request{Message: "m", Timezone: "../../etc/passwd"}, "/context/timezone"},
		{chat.Request{Message: "m", Context: agent.Context{History: []agent.Turn{{Role: "system", Content: "x"}}}},
			"/context/conversation_history/0/role"},
	} {
		o, _ := setup(t, says("task_agent"), says("ok"))
		_, err := o.Run(t.Context(), pro, c.req, silent)
		got := ""
		if f := fault.From(err); f != nil && len(f.Details) == 1 && f.Code == "validation_failed" {
			got = f.Details[0].Pointer
		}
		if got != c.want || (err == nil) != (c.want == "") {
			t.Errorf("message %.20q, time zone %q: got pointer %q and error %v",
				c.req.Message, c.req.Timezone, got, err)
		}
	}
}
