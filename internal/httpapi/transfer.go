package httpapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/labstack/echo/v5"

	"github.com/adiuva/cloud-api/internal/backup"
)

const (
	defaultUploadRateWindow = 30 * time.Second // of waiting, in which minUploadRate has to be reached
	minUploadRate           = 64 << 10         // bytes a second
	downloadChunkSize       = 256 << 10        // bytes in memory for one download
)

// enforceMinRate requires a minimum rate from an upload, which has no time limit as a whole: an honest upload may take
// hours, but a client that sends a byte a second cannot keep a reservation. Its read deadlines take the place of the
// listener's.
func (s *Server) enforceMinRate(next echo.HandlerFunc) echo.HandlerFunc {
	window := s.cfg.UploadRateWindow
	if window <= 0 {
		window = defaultUploadRateWindow
	}
	return func(c *echo.Context) error {
		r := c.Request()
		body := &minRateBody{
			ReadCloser: r.Body,
			conn:       http.NewResponseController(c.Response()),
			info:       requestInfoFrom(r.Context()),
			window:     window,
		}
		r.Body = body
		return next(c)
	}
}

// minRateBody fails with upload_too_slow when fewer than window × minUploadRate bytes arrive within a window. Only the
// time spent waiting for the client counts, not that in which the store writes what was read.
type minRateBody struct {
	io.ReadCloser
	conn    *http.ResponseController
	info    *requestInfo
	window  time.Duration
	waited  time.Duration // in this window
	arrived int64         // bytes, in this window
}

func (b *minRateBody) Read(p []byte) (int, error) {
	start := time.Now()
	if err := b.setReadDeadline(start.Add(b.window - b.waited)); err != nil {
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	b.waited += time.Since(start)
	b.arrived += int64(n)
	if float64(b.arrived) >= b.window.Seconds()*minUploadRate {
		b.waited = 0
		b.arrived = 0
	}
	if errors.Is(err, io.EOF) {
		b.info.bodyRead = true
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, errTooSlow.WithCause(err)
	}
	return n, err
}

func (b *minRateBody) setReadDeadline(t time.Time) error {
	if err := b.conn.SetReadDeadline(t); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// downloadResponse is the response to a download: all bytes, a range, only the headers, 304, 307 or 416.
type downloadResponse struct {
	backup        backup.Backup
	status        int
	first, length int64         // bytes
	body          io.ReadCloser // nil when only headers are sent
	location      string        // of a 307
}

func (b downloadResponse) VisitGetLatestBackupResponse(w http.ResponseWriter) error {
	return b.write(w)
}

func (b downloadResponse) VisitHeadLatestBackupResponse(w http.ResponseWriter) error {
	return b.write(w)
}

func (b downloadResponse) VisitGetBackupResponse(w http.ResponseWriter) error { return b.write(w) }

func (b downloadResponse) VisitHeadBackupResponse(w http.ResponseWriter) error { return b.write(w) }

// write sends headers and bytes. After an error the connection is closed if the headers were sent already.
func (b downloadResponse) write(w http.ResponseWriter) error {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if b.status == http.StatusRequestedRangeNotSatisfiable {
		h.Set("Content-Range", fmt.Sprintf("bytes */%d", b.backup.Size))
		return errRangeNotSatisfiable
	}
	if b.status == http.StatusTemporaryRedirect {
		h.Set("Location", b.location)
		w.WriteHeader(b.status)
		return nil
	}
	h.Set("ETag", etag(b.backup))
	h.Set("Last-Modified", lastModified(b.backup).Format(http.TimeFormat))
	if b.status != http.StatusNotModified {
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Content-Length", strconv.FormatInt(b.length, 10))
		h.Set("Accept-Ranges", "bytes")
		h.Set("X-Backup-Id", b.backup.ID.String())
		h.Set("X-Backup-Version", strconv.Itoa(int(b.backup.Version)))
		h.Set("X-Backup-Timestamp", strconv.FormatInt(b.backup.Timestamp.UnixMilli(), 10))
		h.Set("X-Backup-Checksum", b.backup.Checksum)
	}
	if b.status == http.StatusPartialContent {
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", b.first, b.first+b.length-1, b.backup.Size))
	}
	w.WriteHeader(b.status)
	if b.body == nil {
		return nil
	}
	return errors.Join(b.send(w), b.body.Close())
}

// send copies the body in chunks. It fails when the client stops receiving them.
func (b downloadResponse) send(w http.ResponseWriter) error {
	buffer := make([]byte, max(1, min(downloadChunkSize, b.length)))
	for left := b.length; left > 0; {
		n, err := io.ReadFull(b.body, buffer[:min(int64(len(buffer)), left)])
		if err != nil {
			return err
		}
		if _, err := w.Write(buffer[:n]); err != nil {
			return err
		}
		left -= int64(n)
	}
	return nil
}
