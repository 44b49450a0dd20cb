package docsite

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// WriteStatic writes the documentation into the folder dir, which it creates if needed. All links are relative and
// name files, so that any web server can serve them under any prefix. Existing files are overwritten; others in dir
// are kept.
func WriteStatic(dir, version string) error {
	files, err := assets()
	if err != nil {
		return err
	}
	script, err := decompress(scalar)
	if err != nil {
		return fmt.Errorf("the reference's script: %w", err)
	}
	r, err := newRenderer(relativeLink, true)
	if err != nil {
		return err
	}
	list, err := r.documentation(version, digest(script))
	if err != nil {
		return err
	}
	bodies := map[string][]byte{"/docs/scalar.js": script}
	for route, f := range files {
		bodies[route] = f.body
	}
	for route, text := range twins(relativeLink) {
		bodies[route] = text
	}
	bodies["/llms.txt"] = rewriteTwinLinks(bodies["/llms.txt"], "/llms.txt", relativeLink)
	bodies["/openapi.json"] = rewriteLinks(bodies["/openapi.json"])
	for _, p := range list {
		bodies[p.path] = p.body
	}
	for route, body := range bodies {
		if err := writeFile(filepath.Join(dir, filepath.FromSlash(staticFile(route))), body); err != nil {
			return err
		}
	}
	return nil
}

// writeFile writes a file and creates its folder if needed.
func writeFile(name string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, body, 0o644)
}

// rewriteLinks makes the Markdown links in the contract's descriptions relative to the reference, which shows them.
func rewriteLinks(contract []byte) []byte {
	for _, route := range []string{"/docs/guide", "/docs/clients", "/docs/sso", "/docs/errors", "/docs/changelog"} {
		link := "](" + relativeLink("/docs", route) + ")"
		contract = bytes.ReplaceAll(contract, []byte("]("+route+")"), []byte(link))
	}
	return contract
}

// staticFile returns the file of the static site for a path of the server.
func staticFile(route string) string {
	file := strings.TrimPrefix(strings.TrimPrefix(route, "/docs"), "/")
	if path.Ext(file) == "" {
		file = path.Join(file, "index.html")
	}
	return file
}

// relativeLink returns the link from one file of the static site to another, both given as paths of the server.
func relativeLink(from, to string) string {
	return strings.Repeat("../", strings.Count(staticFile(from), "/")) + staticFile(to)
}
