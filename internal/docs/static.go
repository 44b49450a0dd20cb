package docs

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/adiuva/cloud-api/openapi"
)

// WriteStatic writes the documentation into the folder dir, made if need be, as files for any web server or prefix: all
// addresses are relative and name files. What it writes, it writes anew; nothing else in dir is touched.
func WriteStatic(dir, version string) error {
	contract, err := toJSON(openapi.Document)
	if err != nil {
		return fmt.Errorf("openapi.yaml: %w", err)
	}
	script, err := inflate(scalar)
	if err != nil {
		return fmt.Errorf("the reference's script: %w", err)
	}
	p, err := newPrinter(relative, true)
	if err != nil {
		return err
	}
	list, err := p.documentation(version, digest(script))
	if err != nil {
		return err
	}
	files := map[string][]byte{
		"/docs/scalar.js": script, "/docs/app.js": app, "/docs/style.css": style, "/openapi.yaml": openapi.Document,
		"/openapi.json": relativeLinks(contract), "/asyncapi.yaml": openapi.Stream, "/asyncapi.json": openapi.StreamBundle,
	}
	for _, one := range list {
		files[one.path] = one.body
	}
	for at, body := range files {
		name := filepath.Join(dir, filepath.FromSlash(staticFile(at)))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, body, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// relativeLinks leads the links inside the contract's texts to the static site's files, as the reference at its root shows
// them.
func relativeLinks(contract []byte) []byte {
	for _, at := range []string{"/docs/guide", "/docs/errors", "/docs/changelog"} {
		contract = bytes.ReplaceAll(contract, []byte("]("+at+")"), []byte("]("+relative("/docs", at)+")"))
	}
	return contract
}

// staticFile is the file that stands for a path of the server.
func staticFile(at string) string {
	file := strings.TrimPrefix(strings.TrimPrefix(at, "/docs"), "/")
	if path.Ext(file) == "" {
		file = path.Join(file, "index.html")
	}
	return file
}

// relative is the address of one file of the static site from another.
func relative(from, to string) string {
	return strings.Repeat("../", strings.Count(staticFile(from), "/")) + staticFile(to)
}
