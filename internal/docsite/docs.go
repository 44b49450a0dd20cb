// Package docsite serves the API reference: Scalar over the contract's documents, the documents themselves, the integrators'
// guide, what changed in the contract, a page for every error code, and the two pages on which a checkout ends. All of it is
// embedded, and no page asks another host for anything. The same, but for the last two, can be written as a static site.
package docsite

import (
	_ "embed"
	"fmt"
	"net/http"

	"github.com/adiuva/cloud-api/openapi"
)

//go:embed scalar-1.72.1.js.gz
var scalar []byte

//go:embed app.js
var app []byte

//go:embed style.css
var style []byte

// Scalar sets styles on elements and starts a worker from a blob; our own pages need a style sheet and nothing else.
const (
	scalarPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
		"connect-src 'self'; font-src 'self'; worker-src 'self' blob:; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	plainPolicy = "default-src 'none'; style-src 'self'; img-src data:; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// Config says what the pages show.
type Config struct {
	Version string // of the running service
}

// Site holds every page, made once.
type Site struct {
	routes map[string]http.Handler
}

// asset is a file beside the pages.
type asset struct {
	mediaType string
	body      []byte
}

// assets are the files beside the pages but for the reference's script, by their paths on the server. It fails when the
// contract cannot be turned into JSON.
func assets() (map[string]asset, error) {
	contract, err := toJSON(openapi.Document)
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	return map[string]asset{
		"/docs/app.js":    {"text/javascript; charset=utf-8", app},
		"/docs/style.css": {"text/css; charset=utf-8", style},
		"/openapi.yaml":   {"application/yaml", openapi.Document},
		"/openapi.json":   {"application/json", contract},
		"/asyncapi.yaml":  {"application/yaml", openapi.Stream},
		"/asyncapi.json":  {"application/json", openapi.StreamBundle},
	}, nil
}

// New makes the pages and turns the contract into JSON. It fails when a document or the reference's script is broken.
func New(cfg Config) (*Site, error) {
	files, err := assets()
	if err != nil {
		return nil, err
	}
	script, err := newScript(scalar)
	if err != nil {
		return nil, fmt.Errorf("the reference's script: %w", err)
	}
	s := &Site{routes: map[string]http.Handler{"/docs/scalar.js": script}}
	for path, f := range files {
		s.routes[path] = newFile(f.mediaType, plainPolicy, f.body)
	}
	return s, s.addPages(cfg.Version, script.version)
}

// Routes returns a handler for every path of the site, each exact and for GET and HEAD.
func (s *Site) Routes() map[string]http.Handler { return s.routes }
