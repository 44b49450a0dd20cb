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

// maxFile is the most bytes a manifest may have; the longest built-in prompt and its tools need a tenth of it.
const maxFile = 64 << 10

// manifests returns the paths of the folder's manifests in order.
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

// read returns the file's text. Links are followed, because that is how orchestrators mount configuration.
func (r *reader) read(path string) ([]byte, bool) {
	info, err := os.Stat(path) // before opening: opening a pipe would wait for its writer
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("is not a regular file")
	}
	var text []byte
	if err == nil {
		text, err = readFile(path)
	}
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("is larger than %d bytes", maxFile)
	}
	if err != nil {
		var of *fs.PathError
		if errors.As(err, &of) {
			err = of.Err
		}
		r.fault(1, "%v", err)
		return nil, false
	}
	r.lines = 1 + bytes.Count(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	return text, r.readable(text)
}

func readFile(path string) (text []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// readable refuses what is no UTF-8 text, with the line.
func (r *reader) readable(text []byte) bool {
	line := 1
	for i := 0; i < len(text); {
		c, size := utf8.DecodeRune(text[i:])
		switch {
		case c == utf8.RuneError && size == 1:
			r.fault(line, "is not UTF-8")
			return false
		case c == '\n':
			line++
		case unicode.IsControl(c) && c != '\t' && c != '\r':
			r.fault(line, "holds the control character %U", c)
			return false
		}
		i += size
	}
	return true
}

// document returns the root of the text's only document.
func (r *reader) document(text []byte) (*yaml.Node, bool) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, more yaml.Node
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) || err == nil && (document.Kind != yaml.DocumentNode || len(document.Content) != 1) {
		r.fault(1, "is empty")
		return nil, false
	}
	if err == nil {
		if err = decoder.Decode(&more); err == nil {
			r.fault(more.Line, "a second document; one file holds one agent")
			return nil, false
		}
	}
	if !errors.Is(err, io.EOF) {
		r.malformed(text, err)
		return nil, false
	}
	root := document.Content[0]
	return root, r.plain(root)
}

var (
	yamlLine   = regexp.MustCompile(`^line (\d+): `)
	yamlAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
)

// malformed tells what the YAML library says.
func (r *reader) malformed(text []byte, err error) {
	reason, line := strings.TrimPrefix(err.Error(), "yaml: "), 1
	if m := yamlLine.FindStringSubmatch(reason); m != nil {
		reason = strings.TrimPrefix(reason, m[0])
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
	}
	r.fault(lineOf(text, reason, line), "is not YAML: %s", reason)
}

// lineOf mends the line that the YAML library tells. It counts from 0 where it names the construct it was in, means that
// construct's beginning where it found a tab, and tells no line for an unknown anchor.
func lineOf(text []byte, reason string, line int) int {
	lines := strings.Split(string(text), "\n")
	first := func(holds func(line string) bool) int {
		for i := line - 1; i < len(lines); i++ {
			if holds(lines[i]) {
				return i + 1
			}
		}
		return line
	}
	if m := yamlAnchor.FindStringSubmatch(reason); m != nil {
		line = first(func(l string) bool { return strings.Contains(l, "*"+m[1]) })
	}
	if strings.HasPrefix(reason, "found a tab character") {
		line = first(func(l string) bool { return strings.Contains(l[:len(l)-len(strings.TrimLeft(l, " \t"))], "\t") })
	}
	if strings.HasPrefix(reason, "did not find expected ") {
		line++
	}
	return line
}

// plain refuses aliases, which can make a small file enormous or endless, and tags.
func (r *reader) plain(n *yaml.Node) bool {
	ok := true
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		r.fault(n.Line, "anchors and aliases are not supported; write it out")
		ok = false
	case n.Style&yaml.TaggedStyle != 0:
		r.fault(n.Line, "the tag %s is not supported", shown(n.Tag))
		ok = false
	}
	for _, child := range n.Content {
		ok = r.plain(child) && ok
	}
	return ok
}
