package randomjson

import (
	"regexp/syntax"
	"strings"
)

// mostRepeated is how often a part of a pattern without an upper limit is repeated, at most.
const mostRepeated = 12

// matching returns a text that matches a regular expression, which must be valid.
func (g Generator) matching(pattern string) string {
	expression, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		panic(err)
	}
	var b strings.Builder
	g.match(&b, expression)
	return b.String()
}

func (g Generator) match(b *strings.Builder, e *syntax.Regexp) {
	low, high := 1, 1
	switch e.Op {
	case syntax.OpLiteral:
		b.WriteString(string(e.Rune))
		return
	case syntax.OpCharClass:
		b.WriteRune(g.of(e.Rune))
		return
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteRune(g.of([]rune{' ', '~'}))
		return
	case syntax.OpAlternate:
		g.match(b, e.Sub[g.IntN(len(e.Sub))])
		return
	case syntax.OpStar:
		low, high = 0, mostRepeated
	case syntax.OpPlus:
		high = mostRepeated
	case syntax.OpQuest:
		low = 0
	case syntax.OpRepeat:
		if low, high = e.Min, e.Max; high < 0 {
			high = low + mostRepeated
		}
	}
	for range low + g.IntN(high-low+1) {
		for _, part := range e.Sub {
			g.match(b, part)
		}
	}
}

// of returns a character of one of the ranges, which alternate first and last characters.
func (g Generator) of(ranges []rune) rune {
	at := 2 * g.IntN(len(ranges)/2)
	first, last := ranges[at], min(ranges[at+1], 0xFFFF)
	if first < 0xD800 && last > 0xDFFF { // surrogates are no characters
		last = 0xD7FF
	}
	return first + rune(g.IntN(int(max(last-first, 0))+1))
}
