// Package docs serves the API reference: Scalar over the contract's documents, the documents themselves, the integrators'
// guide, what changed in the contract, a page for every error code, and the two pages on which a checkout ends. All of it is
// embedded, and no page asks another host for anything. The same, but for the last two, can be written as a static site.
package docs

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

// New makes the pages and turns the contract into JSON. It fails when a document or the reference's script is broken.
func New(cfg Config) (*Site, error) {
	contract, err := toJSON(openapi.Document)
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	script, err := newScript(scalar)
	if err != nil {
		return nil, fmt.Errorf("the reference's script: %w", err)
	}
	s := &Site{routes: map[string]http.Handler{
		"/docs/scalar.js": script,
		"/docs/app.js":    newFile("text/javascript; charset=utf-8", plainPolicy, app),
		"/docs/style.css": newFile("text/css; charset=utf-8", plainPolicy, style),
		"/openapi.yaml":   newFile("application/yaml", plainPolicy, openapi.Document),
		"/openapi.json":   newFile("application/json", plainPolicy, contract),
		"/asyncapi.yaml":  newFile("application/yaml", plainPolicy, openapi.Stream),
		"/asyncapi.json":  newFile("application/json", plainPolicy, openapi.StreamBundle),
	}}
	return s, s.addPages(cfg.Version, script.version)
}

// Routes returns a handler for every path of the site, each exact and for GET and HEAD.
func (s *Site) Routes() map[string]http.Handler { return s.routes }
