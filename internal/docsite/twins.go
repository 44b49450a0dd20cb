package docsite

import (
	"bytes"
	_ "embed"
	"fmt"
	"regexp"
	"strings"

	"github.com/adiuva/cloud-api/internal/fault"
)

// summary is /llms.txt, which tells machines where to read (https://llmstxt.org).
//
//go:embed llms.txt
var summary string

const markdownType = "text/markdown; charset=utf-8"

// hasTwin reports whether the page at this path also exists in Markdown. The reference does not: its text is the
// contract.
func hasTwin(path string) bool {
	isError := strings.HasPrefix(path, "/docs/errors") && !strings.Contains(path, ".")
	return isError || markdown()[path] != nil
}

// twin returns the path of a page's Markdown version.
func twin(path string) string { return path + ".md" }

// twins returns the Markdown version of every page that has one, by its path. Their links lead to each other.
func twins(link func(from, to string) string) map[string][]byte {
	list := map[string][]byte{}
	for path, text := range markdown() {
		list[twin(path)] = text
	}
	var index strings.Builder
	index.WriteString("# Errors\n\nEvery error is `application/problem+json` and carries one of these codes.\n\n")
	for _, e := range fault.Catalogue() {
		path := "/docs/errors/" + string(e.Code)
		fmt.Fprintf(&index, "- [`%s`](%s) (HTTP %d): %s\n", e.Code, path, e.Status, e.Cause)
		list[twin(path)] = fmt.Appendf(nil, "# `%s`\n\nHTTP %d\n\n## What happened\n\n%s\n\n## What to do\n\n%s\n",
			e.Code, e.Status, e.Cause, e.Remedy)
	}
	list["/docs/errors.md"] = []byte(index.String())
	for path, text := range list {
		list[path] = rewriteTwinLinks(text, path, link)
	}
	return list
}

var markdownLink = regexp.MustCompile(`\]\((/[^)#\s]*)`)

// rewriteTwinLinks makes links to paths of the server lead to Markdown versions where there are any.
func rewriteTwinLinks(text []byte, from string, link func(from, to string) string) []byte {
	return markdownLink.ReplaceAllFunc(text, func(found []byte) []byte {
		to := string(bytes.TrimPrefix(found, []byte("](")))
		if hasTwin(to) {
			to = twin(to)
		}
		return []byte("](" + link(from, to))
	})
}
