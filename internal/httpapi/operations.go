package httpapi

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/labstack/echo/v5"

	"github.com/adiuva/cloud-api/openapi"
)

// operation is what the chain needs to know of one operation of the contract.
type operation struct {
	id     string
	public bool // security: []
	fresh  bool // writes or decides: the session's state is read from the database now
	route  *routers.Route
	// schema is that of the JSON body, nil when the operation takes none.
	schema *openapi3.Schema
	// media are the accepted media types of a body that is not JSON, nil when it takes none.
	media openapi3.Content
}

// contract loads the document that everything here follows.
func contract() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		return nil, fmt.Errorf("the contract does not load: %w", err)
	}
	return doc, nil
}

// operations walks the contract once and returns the chain of each operation by its id, so that an operation added to
// the document is limited, authenticated, throttled and validated with no further code.
func (s *Server) operations(doc *openapi3.T) (map[string][]echo.MiddlewareFunc, error) {
	chains := map[string][]echo.MiddlewareFunc{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.OperationID == "" || chains[op.OperationID] != nil {
				return nil, fmt.Errorf("%s %s: operationId %q is missing or not unique", method, path, op.OperationID)
			}
			o := describe(doc, path, method, item, op)
			chains[o.id] = []echo.MiddlewareFunc{name(o), limitBody(o), s.authenticate(o), s.throttle(o), s.validate(o)}
		}
	}
	return chains, nil
}

func describe(doc *openapi3.T, path, method string, item *openapi3.PathItem, op *openapi3.Operation) operation {
	o := operation{id: op.OperationID, public: op.Security != nil && len(*op.Security) == 0, fresh: decides(method, op.OperationID)}
	// Authentication is ours alone, and the validator would read a whole body before asking for it.
	bare := *op
	bare.Security = &openapi3.SecurityRequirements{}
	bare.RequestBody = nil
	o.route = &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: &bare}
	if op.RequestBody == nil {
		return o
	}
	if media := op.RequestBody.Value.Content.Get("application/json"); media != nil && op.RequestBody.Value.Content["*/*"] == nil {
		o.schema = media.Schema.Value
		return o
	}
	o.media = op.RequestBody.Value.Content
	return o
}

// decides reports whether an operation changes something that outlives it, so that a session which ended elsewhere must
// be noticed at once and not within the cache's ten seconds.
func decides(method, id string) bool {
	switch id {
	case "chat", "runStep", "logout":
		return false
	}
	return method != http.MethodGet && method != http.MethodHead
}

// name tells the request's record which operation it reached.
func name(o operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			recordOf(c.Request().Context()).route = o.id
			return next(c)
		}
	}
}

// refuseShadowed answers 405 for the methods that a literal path lacks and a templated one beside it has: without that
// DELETE /backup/history would reach DELETE /backup/{backup_id}.
func refuseShadowed(e *echo.Echo, doc *openapi3.T) {
	for literal, item := range doc.Paths.Map() {
		if strings.Contains(literal, "{") {
			continue
		}
		allow := slices.Sorted(maps.Keys(item.Operations()))
		for template, other := range doc.Paths.Map() {
			if !shadows(template, literal) {
				continue
			}
			for method := range other.Operations() {
				if item.Operations()[method] == nil {
					e.Add(method, BasePath+literal, func(c *echo.Context) error {
						c.Response().Header().Set("Allow", strings.Join(allow, ", "))
						return errMethod
					})
				}
			}
		}
	}
}

// shadows reports whether a templated path matches a literal one.
func shadows(template, literal string) bool {
	a, b := strings.Split(template, "/"), strings.Split(literal, "/")
	if !strings.Contains(template, "{") || len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && !strings.HasPrefix(a[i], "{") {
			return false
		}
	}
	return true
}
