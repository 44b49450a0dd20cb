//go:build soak

package system_test

import (
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/testing/storetest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// TestSoakBackupsOfOthersTakeEqualTime requests another account's backup and one that does not exist, 500 times each in
// turns, in three rounds. The median of the three differences between the medians must be within 10 %.
func TestSoakBackupsOfOthersTakeEqualTime(t *testing.T) {
	t.Attr("case", "C94")
	v := startBackups(t, nil)
	owner, other := v.createUser("owner@example.com", tier.Pro), v.createUser("other@example.com", tier.Pro)
	id := v.upload(owner, storetest.Blob(1000))
	var differences []float64
	for range 3 {
		a, b := v.medianTimes(other, id)
		differences = append(differences, float64(a)/float64(b)-1)
		t.Logf("medians: another account's %v, missing %v (%+.1f %%)", a, b, 100*differences[len(differences)-1])
	}
	slices.Sort(differences)
	if math.Abs(differences[1]) > 0.1 {
		t.Error("the response times of the two differ")
	}
}

// medianTimes returns the median response times for a backup of another account and for one that does not exist.
func (v *backupAPI) medianTimes(me header, id string) (others, missing time.Duration) {
	took := map[bool][]time.Duration{}
	for n := range 1000 {
		others, path := n%2 == 0, "/"+uuid.NewString()
		if others {
			path = "/" + id
		}
		start := time.Now()
		if got := v.get(path, me); got.Status != http.StatusNotFound {
			v.T.Fatal(got.Status)
		}
		took[others] = append(took[others], time.Since(start))
	}
	slices.Sort(took[true])
	slices.Sort(took[false])
	return took[true][250], took[false][250]
}

// TestSoakSlowHeadersDelayNobody measures requests while 500 connections send their headers slowly. At p99 they take
// less than twice as long.
func TestSoakSlowHeadersDelayNobody(t *testing.T) {
	t.Attr("case", "C129")
	a := start(t, nil)
	me := a.Register("beside@example.com")
	p99 := func() time.Duration { return a.p99("/api/v1/auth/me", me) }
	p99() // fill caches and open connections
	alone := p99()
	for range 500 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(a.URL, "http://"))
		check(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		_, err = io.WriteString(conn, "GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX-Slow: a")
		check(t, err)
	}
	loaded := p99()
	t.Logf("/auth/me at p99: %v alone, %v with 500 slow headers", alone, loaded)
	if loaded >= 2*alone {
		t.Errorf("%.1f times as slow with slow headers", float64(loaded)/float64(alone))
	}
}
