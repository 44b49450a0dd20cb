// Package hostilejson changes JSON texts in ways on which decoders disagree, for fuzz tests that compare two of them.
// The result is mostly still JSON, and mostly wrong in one place.
package hostilejson

import (
	"math/rand/v2"
	"strings"
)

// tokens replace tokens of a text.
var tokens = []string{`null`, `true`, `false`, `0`, `-0`, `-0.0`, `1.0`, `1e3`, `1.5`, `9223372036854775807`,
	`9223372036854775808`, `-9223372036854775809`, `9007199254740993.0`, `1e19`, `1e300`, `1e999`, `01`, `""`, `" "`,
	`"\u0000"`, `"\ud83d\ude00"`, `"\ud800"`, `"\u00e9"`, `"tool_result"`, `"user"`, `"plan"`, `"direct"`, `"id"`,
	`"ID"`, `"message"`, `"context"`, `"recent_tasks"`, `"title"`, `"a b"`, `"ſtatus"`, `{}`, `[]`, `[null]`, `[{}]`,
	`{"a":{"b":[1]}}`,
	`{`, `}`, `[`, `]`, `,`, `:`, ``, `{"id":null}`, "\"\xff\"", `"x":1`, `,"x":{"y":null}`, `,"id":"2"`,
	`[` + strings.Repeat(`"x",`, 1001) + `"x"]`, `"` + strings.Repeat("x", 129) + `"`,
	`"` + strings.Repeat("é", 64) + `"`,
	strings.Repeat("[", 40), strings.Repeat("[", 28) + strings.Repeat("]", 28)}

// Mangled returns the text with up to three of its tokens replaced by others that decoders disagree about, as the seed
// decides. Seed 0 changes nothing.
func Mangled(text string, seed uint64) string {
	if seed == 0 {
		return text
	}
	parts, choose := partsOf(text), rand.New(rand.NewPCG(seed, 1))
	for range 1 + choose.IntN(3) {
		if len(parts) > 0 {
			parts[choose.IntN(len(parts))] = tokens[choose.IntN(len(tokens))]
		}
	}
	return strings.Join(parts, "")
}

// partsOf cuts a text roughly into its strings, its literals and its other characters.
func partsOf(text string) (parts []string) {
	for text != "" {
		n := 1
		switch {
		case text[0] == '"':
			for n < len(text) && text[n] != '"' {
				n += 1 + strings.Count(text[n:n+1], `\`)
			}
			n = min(n+1, len(text))
		case !strings.ContainsRune("{}[],:", rune(text[0])):
			if n = strings.IndexAny(text, `{}[],:"`); n < 0 {
				n = len(text)
			}
		}
		parts, text = append(parts, text[:n]), text[n:]
	}
	return parts
}
