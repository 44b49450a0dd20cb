package reading

import (
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/fold"
)

// VerbSecond moves the verb from the end of a clause after "that" to where it stands in a sentence of its own.
func (l *Language) VerbSecond(text string) string {
	words := strings.Fields(strings.TrimRight(text, ".!"))
	subject := 1
	if len(words) > 1 && slices.Contains(l.Articles, fold.Line(words[0])) {
		subject = 2
	}
	if !l.VerbLast || len(words) < subject+2 {
		return text
	}
	verb := words[len(words)-1]
	return strings.Join(slices.Concat(words[:subject], []string{verb}, words[subject:len(words)-1]), " ")
}

// Addressed turns "he gets the offer", which is said about the reader of a letter, into "you get the offer". Languages
// without such words leave the text as it is.
func (l *Language) Addressed(text string) string {
	words := strings.Fields(text)
	if len(words) < 2 || l.Third[fold.Line(words[0])] == "" {
		return text
	}
	you, verb := l.Third[fold.Line(words[0])], fold.Line(words[1])
	switch other := l.Third[verb]; {
	case other != "":
		words[1] = other
	case strings.HasSuffix(verb, "s") && !strings.HasSuffix(verb, "ss") && fold.Line(words[0]) != "they":
		words[1] = strings.TrimSuffix(words[1], "s")
	}
	words[0] = you
	return strings.Join(words, " ")
}
