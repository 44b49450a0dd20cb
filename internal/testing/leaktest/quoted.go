package leaktest

import (
	_ "embed"
	"regexp"
	"strconv"
	"strings"
)

// quotedFile has documents and answers, each after a line "=== document NAME" or "=== answer NAME", where an answer's
// name is that of its document. In an answer {{all}} stands for the document and {{2-5}} for its paragraphs 2 to 5.
//
//go:embed testdata/quoted.txt
var quotedFile string

var quotation = regexp.MustCompile(`\{\{(?:all|(\d+)-(\d+))\}\}`)

// Quoted is a document that a caller sent, and a harmless answer that repeats it, whole or in large pieces.
type Quoted struct{ Document, Answer string }

// QuotedAnswers returns 42 answers that quote one of twelve documents in English, Italian, German or French. Each
// shares at least a thousand consecutive characters with its document.
func QuotedAnswers() []Quoted {
	documents := map[string]string{}
	var out []Quoted
	for _, part := range strings.Split("\n"+quotedFile, "\n=== ")[1:] {
		head, text, _ := strings.Cut(part, "\n")
		kind, name, _ := strings.Cut(head, " ")
		text = strings.TrimSpace(text)
		if kind == "document" {
			documents[name] = text
			continue
		}
		document := documents[name]
		out = append(out, Quoted{document, quotation.ReplaceAllStringFunc(text, func(q string) string {
			return quote(document, q)
		})})
	}
	return out
}

// quote returns the part of document that the quotation q stands for.
func quote(document, q string) string {
	paragraphs := strings.Split(document, "\n\n")
	from, to := 1, len(paragraphs)
	if m := quotation.FindStringSubmatch(q); m[1] != "" {
		from, _ = strconv.Atoi(m[1])
		to, _ = strconv.Atoi(m[2])
	}
	return strings.Join(paragraphs[from-1:to], "\n\n")
}
