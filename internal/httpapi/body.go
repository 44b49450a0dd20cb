package httpapi

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/labstack/echo/v5"
	"github.com/oapi-codegen/runtime"

	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/strictjson"
)

// Body limits of the contract. Backups are limited by the tier alone.
const (
	maxJSONBody    = 1 << 20
	maxWebhookBody = 512 << 10
	// jsonBodyTime is how long a JSON body may take to arrive unless the Config says: a megabyte at 64 KiB/s.
	jsonBodyTime = 16 * time.Second
)

// limitBody refuses a body that says it is too large before it is read, and cuts one that turns out to be.
func limitBody(o operation) echo.MiddlewareFunc {
	limit := int64(maxJSONBody)
	switch o.id {
	case "putBackup":
		limit = -1
	case "receiveStripeEvent":
		limit = maxWebhookBody
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			r := c.Request()
			if limit < 0 {
				return next(c)
			}
			if r.ContentLength > limit {
				return errTooLarge
			}
			r.Body = http.MaxBytesReader(c.Response(), r.Body, limit)
			return next(c)
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
			params := map[string]string{}
			for _, p := range c.PathValues() {
				params[p.Name] = p.Value
			}
			in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: o.route, Options: options}
			body, length := r.Body, r.ContentLength
			r.Body = http.NoBody
			err := openapi3filter.ValidateRequest(r.Context(), in)
			r.Body, r.ContentLength = body, length
			if err != nil {
				return invalid(err)
			}
			if o.media != nil && o.media.Get(r.Header.Get("Content-Type")) == nil {
				return errMediaType
			}
			if o.schema != nil {
				value, err := s.readJSON(c, o.schema)
				if err != nil {
					return err
				}
				c.Set(bodyKey, value)
			}
			return next(c)
		}
	}
}

// uuidFormat is compiled once; the validator would otherwise be built anew for every body.
var uuidFormat = openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringForUUIDOfRFC9562)

func schemaOptions() []openapi3.SchemaValidationOption {
	return []openapi3.SchemaValidationOption{
		openapi3.MultiErrors(), openapi3.VisitAsRequest(),
		openapi3.DisableSchemaErrorDetails(), // keeps schemas and values, passwords among them, out of error texts
		openapi3.WithStringFormatValidators(map[string]openapi3.StringFormatValidator{
			"uuid": uuidFormat,
		}),
	}
}

// readJSON reads, strictly decodes and checks the body.
func (s *Server) readJSON(c *echo.Context, schema *openapi3.Schema) (any, error) {
	r := c.Request()
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, errMediaType
	}
	deadline := http.NewResponseController(c.Response())
	if err := deadline.SetReadDeadline(time.Now().Add(s.cfg.JSONBodyTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, cutShort(err)
	}
	if err := deadline.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	recordOf(r.Context()).bodyRead = true
	return checkJSON(data, schema)
}

// cutShort says why a body could not be read to its end.
func cutShort(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return errTooLarge.WithCause(err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errTooSlow.WithCause(err)
	}
	return fault.ErrInvalidJSON.WithMessage("The body ended before it was complete.").WithCause(err)
}

// checkJSON strictly decodes data and checks it against schema.
func checkJSON(data []byte, schema *openapi3.Schema) (any, error) {
	value, err := strictjson.Decode(data)
	if err != nil {
		return nil, err
	}
	if err := schema.VisitJSON(value, schemaOptions()...); err != nil {
		return nil, invalid(err)
	}
	return value, nil
}

// binder hands the generated code the value that was validated. There is no second, laxer decode to fall back to.
type binder struct{}

// Bind fills target from the validated body.
func (binder) Bind(c *echo.Context, target any) error {
	value := c.Get(bodyKey)
	if err := runtime.BindJSONValue(value, target); err != nil {
		return fault.ErrValidation.WithCause(err)
	}
	return nil
}
