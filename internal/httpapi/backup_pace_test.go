package httpapi_test

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

// steadyBody yields some bytes at each tick.
type steadyBody struct {
	left []byte
	tick *time.Ticker
	each int
}

func (s *steadyBody) Read(p []byte) (int, error) {
	if len(s.left) == 0 {
		return 0, io.EOF
	}
	<-s.tick.C
	n := copy(p, s.left[:min(s.each, len(s.left))])
	s.left = s.left[n:]
	return n, nil
}

// An upload at four times the minimum rate takes several times as long as the window.
func TestSteadySlowUploadSucceeds(t *testing.T) {
	t.Attr("case", "C107")
	t.Parallel()
	srv := startBackups(t, nil, func(c *httpapi.Config) { c.UploadRateWindow = 500 * time.Millisecond })
	me := srv.account("steady@example.com", tier.Pro)
	blob := storetest.Blob(512 << 10)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	start := time.Now()
	got := srv.send("PUT", "/api/v1/backup", &steadyBody{left: blob, tick: tick, each: 5240},
		mergeHeaders(uploadHeaders(blob), me, header{"X-Backup-Size": fmt.Sprint(len(blob))}))
	if got.status != http.StatusOK {
		t.Errorf("after %v: %d %s", time.Since(start), got.status, got.body)
	}
}

// 200 uploads of 100 accounts reserve quota and send nothing: all time out and release their reservations, and
// meanwhile another account can upload.
func TestIdleUploadsReleaseTheirReservations(t *testing.T) {
	t.Attr("case", "C107")
	t.Parallel()
	srv := startBackups(t, nil, func(c *httpapi.Config) { c.UploadRateWindow = 2 * time.Second })
	blob := storetest.Blob(1000)
	other := srv.account("busy@example.com", tier.Pro)
	var idle sync.WaitGroup
	var accounts []header
	for n := range 100 {
		me := srv.account(fmt.Sprintf("idle%d@example.com", n), tier.Pro)
		accounts = append(accounts, me)
		for range 2 {
			conn, reader := srv.sendRaw(rawPut(mergeHeaders(uploadHeaders(blob), me), "Content-Length: 1000\r\n\r\n"))
			idle.Go(func() {
				defer conn.Close()
				resp, err := http.ReadResponse(reader, nil)
				if err != nil || resp.StatusCode != http.StatusRequestTimeout {
					t.Errorf("an idle upload: %v, %v, want status 408", resp, err)
				}
			})
		}
	}
	srv.stored(other, blob)
	idle.Wait()
	for _, me := range accounts {
		srv.wantNothingStored(me)
	}
}
