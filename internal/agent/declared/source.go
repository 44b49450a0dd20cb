package declared

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxFileSize limits a manifest, in bytes. The longest built-in prompt with its tools needs a tenth of it.
const maxFileSize = 64 << 10

// manifests returns the paths of the folder's manifests, sorted by name.
func manifests(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, e := range entries {
		extension := strings.ToLower(filepath.Ext(e.Name()))
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && slices.Contains([]string{".yaml", ".yml"}, extension) {
			list = append(list, filepath.Join(dir, e.Name()))
		}
	}
	return list, nil
}

// source returns the file's text. It follows links, because orchestrators mount configuration as links.
func (p *parser) source(path string) ([]byte, bool) {
	info, err := os.Stat(path) // before opening, which on a pipe would wait for a writer
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("is not a regular file")
	}
	var text []byte
	if err == nil {
		text, err = readFile(path)
	}
	if err == nil && len(text) > maxFileSize {
		err = fmt.Errorf("is larger than %d bytes", maxFileSize)
	}
	if err != nil {
		var pathError *fs.PathError
		if errors.As(err, &pathError) {
			err = pathError.Err
		}
		p.errorf(1, "%v", err)
		return nil, false
	}
	p.lines = 1 + bytes.Count(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	return text, p.checkEncoding(text)
}

func readFile(path string) (text []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return io.ReadAll(io.LimitReader(f, maxFileSize+1))
}

// checkEncoding refuses text that is not UTF-8 or has control characters.
func (p *parser) checkEncoding(text []byte) bool {
	line := 1
	for i := 0; i < len(text); {
		c, size := utf8.DecodeRune(text[i:])
		switch {
		case c == utf8.RuneError && size == 1:
			p.errorf(line, "is not UTF-8")
			return false
		case c == '\n':
			line++
		case unicode.IsControl(c) && c != '\t' && c != '\r':
			p.errorf(line, "holds the control character %U", c)
			return false
		}
		i += size
	}
	return true
}

// document returns the root of the text's only document.
func (p *parser) document(text []byte) (*yaml.Node, bool) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, more yaml.Node
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) || err == nil && (document.Kind != yaml.DocumentNode || len(document.Content) != 1) {
		p.errorf(1, "is empty")
		return nil, false
	}
	if err == nil {
		if err = decoder.Decode(&more); err == nil {
			p.errorf(more.Line, "a second document; one file holds one agent")
			return nil, false
		}
	}
	if !errors.Is(err, io.EOF) {
		p.yamlError(text, err)
		return nil, false
	}
	root := document.Content[0]
	return root, p.checkNodes(root)
}

var (
	yamlLine   = regexp.MustCompile(`^line (\d+): `)
	yamlAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
)

// yamlError adds an error of the YAML library.
func (p *parser) yamlError(text []byte, err error) {
	reason, line := strings.TrimPrefix(err.Error(), "yaml: "), 1
	if m := yamlLine.FindStringSubmatch(reason); m != nil {
		reason = strings.TrimPrefix(reason, m[0])
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
	}
	p.errorf(correctLine(text, reason, line), "is not YAML: %s", reason)
}

// correctLine corrects the line in an error of the YAML library. Where the library names a construct, it counts lines
// from 0; for a tab it reports the beginning of the construct; for an unknown anchor it reports no line.
func correctLine(text []byte, reason string, line int) int {
	lines := strings.Split(string(text), "\n")
	firstLine := func(matches func(line string) bool) int {
		for i := line - 1; i < len(lines); i++ {
			if matches(lines[i]) {
				return i + 1
			}
		}
		return line
	}
	if m := yamlAnchor.FindStringSubmatch(reason); m != nil {
		line = firstLine(func(l string) bool { return strings.Contains(l, "*"+m[1]) })
	}
	if strings.HasPrefix(reason, "found a tab character") {
		line = firstLine(func(l string) bool {
			indent := l[:len(l)-len(strings.TrimLeft(l, " \t"))]
			return strings.Contains(indent, "\t")
		})
	}
	if strings.HasPrefix(reason, "did not find expected ") {
		line++
	}
	return line
}

// checkNodes refuses aliases, with which a small file can become enormous or endless, and tags.
func (p *parser) checkNodes(n *yaml.Node) bool {
	ok := true
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		p.errorf(n.Line, "anchors and aliases are not supported; write it out")
		ok = false
	case n.Style&yaml.TaggedStyle != 0:
		p.errorf(n.Line, "the tag %s is not supported", excerpt(n.Tag))
		ok = false
	}
	for _, child := range n.Content {
		ok = p.checkNodes(child) && ok
	}
	return ok
}
