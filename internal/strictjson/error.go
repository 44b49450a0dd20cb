package strictjson

import (
	"fmt"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/fault"
)

// maxNameLength is the longest member name that a message repeats.
const maxNameLength = 40

// syntaxError is why a document is rejected, and where.
type syntaxError struct {
	offset int
	reason string
	path   []string // names and indexes from the inside out, added while the parser returns
}

// Error implements error. It tells less than message, whose text only asFault needs.
func (e *syntaxError) Error() string { return e.reason }

// within adds a name or an index to the path of a syntaxError.
func within(err error, segment string) error {
	if e, ok := err.(*syntaxError); ok {
		e.path = append(e.path, segment)
	}
	return err
}

// asFault returns invalid_json for a syntaxError, and any other error as it is.
func asFault(err error) error {
	if e, ok := err.(*syntaxError); ok {
		return fault.ErrInvalidJSON.WithMessage(e.message())
	}
	return err
}

func (e *syntaxError) message() string {
	message := fmt.Sprintf("The body is not acceptable JSON: %s (at byte %d", e.reason, e.offset)
	if pointer := e.pointer(); pointer != "" {
		message += ", in " + pointer
	}
	return message + ")."
}

// pointer returns the path as a JSON pointer, up to the first name that is not simple: other names may be something
// that a person wrote, and messages are logged.
func (e *syntaxError) pointer() string {
	var pointer strings.Builder
	for _, segment := range slices.Backward(e.path) {
		if !isSimpleName(segment) {
			break
		}
		pointer.WriteString("/" + segment)
	}
	return pointer.String()
}

func isSimpleName(name string) bool {
	for _, c := range name {
		if !(c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return false
		}
	}
	return name != "" && len(name) <= maxNameLength
}

func (p *parser) fail(reason string) error {
	return &syntaxError{offset: p.pos, reason: reason}
}

// expected returns the error for something else at the current position, or for the end of the document.
func (p *parser) expected(what string) error {
	if p.pos == len(p.text) {
		return p.fail("it ends where " + what + " is expected")
	}
	return p.fail("there is something else where " + what + " is expected")
}
