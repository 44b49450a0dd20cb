package reading

import (
	"slices"
	"strings"
	"time"
)

// Offer reads what an assistant offered to do in the last question of its answer, such as "Shall I mark the task as
// done?". It returns false when the answer does not end with such a question.
func (r *Reader) Offer(answer string, names []string, today time.Time) (Message, bool) {
	const longest = 400 // bytes of the question
	answer = strings.TrimRight(answer, " \n")
	answer = strings.ToValidUTF8(answer[max(len(answer)-longest, 0):], "")
	end := strings.LastIndexByte(answer, '?')
	if end < 0 || end < len(answer)-200 {
		return Message{}, false
	}
	question := answer[:end]
	if begin := strings.LastIndexAny(question, ".!?\n"); begin >= 0 {
		question = question[begin+1:]
	}
	_, unquoted := cutQuoted(question)
	tokens := tokensOf(unquoted)
	for _, l := range r.languages {
		for _, lead := range l.offer {
			if !beginsWith(tokens, lead) || len(tokens) == len(lead) {
				continue
			}
			order := question[tokens[len(lead)].start:]
			if last := l.verbAtEnd(tokens[len(lead):]); last != nil {
				order = question[last.start:last.end] + " " + question[tokens[len(lead)].start:last.start]
			}
			return r.Read(order, "", names, today), true
		}
	}
	return Message{}, false
}

// verbAtEnd returns the last token when it is the verb of an order, as in German, and the first one is not.
func (l *Language) verbAtEnd(tokens []token) *token {
	isVerb := func(i int) bool {
		return slices.ContainsFunc(l.matchesAt(tokens, i), func(m mark) bool {
			return slices.Contains(commands(), m.concept)
		})
	}
	last := len(tokens) - 1
	if last < 1 || isVerb(0) || !isVerb(last) {
		return nil
	}
	return &tokens[last]
}
