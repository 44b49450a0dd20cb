package httpapi

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v5"

	"github.com/adiuva/cloud-api/internal/fault"
)

// uuidFormat is compiled once. The validator would otherwise compile it for every body.
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
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, bodyReadError(err)
	}
	requestInfoFrom(r.Context()).bodyRead = true
	return decode(data, schema)
}

// bodyReadError returns the fault of a body that could not be read to its end.
func bodyReadError(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return errTooLarge.WithCause(err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errTooSlow.WithCause(err)
	}
	return fault.ErrInvalidJSON.WithMessage("The body ended before it was complete.").WithCause(err)
}

// binder hands the generated code the body that validate has decoded.
type binder struct{}

// Bind fills target from the validated body.
func (binder) Bind(c *echo.Context, target any) error {
	return bind(c.Get(bodyKey), target)
}
