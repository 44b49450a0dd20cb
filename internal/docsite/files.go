package docsite

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"time"
)

// file is a body that stays the same while the process runs.
type file struct {
	mediaType, policy, etag, caching string
	body                             io.ReaderAt
	size                             int64
}

func newFile(mediaType, policy string, body []byte) file {
	return file{
		mediaType: mediaType, policy: policy, etag: `"` + digest(body) + `"`, caching: "no-cache",
		body: bytes.NewReader(body), size: int64(len(body)),
	}
}

// digest names a body by what is in it.
func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return fmt.Sprintf("%x", sum[:16])
}

// ServeHTTP answers the body, or 304 where the caller has it already. The body is read for GET alone.
func (f file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.mediaType)
	h.Set("Content-Security-Policy", f.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("ETag", f.etag)
	h.Set("Cache-Control", f.caching)
	http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(f.body, 0, f.size))
}
