package httpapi

import (
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/backup"
)

// conditions are the request headers that decide about a download, by RFC 9110 §13 and §14. A nil member was not sent.
//
// http.ServeContent is no substitute. It responds with another status to malformed ranges, several ranges, other units,
// ranges of an empty body and ranges in HEAD, honours If-Match, omits Last-Modified from 304, and cannot report that an
// object is missing from the store. Almost every header would have to be rewritten for it by the code below.
type conditions struct {
	noneMatch, modifiedSince, rangeHeader, ifRange *string

	latest bool // the latest backup was requested, so that the date has to distinguish it from later ones as well
	head   bool
}

// needsLastModified reports whether the response may depend on the date of the commit.
func (c conditions) needsLastModified() bool {
	return c.noneMatch == nil && c.modifiedSince != nil ||
		c.rangeHeader != nil && c.ifRange != nil && !isETag(*c.ifRange)
}

// notModified reports whether the response is 304. If-None-Match takes precedence; a date counts only when it is
// usable.
func (c conditions) notModified(b backup.Backup, dateUsable bool) bool {
	if c.noneMatch != nil {
		return ifNoneMatch(*c.noneMatch, etag(b))
	}
	if c.modifiedSince == nil || !dateUsable {
		return false
	}
	since, err := http.ParseTime(*c.modifiedSince)
	return err == nil && !lastModified(b).After(since)
}

// rangeApplies reports whether Range is honoured: not when If-Range shows that the client's part is of another backup.
func (c conditions) rangeApplies(b backup.Backup, dateUsable bool) bool {
	if c.rangeHeader == nil {
		return false
	}
	if c.ifRange == nil {
		return true
	}
	if isETag(*c.ifRange) {
		return textproto.TrimString(*c.ifRange) == etag(b) // strong comparison: a weak tag never matches
	}
	when, err := http.ParseTime(*c.ifRange)
	return err == nil && dateUsable && when.Equal(lastModified(b))
}

func isETag(s string) bool {
	s = textproto.TrimString(s)
	return strings.HasPrefix(s, `"`) || strings.HasPrefix(s, "W/")
}

func etag(b backup.Backup) string { return `"` + b.Checksum + `"` }

// lastModified has whole seconds, like dates in HTTP.
func lastModified(b backup.Backup) time.Time { return b.CommittedAt.UTC().Truncate(time.Second) }

// ifNoneMatch reports whether the list of an If-None-Match header contains tag, by weak comparison. Parsing stops
// at the first malformed element.
func ifNoneMatch(list, tag string) bool {
	for rest := textproto.TrimString(list); rest != ""; {
		if rest == "*" {
			return true
		}
		rest = strings.TrimPrefix(rest, "W/")
		if !strings.HasPrefix(rest, `"`) {
			return false
		}
		end := strings.IndexByte(rest[1:], '"')
		if end < 0 {
			return false
		}
		if rest[:end+2] == tag {
			return true
		}
		rest = strings.TrimLeft(rest[end+2:], " \t,")
	}
	return false
}

// parseRange parses a Range header for a body of that size. ok is false when the header has to be ignored: another
// unit, several ranges, or a malformed one. A range outside of the body has length 0.
func parseRange(header string, size int64) (first, length int64, ok bool) {
	unit, spec, found := strings.Cut(textproto.TrimString(header), "=")
	from, to, dash := strings.Cut(textproto.TrimString(spec), "-")
	if !found || !dash || !strings.EqualFold(unit, "bytes") || strings.Contains(spec, ",") {
		return 0, 0, false
	}
	if from == "" {
		n, ok := parseDigits(to)
		n = min(n, size)
		return size - n, n, ok
	}
	first, ok = parseDigits(from)
	if !ok {
		return 0, 0, false
	}
	last := size - 1
	if to != "" {
		if last, ok = parseDigits(to); !ok || last < first {
			return 0, 0, false
		}
		last = min(last, size-1)
	}
	if first >= size {
		return 0, 0, true
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
