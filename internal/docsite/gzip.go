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

// gzipAsset serves a script that is embedded as gzip. It is decompressed when the first client without gzip asks for
// it, and then kept in memory.
type gzipAsset struct {
	version    string // with this query string the response may be cached forever
	compressed fileHandler
	plain      fileHandler
}

// newGzipAsset fails if data has no valid gzip header.
func newGzipAsset(data []byte) (gzipAsset, error) {
	if _, err := gzip.NewReader(bytes.NewReader(data)); err != nil {
		return gzipAsset{}, err
	}
	a := gzipAsset{
		version:    digest(data),
		compressed: newFileHandler("text/javascript; charset=utf-8", strictPolicy, data),
	}
	a.plain = a.compressed
	a.plain.etag = fmt.Sprintf(`"%s-plain"`, a.version)
	a.plain.body = lazyBody(sync.OnceValues(func() ([]byte, error) { return decompress(data) }))
	a.plain.size = int64(binary.LittleEndian.Uint32(data[len(data)-4:])) // RFC 1952, section 2.3.1: ISIZE
	return a, nil
}

// lazyBody is an io.ReaderAt whose content is produced by the first read.
type lazyBody func() ([]byte, error)

func (load lazyBody) ReadAt(p []byte, offset int64) (int, error) {
	body, err := load()
	if err != nil {
		return 0, err
	}
	return bytes.NewReader(body).ReadAt(p, offset)
}

func decompress(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func (a gzipAsset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file := a.plain
	if acceptsGzip(strings.Join(r.Header.Values("Accept-Encoding"), ",")) {
		file = a.compressed
		w.Header().Set("Content-Encoding", "gzip")
	}
	if r.URL.RawQuery == a.version {
		file.cacheControl = "public, max-age=31536000, immutable"
	}
	w.Header().Add("Vary", "Accept-Encoding")
	file.ServeHTTP(w, r)
}

// acceptsGzip reports whether the Accept-Encoding header allows gzip and does not prefer identity to it (RFC 9110,
// section 12.5.3). A weight that cannot be parsed counts as zero.
func acceptsGzip(header string) bool {
	weights := map[string]float64{}
	for part := range strings.SplitSeq(strings.ToLower(header), ",") {
		coding, parameter, found := strings.Cut(part, ";")
		weight := 1.0
		if found {
			value, _ := strings.CutPrefix(strings.TrimSpace(parameter), "q=")
			weight, _ = strconv.ParseFloat(value, 64)
		}
		weights[strings.TrimPrefix(strings.TrimSpace(coding), "x-")] = weight
	}
	weightOf := func(coding string) float64 {
		if weight, ok := weights[coding]; ok {
			return weight
		}
		return weights["*"]
	}
	return weightOf("gzip") > 0 && weightOf("gzip") >= weightOf("identity")
}
