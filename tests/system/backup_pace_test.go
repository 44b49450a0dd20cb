package system_test

import (
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

// steady is a body that arrives evenly: a piece at each tick.
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

// TestSteadyUploadOutlastsTheRateWindow sends at four times the least rate for several times the patience.
func TestSteadyUploadOutlastsTheRateWindow(t *testing.T) {
	t.Attr("case", "C107")
	t.Parallel()
	v := startBackups(t, nil, func(c *httpapi.Config) { c.UploadRateWindow = 500 * time.Millisecond })
	me := v.createUser("steady@example.com", tier.Pro)
	blob := storetest.Blob(512 << 10)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	begun := time.Now()
	got := v.Send("PUT", "/api/v1/backup", &pacedReader{remaining: blob, ticker: tick, chunk: 5240},
		merge(merge(uploadHeaders(blob), me), header{"X-Backup-Size": fmt.Sprint(len(blob))}))
	if got.Status != http.StatusOK {
		t.Errorf("after %v: %d %s", time.Since(begun), got.Status, got.Body)
	}
}

// TestIdleUploadsReleaseTheirReservations lets 200 uploads of 100 accounts hold reservations and send nothing: each is given up and its room
// freed, and another account is served meanwhile.
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
					t.Errorf("an idle upload: %v, %v", resp, err)
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
