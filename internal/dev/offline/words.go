package offline

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cutQuoted returns the texts in quotation marks, and s with spaces in their place. The length of s stays the same, so
// positions stay valid. An apostrophe inside a word is not a quotation mark.
func cutQuoted(s string) (texts []string, rest string) {
	out := []byte(s)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		closing := closingMarks(r)
		if closing == "" || !isWordEdge(lastRune(s[:i])) {
			i += size
			continue
		}
		end := closingIndex(s, i+size, closing)
		if end < 0 {
			i += size
			continue
		}
		stop := end
		for strings.ContainsAny(closing, firstChar(s[stop:])) && stop == end {
			stop += len(firstChar(s[stop:]))
		}
		texts = append(texts, strings.TrimSpace(s[i+size:end]))
		for j := i; j < stop; j++ {
			out[j] = ' '
		}
		i = stop
	}
	return texts, string(out)
}

// closingIndex returns the index of the closing mark, or -1. There must be text before it and the end of a word after
// it.
func closingIndex(s string, from int, closing string) int {
	for i, r := range s[from:] {
		at := from + i
		if !strings.ContainsRune(closing, r) || strings.TrimSpace(s[from:at]) == "" {
			continue
		}
		next, _ := utf8.DecodeRuneInString(s[at+utf8.RuneLen(r):])
		if at+utf8.RuneLen(r) == len(s) || isWordEdge(next) {
			return at
		}
	}
	return -1
}

// closingMarks returns the marks that close a quotation, or "" when r does not open one.
func closingMarks(r rune) string {
	switch r {
	case '"':
		return `"`
	case '\'':
		return `'`
	case '“', '„':
		return `”“"`
	case '‘', '‚':
		return `’‘`
	case '«':
		return `»`
	case '`':
		return "`"
	}
	return ""
}

func isWordEdge(r rune) bool {
	return r == utf8.RuneError || !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

func firstChar(s string) string {
	_, size := utf8.DecodeRuneInString(s)
	return s[:size]
}

// normalize returns s in lower case with only letters, digits and single spaces.
func normalize(s string) string { return strings.Join(wordsOf(s), " ") }

func wordsOf(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s),
		func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// sharedWords counts the words of a with at least four letters whose first five letters begin a word of b.
func sharedWords(a, b string) int {
	n := 0
	others := wordsOf(b)
	for _, word := range wordsOf(a) {
		stem := []rune(word)
		if len(stem) < 4 {
			continue
		}
		start := string(stem[:min(len(stem), 5)])
		for _, other := range others {
			if strings.HasPrefix(other, start) {
				n++
				break
			}
		}
	}
	return n
}

var (
	priorityWord = `(urgent|critical|highest|high|medium|normal|lowest|low|dringend\w*|hohe[rs]?|hoch` +
		`|mittlere[rs]?|niedrige?[rs]?|urgente|alta|media|bassa)`
	priorityNoun   = `(?:priority|priorität|priorità|prio)`
	priorityBefore = regexp.MustCompile(`(?i)(?:\b(?:with|as|to|set|mit|con|di)\s+)?(?:\b(?:an?|the|einer|una)\s+)?\b` +
		priorityWord + `[\s-]+` + priorityNoun)
	priorityAfter = regexp.MustCompile(`(?i)(?:\b(?:with|as|mit|con|di)\s+)?(?:\b(?:an?|the)\s+)?` + priorityNoun +
		`\s*(?:is|to|of|:|=|auf|a)?\s*` + priorityWord + `\b`)
	priorityAlone = regexp.MustCompile(`(?i)[,;(–-]?\s*\b(?:(?:it'?s|very|really|as|is)\s+)*(urgent(?:ly)?|asap` +
		`|important|critical|dringend|wichtig|urgente|importante)\b`)
)

// cutPriority cuts the words for a priority from s. It returns the priority as the task tools spell it, or "".
func cutPriority(s string) (priority, rest string) {
	for _, pattern := range []*regexp.Regexp{priorityBefore, priorityAfter} {
		if m := pattern.FindStringSubmatchIndex(s); m != nil {
			return parsePriority(s[m[2]:m[3]]), s[:m[0]] + " " + s[m[1]:]
		}
	}
	m := priorityAlone.FindStringSubmatchIndex(s)
	if m == nil {
		return "", s
	}
	rest = s
	if strings.Trim(s[m[1]:], " .!,;)") == "" { // in the middle of a sentence it is part of a title
		rest = s[:m[0]]
	}
	return parsePriority(s[m[2]:m[3]]), rest
}

func parsePriority(word string) string {
	word = strings.ToLower(word)
	for _, of := range []struct{ starts, priority string }{
		{"urgent asap critical dringend", "urgent"}, {"high hoh hoch alta important wichtig", "high"},
		{"medium normal mittler media", "medium"}, {"low niedrig bassa", "low"},
	} {
		for _, start := range strings.Fields(of.starts) {
			if strings.HasPrefix(word, start) {
				return of.priority
			}
		}
	}
	return ""
}

// toTitle makes a title of the rest of a sentence: without stop words or punctuation at its ends, with a capital
// letter.
func toTitle(s string) string {
	words := strings.Fields(strings.Trim(strings.TrimSpace(s), " .,;:!?-–()"))
	for len(words) > 0 && isStopWord(words[len(words)-1], "for by on with and due is at to a the as in until it mit "+
		"und bis am per con e entro") {
		words = words[:len(words)-1]
	}
	for len(words) > 0 && isStopWord(words[0], "to for that and of called named about with zu per di da") {
		words = words[1:]
	}
	text := []rune(strings.TrimSpace(strings.Trim(strings.Join(words, " "), " .,;:!?-–()")))
	if len(text) == 0 {
		return ""
	}
	text[0] = unicode.ToUpper(text[0])
	return string(text[:min(len(text), 200)])
}

func isStopWord(word, list string) bool {
	word = strings.ToLower(strings.Trim(word, ".,;:!?-–()"))
	return word == "" || strings.Contains(" "+list+" ", " "+word+" ")
}
