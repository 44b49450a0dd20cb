package llm

import (
	"bytes"
	"encoding/json"

	"github.com/adiuva/cloud-api/internal/agent"
)

// maxStateBytes bounds what is kept of one answer to give it back. What is larger is not given back.
const maxStateBytes = 1 << 20

// answerState is what a server wants back with the results of its tool calls: the model's reasoning and the members of
// calls that are not in OpenAI's protocol, such as signatures. It goes to the same server and model only.
type answerState struct {
	owner    *exchange
	model    string
	thoughts []rawMember
	calls    map[string]callExtras // by id
}

// savedState is what of an answerState a client may hold: the members of calls, but no reasoning.
type savedState struct {
	Server string // host and path
	Model  string
	Calls  map[string]savedExtras // by id
}

type savedExtras struct{ Call, Function []savedMember }

type savedMember struct {
	Name  string
	Value json.RawMessage
}

// maxSavedBytes bounds what Save returns: a signature has a few kilobytes.
const maxSavedBytes = 64 << 10

// Save returns the members of the calls, or nil if they have none or too much.
func (s *answerState) Save() agent.SavedState {
	if len(s.calls) == 0 {
		return nil
	}
	saved := savedState{Server: s.owner.server(), Model: s.model, Calls: map[string]savedExtras{}}
	for id, extras := range s.calls {
		saved.Calls[id] = savedExtras{saveMembers(extras.call), saveMembers(extras.function)}
	}
	text, err := json.Marshal(saved)
	if err != nil || len(text) > maxSavedBytes { // an error: the server sent a member that is no JSON
		return nil
	}
	return text
}

func saveMembers(members []rawMember) []savedMember {
	saved := make([]savedMember, len(members))
	for i, m := range members {
		saved[i] = savedMember{m.name, m.value}
	}
	return saved
}

func restoreMembers(saved []savedMember) []rawMember {
	members := make([]rawMember, len(saved))
	for i, m := range saved {
		members[i] = rawMember{m.Name, m.Value}
	}
	return members
}

// stateFor returns the value of a ModelState if it belongs to the server and the model of w, and nil otherwise.
func (w *messageWriter) stateFor(value any) *answerState {
	switch s := value.(type) {
	case *answerState:
		if s.owner == w.owner && s.model == w.model {
			return s
		}
	case agent.SavedState:
		var saved savedState
		if json.Unmarshal(s, &saved) != nil || saved.Server != w.owner.server() || saved.Model != w.model {
			return nil
		}
		state := &answerState{owner: w.owner, model: w.model, calls: map[string]callExtras{}}
		for id, extras := range saved.Calls {
			state.calls[id] = callExtras{restoreMembers(extras.Call), restoreMembers(extras.Function)}
		}
		return state
	}
	return nil
}

// server names the server that is asked: two exchanges with the same one may have different keys.
func (x *exchange) server() string { return x.post.URL.Host + x.post.URL.Path }

// stateBuilder collects an answerState from its events.
type stateBuilder struct {
	thoughts []rawMember
	size     int // bytes kept so far
}

// addThoughts adds members of a message. Strings and arrays continue those of earlier events.
func (s *stateBuilder) addThoughts(members []rawMember) {
	for _, m := range members {
		if s.size += len(m.value); s.size > maxStateBytes {
			s.thoughts = nil
			return
		}
		s.thoughts = mergeMember(s.thoughts, m, true)
	}
}

// addExtras adds members of a call. A later value replaces an earlier one.
func (s *stateBuilder) addExtras(to *callExtras, e callExtras) {
	for _, m := range e.call {
		if s.size += len(m.value); s.size <= maxStateBytes {
			to.call = mergeMember(to.call, m, false)
		}
	}
	for _, m := range e.function {
		if s.size += len(m.value); s.size <= maxStateBytes {
			to.function = mergeMember(to.function, m, false)
		}
	}
}

// mergeMember adds m to list. If there is one of that name already, m continues or replaces it.
func mergeMember(list []rawMember, m rawMember, continues bool) []rawMember {
	for i := range list {
		old := &list[i]
		switch {
		case old.name != m.name:
			continue
		case continues && old.value[0] == '"' && m.value[0] == '"':
			old.value = append(old.value[:len(old.value)-1], m.value[1:]...)
		case continues && old.value[0] == '[' && m.value[0] == '[':
			old.value[len(old.value)-1] = ','
			old.value = append(old.value, m.value[1:]...)
		default:
			old.value = bytes.Clone(m.value)
		}
		return list
	}
	return append(list, rawMember{m.name, bytes.Clone(m.value)})
}
