package system_test

import (
	"errors"

	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/testing/storetest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// TestSlowUploadTimesOut stops sending: the response is 408, nothing is stored, and the connection is closed.
func TestSlowUploadTimesOut(t *testing.T) {
	t.Attr("case", "C107")
	t.Parallel()
	v := startBackups(t, nil, func(c *httpapi.Config) { c.UploadRateWindow = 100 * time.Millisecond })
	me := v.createUser("slow@example.com", tier.Pro)
	blob := storetest.Blob(100_000)
	for name, sent := range map[string]int{"nothing": 0, "a little": 100, "more than the first window": 50_000} {
		_, reader := v.dialRaw(rawUpload(merge(uploadHeaders(blob), me),
			"Content-Length: 100000\r\n\r\n"+string(blob[:sent])))
		resp, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		body, err := io.ReadAll(resp.Body)
		check(t, errors.Join(err, resp.Body.Close()))
		if got := (answer{Status: resp.StatusCode, Header: resp.Header,
			Body: body}); got.Status != http.StatusRequestTimeout || got.Code() != "upload_too_slow" || !resp.Close {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		v.expectNoBackups(me)
	}
}

// pacedReader is a body that arrives evenly: one chunk per tick.
type pacedReader struct {
	remaining []byte
	ticker    *time.Ticker
	chunk     int
}

func (s *pacedReader) Read(p []byte) (int, error) {
	if len(s.remaining) == 0 {
		return 0, io.EOF
	}
	<-s.ticker.C
	n := copy(p, s.remaining[:min(s.chunk, len(s.remaining))])
	s.remaining = s.remaining[n:]
	return n, nil
}

// TestSteadyUploadOutlastsTheRateWindow uploads at four times the minimum rate for several rate windows.
func TestSteadyUploadOutlastsTheRateWindow(t *testing.T) {
	t.Attr("case", "C107")
	t.Parallel()
	v := startBackups(t, nil, func(c *httpapi.Config) { c.UploadRateWindow = 500 * time.Millisecond })
	me := v.createUser("steady@example.com", tier.Pro)
	blob := storetest.Blob(512 << 10)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	start := time.Now()
	got := v.Send("PUT", "/api/v1/backup", &pacedReader{remaining: blob, ticker: tick, chunk: 5240},
		merge(merge(uploadHeaders(blob), me), header{"X-Backup-Size": fmt.Sprint(len(blob))}))
	if got.Status != http.StatusOK {
		t.Errorf("after %v: %d %s", time.Since(start), got.Status, got.Body)
	}
}

// TestIdleUploadsReleaseTheirReservations starts 200 uploads of 100 accounts that send nothing: each times out and
// releases its reserved quota, and another account can upload meanwhile.
func TestIdleUploadsReleaseTheirReservations(t *testing.T) {
	t.Attr("case", "C107")
	t.Parallel()
	v := startBackups(t, nil, func(c *httpapi.Config) { c.UploadRateWindow = 2 * time.Second })
	blob := storetest.Blob(1000)
	other := v.createUser("busy@example.com", tier.Pro)
	var idle sync.WaitGroup
	var members []header
	for n := range 100 {
		me := v.createUser(fmt.Sprintf("idle%d@example.com", n), tier.Pro)
		members = append(members, me)
		for range 2 {
			conn, reader := v.dialRaw(rawUpload(merge(uploadHeaders(blob), me), "Content-Length: 1000\r\n\r\n"))
			idle.Go(func() {
				defer conn.Close()
				resp, err := http.ReadResponse(reader, nil)
				if err != nil || resp.StatusCode != http.StatusRequestTimeout {
					t.Errorf("idle upload: %v, %v", resp, err)
				}
			})
		}
	}
	v.upload(other, blob)
	idle.Wait()
	for _, me := range members {
		v.expectNoBackups(me)
	}
}
