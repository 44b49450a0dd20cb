package offline

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// quoted returns the texts that s puts into quotation marks, and s with those texts, marks included, blanked out, byte
// for byte, so that positions stay. An apostrophe inside a word is no mark.
func quoted(s string) (texts []string, rest string) {
	out := []byte(s)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		closing := closingOf(r)
		if closing == "" || !edge(lastRune(s[:i])) {
			i += size
			continue
		}
		end := closingAt(s, i+size, closing)
		if end < 0 {
			i += size
			continue
		}
		stop := end
		for strings.ContainsAny(closing, firstRuneText(s[stop:])) && stop == end {
			stop += len(firstRuneText(s[stop:]))
		}
		texts = append(texts, strings.TrimSpace(s[i+size:end]))
		for j := i; j < stop; j++ {
			out[j] = ' '
		}
		i = stop
	}
	return texts, string(out)
}

// closingAt returns where the closing mark stands, or -1: not empty before it, the edge of a word after it.
func closingAt(s string, from int, closing string) int {
	for i, r := range s[from:] {
		at := from + i
		if !strings.ContainsRune(closing, r) || strings.TrimSpace(s[from:at]) == "" {
			continue
		}
		next, _ := utf8.DecodeRuneInString(s[at+utf8.RuneLen(r):])
		if at+utf8.RuneLen(r) == len(s) || edge(next) {
			return at
		}
	}
	return -1
}

func closingOf(r rune) string {
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

func edge(r rune) bool { return r == utf8.RuneError || !unicode.IsLetter(r) && !unicode.IsDigit(r) }

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

func firstRuneText(s string) string {
	_, size := utf8.DecodeRuneInString(s)
	return s[:size]
}

// fold makes texts comparable: lower case, letters and digits only, single blanks.
func fold(s string) string { return strings.Join(wordsOf(s), " ") }

func wordsOf(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s),
		func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// shared counts the words of a, four letters or longer, that begin a word of b or are begun by one.
func shared(a, b string) int {
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
	prioWord = `(urgent|critical|highest|high|medium|normal|lowest|low|dringend\w*|hohe[rs]?|hoch` +
		`|mittlere[rs]?|niedrige?[rs]?|urgente|alta|media|bassa)`
	prioNoun = `(?:priority|priorität|priorità|prio)`
	prioLeft = regexp.MustCompile(`(?i)(?:\b(?:with|as|to|set|mit|con|di)\s+)?(?:\b(?:an?|the|einer|una)\s+)?\b` +
		prioWord + `[\s-]+` + prioNoun)
	prioRight = regexp.MustCompile(`(?i)(?:\b(?:with|as|mit|con|di)\s+)?(?:\b(?:an?|the)\s+)?` + prioNoun +
		`\s*(?:is|to|of|:|=|auf|a)?\s*` + prioWord + `\b`)
	prioBare = regexp.MustCompile(`(?i)[,;(–-]?\s*\b(?:(?:it'?s|very|really|as|is)\s+)*(urgent(?:ly)?|asap` +
		`|important|critical|dringend|wichtig|urgente|importante)\b`)
)

// takePriority removes the words that name a priority from s and returns it as the task tools write it, or "".
func takePriority(s string) (priority, rest string) {
	for _, pattern := range []*regexp.Regexp{prioLeft, prioRight} {
		if m := pattern.FindStringSubmatchIndex(s); m != nil {
			return priorityOf(s[m[2]:m[3]]), s[:m[0]] + " " + s[m[1]:]
		}
	}
	m := prioBare.FindStringSubmatchIndex(s)
	if m == nil {
		return "", s
	}
	rest = s
	if strings.Trim(s[m[1]:], " .!,;)") == "" { // in the middle of a title it belongs to the title
		rest = s[:m[0]]
	}
	return priorityOf(s[m[2]:m[3]]), rest
}

func priorityOf(word string) string {
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

// tidy makes a title of what is left of a sentence: no loose words or marks at its ends, a capital first.
func tidy(s string) string {
	words := strings.Fields(strings.Trim(strings.TrimSpace(s), " .,;:!?-–()"))
	for len(words) > 0 && loose(words[len(words)-1], "for by on with and due is at to a the as in until it mit "+
		"und bis am per con e entro") {
		words = words[:len(words)-1]
	}
	for len(words) > 0 && loose(words[0], "to for that and of called named about with zu per di da") {
		words = words[1:]
	}
	text := []rune(strings.TrimSpace(strings.Trim(strings.Join(words, " "), " .,;:!?-–()")))
	if len(text) == 0 {
		return ""
	}
	text[0] = unicode.ToUpper(text[0])
	return string(text[:min(len(text), 200)])
}

func loose(word, list string) bool {
	word = strings.ToLower(strings.Trim(word, ".,;:!?-–()"))
	return word == "" || strings.Contains(" "+list+" ", " "+word+" ")
}
