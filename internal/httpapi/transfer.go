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
	uploadPatience = 30 * time.Second // in which uploadRate has to be reached, again and again
	uploadRate     = 64 << 10         // bytes a second, below which an upload is given up
	downloadStall  = 30 * time.Second // how long a client may take for one chunk
	downloadChunk  = 256 << 10        // bytes in memory for one download
)

// pace puts a minimum rate on a body that has no time limit as a whole, so that hours of honest upload pass and a
// client that sends a byte a second does not hold a reservation.
func (s *Server) pace(next echo.HandlerFunc) echo.HandlerFunc {
	patience := s.cfg.UploadRateWindow
	if patience <= 0 {
		patience = uploadPatience
	}
	return func(c *echo.Context) error {
		r := c.Request()
		body := &pacedBody{
			ReadCloser: r.Body, conn: http.NewResponseController(c.Response()), info: requestInfoFrom(r.Context()), patience: patience,
		}
		r.Body = body
		defer body.release()
		return next(c)
	}
}

// pacedBody fails with upload_too_slow when fewer bytes than patience × uploadRate arrive in patience of waiting. Only
// time spent waiting for the client counts, not that in which the store takes what was read.
type pacedBody struct {
	io.ReadCloser
	conn     *http.ResponseController
	info     *requestInfo
	patience time.Duration
	waited   time.Duration // of this window
	arrived  int64         // in this window
	paced    bool
}

// Read waits for bytes as long as the window lasts.
func (b *pacedBody) Read(p []byte) (int, error) {
	start := time.Now()
	if err := b.deadline(start.Add(b.patience - b.waited)); err != nil {
		return 0, err
	}
	b.paced = true
	n, err := b.ReadCloser.Read(p)
	b.waited += time.Since(start)
	b.arrived += int64(n)
	if float64(b.arrived) >= b.patience.Seconds()*uploadRate {
		b.waited, b.arrived = 0, 0
	}
	if errors.Is(err, io.EOF) {
		b.info.bodyRead = true
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, errTooSlow.WithCause(err)
	}
	return n, err
}

// release gives the connection back without a deadline.
func (b *pacedBody) release() {
	if b.paced && b.info.bodyRead { // else nothing was set, or the connection ends with the answer
		_ = b.deadline(time.Time{}) // fails only on a connection that is gone
	}
}

func (b *pacedBody) deadline(t time.Time) error {
	if err := b.conn.SetReadDeadline(t); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// blob answers a download: whole, a range, only its headers, 304 or 416.
type blob struct {
	backup        backup.Backup
	status        int
	first, length int64
	body          io.ReadCloser // nil where there is none to send
	link          string        // where a 307 leads
}

// VisitGetLatestBackupResponse writes the answer.
func (b blob) VisitGetLatestBackupResponse(w http.ResponseWriter) error { return b.write(w) }

// VisitHeadLatestBackupResponse writes the answer.
func (b blob) VisitHeadLatestBackupResponse(w http.ResponseWriter) error { return b.write(w) }

// VisitGetBackupResponse writes the answer.
func (b blob) VisitGetBackupResponse(w http.ResponseWriter) error { return b.write(w) }

// VisitHeadBackupResponse writes the answer.
func (b blob) VisitHeadBackupResponse(w http.ResponseWriter) error { return b.write(w) }

// write sends headers and bytes. An error after the headers makes the edge cut the connection.
func (b blob) write(w http.ResponseWriter) error {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if b.status == http.StatusRequestedRangeNotSatisfiable {
		h.Set("Content-Range", fmt.Sprintf("bytes */%d", b.backup.Size))
		return errRange
	}
	if b.status == http.StatusTemporaryRedirect {
		h.Set("Location", b.link)
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

// send copies the bytes; a client that does not take them is cut off.
func (b blob) send(w http.ResponseWriter) error {
	conn := http.NewResponseController(w)
	buffer := make([]byte, max(1, min(downloadChunk, b.length)))
	for left := b.length; left > 0; {
		n, err := io.ReadFull(b.body, buffer[:min(int64(len(buffer)), left)])
		if err != nil {
			return err
		}
		if err := conn.SetWriteDeadline(time.Now().Add(downloadStall)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		if _, err := w.Write(buffer[:n]); err != nil {
			return err
		}
		left -= int64(n)
	}
	if err := conn.SetWriteDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}
