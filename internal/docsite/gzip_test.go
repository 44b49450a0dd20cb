package docsite_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strconv"
	"testing"
)

// scriptURL returns the script's URL as the reference links to it.
func scriptURL(t testing.TB, h http.Handler) string {
	t.Helper()
	text := request(t, h, http.MethodGet, "/docs").Body.String()
	match := regexp.MustCompile(`src="(/docs/scalar\.js\?[0-9a-f]+)"`).FindStringSubmatch(text)
	if match == nil {
		t.Fatal("the reference links to no versioned script")
	}
	return match[1]
}

func TestScriptIsTheSameWithAndWithoutGzip(t *testing.T) {
	t.Parallel()
	h := newSite(t)
	compressed := request(t, h, http.MethodGet, "/docs/scalar.js", "Accept-Encoding", "gzip, deflate, br")
	if compressed.Header().Get("Content-Encoding") != "gzip" || compressed.Body.Len() > 1_300_000 {
		t.Fatalf("%d bytes as %q", compressed.Body.Len(), compressed.Header().Get("Content-Encoding"))
	}
	z, err := gzip.NewReader(compressed.Body)
	if err != nil {
		t.Fatal(err)
	}
	decompressed, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	plain := request(t, h, http.MethodGet, "/docs/scalar.js")
	coding := plain.Header().Get("Content-Encoding")
	if coding != "" || !bytes.Equal(plain.Body.Bytes(), decompressed) {
		t.Errorf("%d bytes as %q; want the %d of the compressed one", plain.Body.Len(), coding, len(decompressed))
	}
	if got := plain.Header().Get("Content-Length"); got != strconv.Itoa(len(decompressed)) {
		t.Errorf("Content-Length %s, body %d", got, len(decompressed))
	}
	if !bytes.Contains(decompressed, []byte("createApiReference")) {
		t.Error("the script does not define what app.js calls")
	}
	if a, b := compressed.Header().Get("ETag"), plain.Header().Get("ETag"); a == b {
		t.Errorf("with and without gzip the ETag is %s", a)
	}
	for _, got := range []*httptest.ResponseRecorder{compressed, plain} {
		if got.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("Vary is %q", got.Header().Get("Vary"))
		}
	}
	part := request(t, h, http.MethodGet, "/docs/scalar.js", "Range", "bytes=1000000-1000009")
	if part.Code != http.StatusPartialContent || !bytes.Equal(part.Body.Bytes(), decompressed[1000000:1000010]) {
		t.Errorf("range: %d %q", part.Code, part.Body)
	}
}

func TestScriptIsImmutableOnlyUnderItsVersion(t *testing.T) {
	t.Parallel()
	h := newSite(t)
	current := scriptURL(t, h)
	for target, want := range map[string]string{
		current:                  "public, max-age=31536000, immutable",
		current + "0":            "no-cache",
		"/docs/scalar.js":        "no-cache",
		"/docs/scalar.js?1.72.1": "no-cache",
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			header := request(t, h, method, target, "Accept-Encoding", "gzip").Header()
			if got := header.Get("Cache-Control"); got != want {
				t.Errorf("%s %s: Cache-Control %q, want %q", method, target, got, want)
			}
		}
	}
}

func TestScriptHonoursAcceptEncoding(t *testing.T) {
	t.Parallel()
	h := newSite(t)
	for _, c := range []struct {
		header string
		gzip   bool
	}{
		{"", false}, {"gzip", true}, {"GZIP", true}, {"x-gzip", true}, {"br, gzip", true}, {"gzip;q=0.001", true},
		{"gzip ; q=0.5", true}, {"gzip;Q=1.000", true}, {"gzip;q=1", true},
		{"gzip;q=0", false}, {"gzip;q=0.0", false}, {"gzip; q=0.000", false}, {"gzip;q=", false}, {"gzip;q=x", false},
		{"gzip;q=NaN", false}, {"gzip;q=-1", false}, {"gzipped", false}, {"br, deflate", false}, {"identity", false},
		{"*", true}, {"*;q=0", false}, {"br, *;q=0.1", true}, {"gzip;q=0, *", false}, {"gzip, *;q=0", true},
		{"identity, *;q=0", false}, {"identity;q=0, gzip;q=0.1", true}, {"gzip;q=0.5, identity;q=0.9", false},
		{"gzip;q=0.9, identity;q=0.5", true}, {"gzip, identity", true}, {",,gzip,", true},
	} {
		header := request(t, h, http.MethodHead, "/docs/scalar.js", "Accept-Encoding", c.header).Header()
		got := header.Get("Content-Encoding")
		if (got == "gzip") != c.gzip || got != "" && got != "gzip" {
			t.Errorf("Accept-Encoding %q: the coding is %q", c.header, got)
		}
	}
	twice := request(t, h, http.MethodHead, "/docs/scalar.js", "Accept-Encoding", "br", "Accept-Encoding", "gzip")
	if twice.Header().Get("Content-Encoding") != "gzip" {
		t.Error("the second Accept-Encoding line was not read")
	}
	if none := request(t, h, http.MethodHead, "/docs/scalar.js"); none.Header().Get("Content-Encoding") != "" {
		t.Error("a client without Accept-Encoding got gzip")
	}
}

func FuzzScriptAcceptEncoding(f *testing.F) {
	for _, seed := range []string{
		"gzip", "gzip;q=0", "*;q=0.5,identity", ";;;q=,", "gzip;q=1e999", "\x00,\xff;q=0x1p-2",
	} {
		f.Add(seed)
	}
	h := newSite(f)
	f.Fuzz(func(t *testing.T, header string) {
		got := request(t, h, http.MethodHead, "/docs/scalar.js", "Accept-Encoding", header)
		coding := got.Header().Get("Content-Encoding")
		if got.Code != http.StatusOK || coding != "" && coding != "gzip" {
			t.Errorf("%q: %d as %q", header, got.Code, coding)
		}
	})
}

// discardWriter is a ResponseWriter that discards the body.
type discardWriter struct{ header http.Header }

func (w discardWriter) Header() http.Header         { return w.header }
func (w discardWriter) WriteHeader(int)             {}
func (w discardWriter) Write(p []byte) (int, error) { return len(p), nil }

// This test is not parallel because it counts the allocations of the whole process.
func TestScriptIsDecompressedOnce(t *testing.T) {
	h := newSite(t)
	allocated := func(method string, headers ...string) uint64 {
		r := httptest.NewRequestWithContext(t.Context(), method, "/docs/scalar.js", nil)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		h.ServeHTTP(discardWriter{http.Header{}}, r)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	const small, script = 1 << 20, 4 << 20
	tag := request(t, h, http.MethodHead, "/docs/scalar.js").Header().Get("ETag")
	if n := allocated(http.MethodHead); n > small {
		t.Errorf("HEAD allocated %d bytes", n)
	}
	if n := allocated(http.MethodGet, "If-None-Match", tag); n > small {
		t.Errorf("304 allocated %d bytes", n)
	}
	if n := allocated(http.MethodGet); n < script {
		t.Errorf("the first GET allocated %d bytes, too few to have decompressed the script", n)
	}
	if n := allocated(http.MethodGet); n > small {
		t.Errorf("the second GET allocated %d bytes", n)
	}
}
