package reading

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// quoted is a text in quotation marks and where it begins.
type quoted struct {
	text  string
	start int
}

// cutQuoted returns the texts in quotation marks, and s with spaces in their place. The length of s stays the same, so
// positions stay valid. An apostrophe inside a word is not a quotation mark.
func cutQuoted(s string) (texts []quoted, rest string) {
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
		texts = append(texts, quoted{strings.TrimSpace(s[i+size : end]), i})
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
