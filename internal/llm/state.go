package llm

import "bytes"

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
