package httpapi

import (
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/backup"
)

// conditions are the request headers that decide about a download, by RFC 9110 §13 and §14; "" was not sent. They mean
// what they mean to http.ServeContent, which the tests compare with, except that a range in another unit is ignored,
// the unit's case does not matter (§14.1), numbers may be as large as they like and have no sign (§14.1.1), a suffix of
// no bytes is not satisfiable (§14.1.2), HEAD has no ranges (§14.2), and several ranges get the whole blob, as the
// contract says.
type conditions struct {
	match, noneMatch, modifiedSince, unmodifiedSince, rangeHeader, ifRange string

	latest bool // the latest backup was requested, so that the date has to distinguish it from later ones as well
	head   bool
}

// headerValue returns the value of an optional header, "" when it was not sent.
func headerValue(v *string) string {
	if v == nil {
		return ""
	}
	return *v
}

// joinListHeaders makes one line of the lines of each precondition that is a list (RFC 9110 §5.3).
func joinListHeaders(h http.Header) {
	for _, name := range []string{"If-Match", "If-None-Match"} {
		if values := h[name]; len(values) > 1 {
			h[name] = []string{strings.Join(values, ", ")}
		}
	}
}

// precondition returns what has to hold for an upload, a deletion or a download.
func precondition(match, noneMatch, unmodifiedSince string) backup.Precondition {
	var p backup.Precondition
	if match != "" {
		p.Match = func(b *backup.Backup) bool { return listed(match, b, strongMatch) }
	}
	if noneMatch != "" {
		p.NoneMatch = func(b *backup.Backup) bool { return !listed(noneMatch, b, weakMatch) }
	}
	if date, err := http.ParseTime(unmodifiedSince); err == nil { // a date that is none is ignored
		p.UnmodifiedSince = &date
	}
	return p
}

// needsLastModified reports whether the response may depend on the date of the commit.
func (c conditions) needsLastModified() bool {
	return c.noneMatch == "" && c.modifiedSince != "" ||
		c.rangeHeader != "" && c.ifRange != "" && !isETag(c.ifRange)
}

// notModified reports whether the response is 304. If-None-Match takes precedence; a date counts only when it is
// usable.
func (c conditions) notModified(b backup.Backup, dateUsable bool) bool {
	if c.noneMatch != "" {
		return listed(c.noneMatch, &b, weakMatch)
	}
	if c.modifiedSince == "" || !dateUsable {
		return false
	}
	since, err := http.ParseTime(c.modifiedSince)
	return err == nil && !lastModified(b).After(since)
}

// rangeApplies reports whether Range is honoured: not when If-Range shows that the client's part is of another backup,
// and not for an empty backup, of which there is no part.
func (c conditions) rangeApplies(b backup.Backup, dateUsable bool) bool {
	if c.rangeHeader == "" || c.head {
		return false
	}
	if c.ifRange == "" {
		return true
	}
	if tag, _ := scanETag(c.ifRange); tag != "" {
		return strongMatch(tag, etag(b)) // a weak tag never matches
	}
	when, err := http.ParseTime(c.ifRange)
	return err == nil && dateUsable && when.Equal(lastModified(b))
}

func isETag(s string) bool {
	tag, _ := scanETag(s)
	return tag != ""
}

func etag(b backup.Backup) string { return `"` + b.Checksum + `"` }

// lastModified has whole seconds, like dates in HTTP.
func lastModified(b backup.Backup) time.Time { return b.CommittedAt.UTC().Truncate(time.Second) }

// strongMatch and weakMatch are the comparisons of RFC 9110 §8.8.3.2; ours is a strong tag.
func strongMatch(tag, ours string) bool { return tag == ours }

func weakMatch(tag, ours string) bool { return strings.TrimPrefix(tag, "W/") == ours }

// listed reports whether a list of entity tags names b, which is nil when there is no backup. "*" names any. Parsing
// stops at the first malformed element.
func listed(list string, b *backup.Backup, matches func(tag, ours string) bool) bool {
	for rest := list; b != nil; {
		rest = strings.TrimLeft(rest, " \t\r\n,")
		if strings.HasPrefix(rest, "*") {
			return true
		}
		var tag string
		if tag, rest = scanETag(rest); tag == "" {
			return false
		}
		if matches(tag, etag(*b)) {
			return true
		}
	}
	return false
}

// scanETag returns the entity tag at the start of s and what follows it, or "" when there is none.
func scanETag(s string) (tag, rest string) {
	s = textproto.TrimString(s)
	opaque := strings.TrimPrefix(s, "W/")
	if !strings.HasPrefix(opaque, `"`) {
		return "", ""
	}
	end := strings.IndexFunc(opaque[1:], func(c rune) bool { return c <= ' ' || c == '"' || c == 0x7f })
	if end < 0 || opaque[1+end] != '"' {
		return "", ""
	}
	length := len(s) - len(opaque) + end + 2
	return s[:length], s[length:]
}

// byteRange is the answer to a Range header.
type byteRange int

const (
	wholeBody byteRange = iota // the header is ignored
	oneRange
	noSuchRange // malformed, or outside of the body: 416
)

// parseRange parses a Range header for a body of that size. first and length are set for oneRange alone.
func parseRange(header string, size int64) (kind byteRange, first, length int64) {
	unit, set, found := strings.Cut(header, "=")
	if !found || !isToken(unit) {
		return noSuchRange, 0, 0
	}
	if !strings.EqualFold(unit, "bytes") {
		return wholeBody, 0, 0
	}
	ranges, outside := 0, false
	for spec := range strings.SplitSeq(set, ",") {
		if spec = textproto.TrimString(spec); spec == "" {
			continue
		}
		start, n, ok := parseSpec(spec, size)
		switch {
		case !ok:
			return noSuchRange, 0, 0
		case n == 0:
			outside = true
		default:
			first, length = start, n
			ranges++
		}
	}
	switch {
	case ranges == 1:
		return oneRange, first, length
	case ranges == 0 && outside && size > 0:
		return noSuchRange, 0, 0
	}
	return wholeBody, 0, 0
}

// parseSpec parses one range. ok is false for a malformed one; a range outside of the body has length 0.
func parseSpec(spec string, size int64) (first, length int64, ok bool) {
	from, to, dash := strings.Cut(spec, "-")
	from, to = textproto.TrimString(from), textproto.TrimString(to)
	switch {
	case !dash:
		return 0, 0, false
	case from == "":
		length, ok = parseDigits(to)
		length = min(length, size)
		return size - length, length, ok
	}
	if first, ok = parseDigits(from); !ok {
		return 0, 0, false
	}
	if first >= size {
		return 0, 0, true // without a look at its end, as in net/http
	}
	last := size - 1
	if to != "" {
		n, ok := parseDigits(to)
		if !ok || n < first {
			return 0, 0, false
		}
		last = min(n, last)
	}
	return first, last - first + 1, true
}

// parseDigits parses a number without a sign. A number that is too large becomes the maximum.
func parseDigits(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 1<<63 - 1, true
	}
	return n, true
}

// isToken reports whether s is a token of RFC 9110 §5.6.2.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}
