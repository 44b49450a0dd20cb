package leaktest

import (
	_ "embed"
	"regexp"
	"strings"
)

//go:embed testdata/secrets.txt
var secretTexts string

var marker = regexp.MustCompile(`\[ref ([a-z]+)\]`)

// Secret is a prompt, template or schema written for tests.
type Secret struct{ ID, Text, Canary string }

// Secrets returns prompts like those of a real server.
func Secrets() []Secret {
	var out []Secret
	for _, part := range strings.Split(secretTexts, "== ")[1:] {
		id, text, _ := strings.Cut(part, "\n")
		s := Secret{ID: id, Text: strings.TrimSpace(text)}
		if m := marker.FindStringSubmatch(text); m != nil {
			s.Canary = m[1]
		}
		out = append(out, s)
	}
	return out
}
