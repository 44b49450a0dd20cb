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
// http.ServeContent answers other statuses than ours to malformed ranges, several ranges, other units, ranges of an empty
// file and ranges of HEAD, honours If-Match, drops Last-Modified from 304, and cannot report an object that is missing
// from the store. Nearly every header would have to be rewritten before it, and the parsing here would stay.
type conditions struct {
	noneMatch, modifiedSince, rang, ifRange *string

	latest bool // asked for as the latest, so that the date has to tell it from later ones too
	head   bool
}

// needsDate reports whether the commit's date may decide the answer.
func (c conditions) needsDate() bool {
	return c.noneMatch == nil && c.modifiedSince != nil || c.rang != nil && c.ifRange != nil && !isTag(*c.ifRange)
}

// unchanged reports whether the answer is 304. An entity tag decides alone; a date only where it is the backup's own.
func (c conditions) unchanged(b backup.Backup, dated bool) bool {
	if c.noneMatch != nil {
		return matches(*c.noneMatch, etag(b))
	}
	if c.modifiedSince == nil || !dated {
		return false
	}
	since, err := http.ParseTime(*c.modifiedSince)
	return err == nil && !lastModified(b).After(since)
}

// wantsRange reports whether Range is to be looked at: not when the client's half is of another backup.
func (c conditions) wantsRange(b backup.Backup, dated bool) bool {
	if c.rang == nil {
		return false
	}
	if c.ifRange == nil {
		return true
	}
	if isTag(*c.ifRange) {
		return textproto.TrimString(*c.ifRange) == etag(b) // strong comparison: a weak tag never matches
	}
	when, err := http.ParseTime(*c.ifRange)
	return err == nil && dated && when.Equal(lastModified(b))
}

func isTag(s string) bool {
	s = textproto.TrimString(s)
	return strings.HasPrefix(s, `"`) || strings.HasPrefix(s, "W/")
}

func etag(b backup.Backup) string { return `"` + b.Checksum + `"` }

// lastModified has whole seconds, as HTTP's dates have.
func lastModified(b backup.Backup) time.Time { return b.CommittedAt.UTC().Truncate(time.Second) }

// matches compares weakly, as If-None-Match does. A list that is not well-formed matches nothing from the fault on.
func matches(list, tag string) bool {
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

// parseRange reads one byte range of a blob of that size. ok is false where the header is to be ignored: another unit,
// several ranges, or not a range at all. A range outside the blob has length 0.
func parseRange(header string, size int64) (first, length int64, ok bool) {
	unit, spec, found := strings.Cut(textproto.TrimString(header), "=")
	from, to, dash := strings.Cut(textproto.TrimString(spec), "-")
	if !found || !dash || !strings.EqualFold(unit, "bytes") || strings.Contains(spec, ",") {
		return 0, 0, false
	}
	if from == "" {
		n, ok := digits(to)
		n = min(n, size)
		return size - n, n, ok
	}
	first, ok = digits(from)
	if !ok {
		return 0, 0, false
	}
	last := size - 1
	if to != "" {
		if last, ok = digits(to); !ok || last < first {
			return 0, 0, false
		}
		last = min(last, size-1)
	}
	if first >= size {
		return 0, 0, true
	}
	return first, last - first + 1, true
}

// digits reads a number without sign; one that is too large for us is as large as can be.
func digits(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 1<<63 - 1, true
	}
	return n, true
}
