package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v5"
	"github.com/oapi-codegen/runtime"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/openapi"
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

// checkMedia returns unsupported_media_type where the body has another Content-Type than the contract names, or a
// Content-Encoding. It sets the header of the response that says which encoding is accepted. The bytes of an upload are
// stored as they come, whatever they are encoded with.
func (o operation) checkMedia(response, request http.Header) error {
	if o.schema == nil && o.media == nil {
		return nil
	}
	if o.policy.Body != openapi.Unlimited && encoded(request.Values("Content-Encoding")) {
		response.Set("Accept-Encoding", "identity")
		return errContentEncoding
	}
	sent := request.Get("Content-Type")
	if o.schema != nil {
		if media, _, err := mime.ParseMediaType(sent); err != nil || media != mediaJSON {
			return wrongMediaType(mediaJSON)
		}
	} else if o.media.Get(sent) == nil {
		return wrongMediaType(slices.Sorted(maps.Keys(o.media))...)
	}
	return nil
}

// encoded reports whether a Content-Encoding changes the bytes.
func encoded(values []string) bool {
	for coding := range strings.SplitSeq(strings.Join(values, ","), ",") {
		if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
			return true
		}
	}
	return false
}

const mediaJSON = "application/json"

func wrongMediaType(wanted ...string) error {
	return fault.New(fault.UnsupportedMediaType,
		"Send the body with Content-Type: "+strings.Join(wanted, " or ")+".")
}

// readJSON reads, strictly decodes and checks the body, and returns it for Bind.
func (s *Server) readJSON(c *echo.Context, o operation) (any, error) {
	ctx := c.Request().Context()
	data, err := readBody(c.Request())
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > o.policy.Body && !hasMember(data, o.policy.Larger.Member) {
		return nil, errTooLarge
	}
	switch o.schema {
	case s.bodies.question.schema:
		requestInfoFrom(ctx).question, err = s.bodies.question.read(ctx, data)
		return map[string]any{}, err // the handler takes it from there
	case s.bodies.step.schema:
		return s.bodies.step.read(ctx, data)
	}
	return decode(ctx, data, o.schema)
}

// trustedLength is up to which Content-Length memory is taken before the bytes have come.
const trustedLength = 64 << 10

// readBody reads the body whole. The chain has limited it.
func readBody(r *http.Request) ([]byte, error) {
	var data bytes.Buffer
	if r.ContentLength > 0 {
		data.Grow(int(min(r.ContentLength, trustedLength)) + bytes.MinRead) // room to see the end without growing
	}
	if _, err := data.ReadFrom(r.Body); err != nil {
		return nil, bodyReadError(err)
	}
	requestInfoFrom(r.Context()).bodyRead = true
	return data.Bytes(), nil
}

// hasMember reports whether data is a JSON object with that member.
func hasMember(data []byte, name string) bool {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return false
	}
	_, ok := members[name]
	return ok
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

// Bind fills target with the validated body. There is no second, more lenient decoder to fall back to.
func (binder) Bind(c *echo.Context, target any) error {
	body := c.Get(bodyKey)
	if step, ok := body.(*api.StepRequest); ok {
		*target.(*api.StepRequest) = *step
		return nil
	}
	if err := runtime.BindJSONValue(body, target); err != nil {
		return fault.ErrValidation.WithCause(err)
	}
	return nil
}
