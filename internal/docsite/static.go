package docsite

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// WriteStatic writes the documentation into the folder dir, made if need be, as files for any web server or prefix: all
// addresses are relative and name files. What it writes, it writes anew; nothing else in dir is touched.
func WriteStatic(dir, version string) error {
	files, err := assets()
	if err != nil {
		return err
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
	bodies := map[string][]byte{"/docs/scalar.js": script}
	for at, f := range files {
		bodies[at] = f.body
	}
	bodies["/openapi.json"] = relativeLinks(bodies["/openapi.json"])
	for _, one := range list {
		bodies[one.path] = one.body
	}
	for at, body := range bodies {
		if err := writeFile(filepath.Join(dir, filepath.FromSlash(staticFile(at))), body); err != nil {
			return err
		}
	}
	return nil
}

// writeFile writes a file, and its folder if need be.
func writeFile(name string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, body, 0o644)
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
