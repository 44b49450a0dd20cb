package httpapi

import (
	"net/http"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/labstack/echo/v5"

	"github.com/adiuva/cloud-api/internal/apikey"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/openapi"
)

// chain returns what runs before the handler of an operation. All of it follows from the contract, so that a new
// operation needs no code here.
func (s *Server) chain(o operation) []echo.MiddlewareFunc {
	chain := []echo.MiddlewareFunc{tagOperation(o), limitBody(o), s.requireUser(o), s.throttle(o), s.validate(o)}
	if o.policy.Body == openapi.Unlimited {
		chain = append(chain, s.enforceMinRate)
	}
	return chain
}

// tagOperation notes for the request's log line which operation it reached.
func tagOperation(o operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			info := requestInfoFrom(c.Request().Context())
			info.route = o.id
			info.events = o.events && prefersEvents(c.Request().Header)
			return next(c)
		}
	}
}

// limitBody refuses a body whose declared length is too large before it is read, and stops reading at the limit.
func limitBody(o operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		if o.policy.Body == openapi.Unlimited {
			return next
		}
		return func(c *echo.Context) error {
			r := c.Request()
			if r.ContentLength > o.policy.LargestBody() {
				return errTooLarge
			}
			r.Body = http.MaxBytesReader(c.Response(), r.Body, o.policy.LargestBody())
			return next(c)
		}
	}
}

// requireUser puts the caller into the context, or ends the request.
func (s *Server) requireUser(o operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		if o.public {
			return next
		}
		return func(c *echo.Context) error {
			r := c.Request()
			if apikey.IsIn(r.RequestURI) {
				return errKeyInURL
			}
			token, err := bearerToken(r)
			if err != nil {
				return err
			}
			user, err := s.authenticate(r.Context(), o.policy, token)
			if err != nil {
				return err
			}
			c.SetRequest(r.WithContext(identity.ToContext(r.Context(), user)))
			return next(c)
		}
	}
}

// throttle counts the request against its limit.
func (s *Server) throttle(o operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			r := c.Request()
			settle, err := s.charge(r.Context(), s.limitOf(o, r), c.Response().Header())
			if err != nil {
				return err
			}
			err = next(c)
			outcome := err
			if failure := requestInfoFrom(r.Context()).failure; failure != nil {
				outcome = failure
			}
			settle(outcome)
			return err
		}
	}
}

// bodyKey is where validate leaves the decoded body for the binder.
const bodyKey = "body"

// validate checks parameters and body against the contract. A body that is not JSON is not touched: the handler sees
// its first byte as soon as the client sends it.
func (s *Server) validate(o operation) echo.MiddlewareFunc {
	options := &openapi3filter.Options{MultiError: true, SchemaValidationOptions: schemaOptions()}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			r := c.Request()
			if o.takesKey() {
				if err := refuseMisplacedKey(r); err != nil {
					return err
				}
			}
			params := map[string]string{}
			for _, p := range c.PathValues() {
				params[p.Name] = p.Value
			}
			in := &openapi3filter.RequestValidationInput{
				Request:    r,
				PathParams: params,
				Route:      o.route,
				Options:    options,
			}
			body, length := r.Body, r.ContentLength
			r.Body = http.NoBody
			err := openapi3filter.ValidateRequest(r.Context(), in)
			r.Body, r.ContentLength = body, length
			if err != nil {
				return validationFault(err)
			}
			if err := o.checkMedia(c.Response().Header(), r.Header); err != nil {
				return err
			}
			if o.policy.Items != "" {
				if err := s.readItems(c, o); err != nil {
					return err
				}
				c.Set(bodyKey, map[string]any{}) // the handler reads the items
				return next(c)
			}
			if o.schema != nil {
				value, err := s.readJSON(c, o)
				if err != nil {
					return err
				}
				c.Set(bodyKey, value)
			}
			return next(c)
		}
	}
}
