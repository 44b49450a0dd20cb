package docsite

import (
	"bytes"
	"errors"
	"html/template"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// renderMarkdown returns a Markdown document's first heading and the document as HTML. Links to paths of the server are
// rewritten by link; raw HTML is dropped.
func renderMarkdown(source []byte, link func(to string) string) (title string, body template.HTML, err error) {
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	doc := md.Parser().Parse(text.NewReader(source))
	err = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch node := n.(type) {
		case *ast.Heading:
			if entering && title == "" && node.Level == 1 {
				title = string(node.Lines().Value(source))
			}
		case *ast.Link:
			if entering && bytes.HasPrefix(node.Destination, []byte("/")) {
				node.Destination = []byte(link(string(node.Destination)))
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return "", "", err
	}
	if title == "" {
		return "", "", errors.New("the document has no heading")
	}
	var out bytes.Buffer
	err = md.Renderer().Render(&out, source, doc)
	return title, template.HTML(out.String()), err
}
