package httpapi

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/labstack/echo/v5"

	"github.com/adiuva/cloud-api/openapi"
)

// operation is what the chain needs to know of one operation of the contract.
type operation struct {
	id     string
	public bool // needs no access token
	policy openapi.Policy
	route  *routers.Route
	// schema is that of the JSON body, nil when the operation takes none.
	schema *openapi3.Schema
	// events is true if the operation also answers with server-sent events.
	events bool
	// media are the accepted media types of a body that is not JSON, nil when it takes none.
	media openapi3.Content
}

// loadContract parses the contract, once for all servers of the process. Nobody may change the result.
var loadContract = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		return nil, fmt.Errorf("the contract does not load: %w", err)
	}
	return doc, nil
})

// readOperations returns every operation of the contract by its id. It fails on an operation without an id or a policy.
func readOperations(doc *openapi3.T) (map[string]operation, error) {
	operations := map[string]operation{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if _, taken := operations[op.OperationID]; taken || op.OperationID == "" {
				return nil, fmt.Errorf("%s %s: operationId %q is missing or not unique", method, path, op.OperationID)
			}
			policy, err := openapi.PolicyOf(op)
			if err != nil {
				return nil, err
			}
			o := operation{id: op.OperationID, public: openapi.IsPublic(op), policy: policy}
			// The validator gets the operation without security and body: the chain authenticates, and the validator
			// would read the whole body first.
			bare := *op
			bare.Security = &openapi3.SecurityRequirements{}
			bare.RequestBody = nil
			o.route = &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: &bare}
			o.schema, o.media = bodyOf(op)
			o.events = op.Responses.Status(http.StatusOK) != nil &&
				op.Responses.Status(http.StatusOK).Value.Content[eventStream] != nil
			operations[o.id] = o
		}
	}
	return operations, nil
}

// bodyOf returns the schema of a JSON body or the media types of any other body.
func bodyOf(op *openapi3.Operation) (*openapi3.Schema, openapi3.Content) {
	if op.RequestBody == nil {
		return nil, nil
	}
	content := op.RequestBody.Value.Content
	if media := content.Get("application/json"); media != nil && content["*/*"] == nil {
		return media.Schema.Value, nil
	}
	return nil, content
}

// headLikeGet adds HEAD beside every GET that is added (RFC 9110, 9.1): the same handler, whose body net/http leaves
// out. A HEAD that is added by itself takes precedence.
func headLikeGet(e *echo.Echo) func(echo.Route) error {
	added := map[string]bool{}
	return func(route echo.Route) error {
		switch {
		case route.Method == http.MethodHead:
			added[route.Path] = true
		case route.Method == http.MethodGet && !added[route.Path]:
			route.Method = http.MethodHead
			_, err := e.Router().Add(route)
			return err
		}
		return nil
	}
}

// hideTemplates answers for the methods that a literal path lacks and a templated one beside it may have. Without it
// DELETE /backup/history would reach DELETE /backup/{backup_id}.
func hideTemplates(e *echo.Echo, doc *openapi3.T) {
	for literal, item := range doc.Paths.Map() {
		hides := func(template string) bool { return shadows(template, literal) }
		if strings.Contains(literal, "{") || !slices.ContainsFunc(slices.Collect(maps.Keys(doc.Paths.Map())), hides) {
			continue
		}
		methods := slices.Collect(maps.Keys(item.Operations()))
		if item.Get != nil && item.Head == nil {
			methods = append(methods, http.MethodHead)
		}
		slices.Sort(methods)
		allow := strings.Join(append([]string{http.MethodOptions}, methods...), ", ")
		e.Any(BasePath+literal, func(c *echo.Context) error {
			c.Response().Header().Set("Allow", allow)
			if c.Request().Method == http.MethodOptions {
				return c.NoContent(http.StatusNoContent)
			}
			return errMethod
		})
	}
}

// shadows reports whether a templated path matches a literal one. A parameter at its end matches slashes too, as in
// the router.
func shadows(template, literal string) bool {
	a, b := strings.Split(template, "/"), strings.Split(literal, "/")
	longer := len(a) < len(b) && strings.HasPrefix(a[len(a)-1], "{")
	if !strings.Contains(template, "{") || len(a) != len(b) && !longer {
		return false
	}
	for i := range a {
		if a[i] != b[i] && !strings.HasPrefix(a[i], "{") {
			return false
		}
	}
	return true
}
