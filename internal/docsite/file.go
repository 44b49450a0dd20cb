package docsite

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"time"
)

// fileHandler serves a body that does not change while the process runs.
type fileHandler struct {
	mediaType    string
	policy       string // Content-Security-Policy
	etag         string
	cacheControl string
	body         io.ReaderAt // read only for GET
	size         int64
}

func newFileHandler(mediaType, policy string, body []byte) fileHandler {
	return fileHandler{
		mediaType:    mediaType,
		policy:       policy,
		etag:         `"` + digest(body) + `"`,
		cacheControl: "no-cache",
		body:         bytes.NewReader(body),
		size:         int64(len(body)),
	}
}

// digest returns the first 16 bytes of the body's SHA-256 in hexadecimal.
func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return fmt.Sprintf("%x", sum[:16])
}

func (f fileHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.mediaType)
	h.Set("Content-Security-Policy", f.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("ETag", f.etag)
	h.Set("Cache-Control", f.cacheControl)
	http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(f.body, 0, f.size))
}
