package consent

import (
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/fold"
)

// The columns whose new value the person must have written in their message: people, who would learn of the row, and
// what a row is called and says.
var (
	peopleColumns = []string{"assignee", "attendees", "to"}
	textColumns   = []string{"title", "name", "subject", "location", "description"}
)

// mentions has the beginnings of words by which a person says that a column may get a text that they did not write:
// "shorten the title".
var mentions = map[string][]string{
	"title":       {"title", "titel", "titol", "titre", "titul"},
	"name":        {"name", "nome", "nom", "nombre", "naam"},
	"subject":     {"subject", "betreff", "oggetto", "objet", "asunto", "assunto", "onderwerp"},
	"location":    {"location", "place", "ort", "luogo", "lieu", "lugar", "local", "plaats", "plek"},
	"description": {"descri", "beschreib", "omschrij", "beschrij"},
}

// Limits on the comparison of a value with the message.
const (
	maxSaid      = 400 // words of the person that are compared loosely
	maxNewWords  = 40  // of a value that the row does not have yet
	maxNewText   = 8_000
	maxNewPeople = 100
)

// readSaid keeps the words of the person: of the message, of the one before and, where the message confirms it, of what
// the assistant proposed.
func (r *Request) readSaid(list []sentence, history []Turn) {
	texts := []string{spaced(list)}
	for i := len(history) - 1; i >= max(0, len(history)-2); i-- {
		if t := history[i]; t.Role == "user" || r.confirms {
			texts = append(texts, spaced(sentences(t.Content, maxTurn)))
		}
	}
	for _, text := range texts {
		r.said = append(r.said, strings.Fields(text)...)
	}
	slices.Sort(r.said)
	r.said = slices.Compact(r.said)
}

// hasSaid reports whether the person wrote the word, with another ending or a typo perhaps.
func (r *Request) hasSaid(w string) bool {
	if _, found := slices.BinarySearch(r.said, w); found {
		return true
	}
	return len(r.said) <= maxSaid && anyWord(r.said, w)
}

// exceeds reports whether the change sets a column to somebody or to a text that the person did not write, although
// the row itself is the one that they named. What the row has already, and the person themselves, may be set.
func (r *Request) exceeds(c *Change) bool {
	for _, column := range peopleColumns {
		if !r.knowsPeople(c, c.New[column]) {
			return true
		}
	}
	old := words(cut(c.Row.Title, 400) + " " + cut(c.Row.Text, 4_000))
	for _, column := range textColumns {
		if text, _ := c.New[column].(string); text != "" && !r.mentioned(column) && r.isStrange(text, old) {
			return true
		}
	}
	return false
}

// mentioned reports whether the person speaks of the column.
func (r *Request) mentioned(column string) bool {
	return slices.ContainsFunc(r.said, func(w string) bool {
		return slices.ContainsFunc(mentions[column], func(begin string) bool { return strings.HasPrefix(w, begin) })
	})
}

// isStrange reports whether fewer than half of the distinctive words of a text are words of the person. Those that the
// row has already do not count.
func (r *Request) isStrange(text string, old []string) bool {
	said, fresh := 0, 0
	for _, w := range words(cut(text, maxNewText)) {
		if !distinctive(w) || slices.Contains(old, w) {
			continue
		}
		if fresh++; fresh > maxNewWords {
			return true
		}
		if r.hasSaid(w) {
			said++
		}
	}
	return 2*said < fresh || len(text) > maxNewText
}

// knowsPeople reports whether the person wrote a word of each of the people, or the row has them already.
func (r *Request) knowsPeople(c *Change, value any) bool {
	var people []string
	switch v := value.(type) {
	case string:
		people = []string{v}
	case []string:
		people = v
	}
	if len(people) > maxNewPeople {
		return false
	}
	for _, p := range people {
		same := func(known string) bool { return fold.Text(known) == fold.Text(p) || sameAddress(known, p) }
		if strings.TrimSpace(p) == "" || slices.ContainsFunc(c.Row.People, same) || slices.ContainsFunc(c.Self, same) {
			continue
		}
		if !slices.ContainsFunc(personWords(p), r.hasSaid) {
			return false
		}
	}
	return true
}
