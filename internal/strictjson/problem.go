package strictjson

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxName is the longest member name that a message repeats.
const maxName = 40

// problem is why a document is refused, and where.
type problem struct {
	offset int
	what   string
	path   []string // names and indexes from the inside out, added while the reader backs out
}

func (p *problem) within(segment string) *problem {
	p.path = append(p.path, segment)
	return p
}

func (p *problem) message() string {
	message := fmt.Sprintf("The body is not acceptable JSON: %s (at byte %d", p.what, p.offset)
	if pointer := p.pointer(); pointer != "" {
		message += ", in " + pointer
	}
	return message + ")."
}

// pointer returns the path as a JSON pointer up to the first name that is not a plain word: member names of other
// shapes may be something a person said, and a message is logged.
func (p *problem) pointer() string {
	var pointer strings.Builder
	for _, segment := range slices.Backward(p.path) {
		if !plainWord(segment) {
			break
		}
		pointer.WriteString("/" + segment)
	}
	return pointer.String()
}

func plainWord(name string) bool {
	for _, c := range name {
		if !(c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return false
		}
	}
	return name != "" && len(name) <= maxName
}

func index(i int) string { return strconv.Itoa(i) }

func (r *reader) problem(what string) *problem { return &problem{offset: r.at, what: what} }

// expected says that something else stands at the reader's position, or nothing at all.
func (r *reader) expected(what string) *problem {
	if r.at == len(r.text) {
		return r.problem("it ends where " + what + " is expected")
	}
	return r.problem("there is something else where " + what + " is expected")
}
