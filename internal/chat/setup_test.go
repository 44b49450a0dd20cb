package chat_test

import (
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
)

// silent hears nothing.
var silent chat.Listener

// textTo hears the text of the answer.
func textTo(emit agent.Emit) chat.Listener { return chat.Listener{Text: emit} }
