// Package docsite serves the documentation: the API reference (Scalar over the contract's documents), the documents
// themselves, the integrators' guide, the page on client libraries, that for administrators of single sign-on, the
// contract's changelog, a page for every error code, the two pages on which a checkout ends, that of failed sign-ins,
// and the page of passkeys. Machines find the same texts in Markdown through /llms.txt. Everything is embedded, and no
// page loads anything from another host. All but the pages of a checkout and of sign-ins can also be written as a
// static site.
package docsite

import (
	_ "embed"
	"fmt"
	"net/http"
	"sync"

	"github.com/adiuva/cloud-api/openapi"
)

//go:embed scalar-1.72.1.js.gz
var scalar []byte

//go:embed app.js
var app []byte

//go:embed passkeys.js
var passkeys []byte

//go:embed style.css
var style []byte

// The content security policies. Scalar sets styles on elements and starts a worker from a blob; our own pages need
// only a style sheet, and that of passkeys a script
// that calls this service.
const (
	referencePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
		"img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; worker-src 'self' blob:; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	passkeyPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	strictPolicy = "default-src 'none'; style-src 'self'; img-src data:; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// Config configures a Site.
type Config struct {
	Version string // version of the running service, shown on the pages
}

// Site has a handler for every path. All pages are rendered once, by New.
type Site struct {
	routes map[string]http.Handler
}

// asset is a static file that is not a page.
type asset struct {
	mediaType string
	body      []byte
}

// contractAsJSON converts the contract once.
var contractAsJSON = sync.OnceValues(func() ([]byte, error) { return yamlToJSON(openapi.Document) })

// assets returns the static files by their paths on the server, except for the reference's script. It fails if the
// contract cannot be converted to JSON.
func assets() (map[string]asset, error) {
	contract, err := contractAsJSON()
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	return map[string]asset{
		"/llms.txt":       {"text/plain; charset=utf-8", []byte(summary)},
		"/docs/app.js":    {"text/javascript; charset=utf-8", app},
		"/docs/style.css": {"text/css; charset=utf-8", style},
		"/openapi.yaml":   {"application/yaml", openapi.Document},
		"/openapi.json":   {"application/json", contract},
		"/asyncapi.yaml":  {"application/yaml", openapi.Stream},
		"/asyncapi.json":  {"application/json", openapi.StreamBundle},
	}, nil
}

// New renders the pages and converts the contract to JSON. It fails if a document or the reference's script is invalid.
func New(cfg Config) (*Site, error) {
	files, err := assets()
	if err != nil {
		return nil, err
	}
	script, err := newGzipAsset(scalar)
	if err != nil {
		return nil, fmt.Errorf("the reference's script: %w", err)
	}
	s := &Site{routes: map[string]http.Handler{"/docs/scalar.js": script}}
	for path, f := range files {
		s.routes[path] = newFileHandler(f.mediaType, strictPolicy, f.body)
	}
	return s, s.addPages(cfg.Version, script.version)
}

// Routes returns a handler for every path of the site. Paths are exact; methods are GET and HEAD.
func (s *Site) Routes() map[string]http.Handler { return s.routes }
