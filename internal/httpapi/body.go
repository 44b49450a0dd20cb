package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v5"

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

// readJSON reads, strictly decodes and checks the body.
func (s *Server) readJSON(c *echo.Context, o operation) (any, error) {
	r := c.Request()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, bodyReadError(err)
	}
	requestInfoFrom(r.Context()).bodyRead = true
	if int64(len(data)) > o.policy.Body && !hasMember(data, o.policy.Larger.Member) {
		return nil, errTooLarge
	}
	return decode(r.Context(), data, o.schema)
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

// Bind fills target from the validated body.
func (binder) Bind(c *echo.Context, target any) error {
	return bind(c.Get(bodyKey), target)
}
