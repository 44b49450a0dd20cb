package httpapi

import (
	"fmt"
	"net/http"

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

// operations walks the contract once and returns the chain of each operation by its id, so that an operation added to
// the document is limited, authenticated, throttled and validated with no further code.
func (s *Server) operations() (map[string][]echo.MiddlewareFunc, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		return nil, fmt.Errorf("the contract does not load: %w", err)
	}
	chains := map[string][]echo.MiddlewareFunc{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.OperationID == "" || chains[op.OperationID] != nil {
				return nil, fmt.Errorf("%s %s: operationId %q is missing or not unique", method, path, op.OperationID)
			}
			o := describe(doc, path, method, item, op)
			chains[o.id] = []echo.MiddlewareFunc{name(o), limitBody(o), s.authenticate(o), s.throttle(o), validate(o)}
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
