package httpapi

import (
	"errors"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"github.com/adiuva/cloud-api/internal/fault"
)

// maxDetails bounds how many wrong members one answer names.
const maxDetails = 100

// validationFault turns the validator's errors into one fault that names every wrong member and the reason, and no
// value. A path parameter of the wrong form names nothing that exists, so it is answered like an unknown one.
func validationFault(err error) error {
	var details []fault.Detail
	if collectDetails(err, "", &details) {
		return fault.ErrNotFound
	}
	if len(details) == 0 {
		return fault.ErrValidation.WithCause(err)
	}
	return fault.ErrValidation.WithDetails(details[:min(len(details), maxDetails)]...)
}

// collectDetails appends what is wrong and reports whether a path parameter is.
func collectDetails(err error, prefix string, out *[]fault.Detail) (path bool) {
	switch e := err.(type) {
	case openapi3.MultiError:
		for _, one := range e {
			path = collectDetails(one, prefix, out) || path
		}
		return path
	case *openapi3filter.RequestError:
		if e.Parameter != nil {
			if e.Parameter.In == openapi3.ParameterInPath {
				return true
			}
			prefix = "/" + e.Parameter.In + "/" + e.Parameter.Name
		}
		if e.Err != nil && !errors.Is(e.Err, openapi3filter.ErrInvalidRequired) {
			return collectDetails(e.Err, prefix, out)
		}
		*out = append(*out, fault.Detail{Pointer: prefix, Message: reasonOr(e.Reason, "is required")})
	case *openapi3.SchemaError:
		if inner, ok := e.Origin.(openapi3.MultiError); ok {
			return collectDetails(inner, prefix, out)
		}
		*out = append(*out, fault.Detail{
			Pointer: pointer(prefix, e.JSONPointer()), Message: reasonOr(e.Reason, "is wrong"),
		})
	case *openapi3filter.ParseError:
		*out = append(*out, fault.Detail{Pointer: prefix, Message: "is not of the type that the contract names"})
	default:
		*out = append(*out, fault.Detail{Pointer: prefix, Message: "is wrong"})
	}
	return false
}

func reasonOr(reason, otherwise string) string {
	if reason == "" {
		return otherwise
	}
	return reason
}

// pointer writes an RFC 6901 pointer.
func pointer(prefix string, parts []string) string {
	var b strings.Builder
	b.WriteString(prefix)
	for _, p := range parts {
		b.WriteByte('/')
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(p, "~", "~0"), "/", "~1"))
	}
	return b.String()
}
