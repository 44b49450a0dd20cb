package reading

import (
	"slices"
	"strings"
	"unicode"

	"github.com/adiuva/cloud-api/internal/fold"
)

// token is a word of a text: letters and digits.
type token struct {
	folded     string
	start, end int // in bytes of the text
}

// maxTokens limits the words of a message that are read.
const maxTokens = 400

func tokensOf(text string) (list []token) {
	start := -1
	add := func(end int) {
		if start >= 0 && len(list) < maxTokens {
			list = append(list, token{fold.Line(text[start:end]), start, end})
		}
		start = -1
	}
	for i, r := range text {
		if len(list) == maxTokens {
			break
		}
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r):
			add(i)
		case start < 0:
			start = i
		}
	}
	add(len(text))
	return list
}

func foldedWords(text string) []string {
	var words []string
	for _, t := range tokensOf(text) {
		words = append(words, t.folded)
	}
	return words
}

// mark says that the tokens from to (not included) name a concept.
type mark struct {
	concept  string
	from, to int
}

// matchesAt returns the concepts named by phrases that begin at token i.
func (l *Language) matchesAt(tokens []token, i int) (marks []mark) {
	for _, p := range l.phrases[tokens[i].folded] {
		if n := l.phraseAt(tokens[i:], p.words); n > 0 {
			marks = append(marks, mark{p.concept, i, i + n})
		}
	}
	for _, p := range l.affixes {
		stem := strings.Trim(p.words[0], "*")
		if strings.HasSuffix(p.words[0], "*") && strings.HasPrefix(tokens[i].folded, stem) ||
			strings.HasPrefix(p.words[0], "*") && strings.HasSuffix(tokens[i].folded, stem) {
			marks = append(marks, mark{p.concept, i, i + 1})
		}
	}
	return marks
}

// phraseAt returns how many tokens the phrase takes at their beginning, with an adverb after its first word, or 0.
func (l *Language) phraseAt(tokens []token, words []string) int {
	if beginsWith(tokens, words) {
		return len(words)
	}
	if len(words) < 2 || len(tokens) < 2 || tokens[0].folded != words[0] ||
		!slices.Contains(l.Adverbs, tokens[1].folded) || !beginsWith(tokens[2:], words[1:]) {
		return 0
	}
	return len(words) + 1
}

func beginsWith(tokens []token, words []string) bool {
	if len(words) > len(tokens) {
		return false
	}
	for i, word := range words {
		if tokens[i].folded != word {
			return false
		}
	}
	return true
}

// marksOf returns the concepts that the tokens name. A shorter phrase within a longer one does not count.
func (l *Language) marksOf(tokens []token) []mark {
	var all []mark
	for i := range tokens {
		all = append(all, l.matchesAt(tokens, i)...)
	}
	inside := func(a mark) bool {
		return slices.ContainsFunc(all, func(b mark) bool {
			return b.from <= a.from && a.to <= b.to && b.to-b.from > a.to-a.from
		})
	}
	var kept []mark
	for _, m := range all {
		if !inside(m) {
			kept = append(kept, m)
		}
	}
	return kept
}

// skip returns the position after the phrases, such as "please", that begin the tokens.
func skip(tokens []token, phrases [][]string) int {
	at := 0
	for range 4 {
		longest := 0
		for _, p := range phrases {
			if len(p) > longest && at+len(p) < len(tokens) && beginsWith(tokens[at:], p) {
				longest = len(p)
			}
		}
		if longest == 0 {
			break
		}
		at += longest
	}
	return at
}
