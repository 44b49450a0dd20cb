package docsite

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// script is a file embedded as gzip. Clients without gzip get it inflated; the first of them makes it stay in memory.
type script struct {
	version       string // the query under which it never changes
	packed, plain file
}

// newScript fails when packed is too short for gzip or does not start like it.
func newScript(packed []byte) (script, error) {
	if _, err := gzip.NewReader(bytes.NewReader(packed)); err != nil {
		return script{}, err
	}
	s := script{version: digest(packed), packed: newFile("text/javascript; charset=utf-8", plainPolicy, packed)}
	s.plain = s.packed
	s.plain.etag = fmt.Sprintf(`"%s-plain"`, s.version)
	s.plain.body = inflated(sync.OnceValues(func() ([]byte, error) { return inflate(packed) }))
	s.plain.size = int64(binary.LittleEndian.Uint32(packed[len(packed)-4:])) // RFC 1952, section 2.3.1: ISIZE
	return s, nil
}

// inflated is a body that is made when it is read.
type inflated func() ([]byte, error)

func (i inflated) ReadAt(p []byte, offset int64) (int, error) {
	body, err := i()
	if err != nil {
		return 0, err
	}
	return bytes.NewReader(body).ReadAt(p, offset)
}

func inflate(packed []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// ServeHTTP answers the packed body to clients that accept gzip, else the inflated one. Only under its version may it be
// kept for good.
func (s script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := s.plain
	if acceptsGzip(strings.Join(r.Header.Values("Accept-Encoding"), ",")) {
		answer = s.packed
		w.Header().Set("Content-Encoding", "gzip")
	}
	if r.URL.RawQuery == s.version {
		answer.caching = "public, max-age=31536000, immutable"
	}
	w.Header().Add("Vary", "Accept-Encoding")
	answer.ServeHTTP(w, r)
}

// acceptsGzip reports whether the Accept-Encoding header allows gzip and prefers nothing at all to it (RFC 9110, section
// 12.5.3). A weight that cannot be read is a refusal.
func acceptsGzip(header string) bool {
	weights := map[string]float64{}
	for part := range strings.SplitSeq(strings.ToLower(header), ",") {
		coding, parameter, weighted := strings.Cut(part, ";")
		weight := 1.0
		if weighted {
			value, _ := strings.CutPrefix(strings.TrimSpace(parameter), "q=")
			weight, _ = strconv.ParseFloat(value, 64)
		}
		weights[strings.TrimPrefix(strings.TrimSpace(coding), "x-")] = weight
	}
	weigh := func(coding string) float64 {
		if weight, named := weights[coding]; named {
			return weight
		}
		return weights["*"]
	}
	return weigh("gzip") > 0 && weigh("gzip") >= weigh("identity")
}
