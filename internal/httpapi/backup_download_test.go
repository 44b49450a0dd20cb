package httpapi_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/storetest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// TestC102_DeletedDuringDownload deletes a backup whose download has begun: its bytes come right or visibly short.
func TestC102_DeletedDuringDownload(t *testing.T) {
	t.Parallel()
	v := startVault(t, nil)
	me := v.member("during@example.com", tier.Pro)
	blob := storetest.Blob(24 << 20) // more than sockets hold
	id := v.stored(me, blob)
	_, reader := v.raw("GET /api/v1/backup/" + id + " HTTP/1.1\r\nHost: x\r\nAuthorization: " + me["Authorization"] + "\r\n\r\n")
	resp, err := http.ReadResponse(reader, nil)
	check(t, err)
	head := make([]byte, 1000)
	_, err = io.ReadFull(resp.Body, head)
	check(t, err)
	v.send("DELETE", "/api/v1/backup/"+id, http.NoBody, me)
	_, err = v.backups.Sweep(t.Context())
	check(t, err)
	rest, err := io.ReadAll(resp.Body)
	if got := append(head, rest...); err == nil && !bytes.Equal(got, blob) {
		t.Errorf("%d bytes under a %d, and not the right ones", len(got), resp.StatusCode)
	}
	if got := v.get("/"+id, me); got.status != http.StatusNotFound {
		t.Errorf("afterwards: %d", got.status)
	}
}

func TestC109_Ranges(t *testing.T) {
	t.Parallel()
	v := startVault(t, nil)
	me := v.member("ranges@example.com", tier.Pro)
	blob := storetest.Blob(10_000)
	v.stored(me, blob)
	for spec, want := range map[string]struct {
		status      int
		first, last int
	}{
		"bytes=0-0": {206, 0, 0}, "bytes=0-9999": {206, 0, 9999}, "bytes=9999-": {206, 9999, 9999}, "bytes=-1": {206, 9999, 9999},
		"bytes=-20000": {206, 0, 9999}, "bytes=5000-20000": {206, 5000, 9999}, "BYTES=1-2": {206, 1, 2}, "bytes= 1-2": {206, 1, 2},
		"bytes=10000-": {416, 0, 0}, "bytes=-0": {416, 0, 0}, "bytes=99999999999999999999-": {416, 0, 0},
		"bytes=0-1,5-6": {200, 0, 9999}, "bytes=2-1": {200, 0, 9999}, "bytes=a-b": {200, 0, 9999}, "bytes=": {200, 0, 9999},
		"bytes=-": {200, 0, 9999}, "lines=0-1": {200, 0, 9999}, "bytes=+1-2": {200, 0, 9999}, "bytes=--1": {200, 0, 9999},
	} {
		got := v.get("", with(me, "Range", spec))
		if got.status != want.status {
			t.Errorf("%s: %d, want %d", spec, got.status, want.status)
			continue
		}
		if got.status == 416 {
			if got.header.Get("Content-Range") != "bytes */10000" || got.code() != "range_not_satisfiable" {
				t.Errorf("%s: %q %s", spec, got.header.Get("Content-Range"), got.body)
			}
			continue
		}
		wantRange := fmt.Sprintf("bytes %d-%d/10000", want.first, want.last)
		if want.status == 200 {
			wantRange = ""
		}
		if !bytes.Equal(got.body, blob[want.first:want.last+1]) || got.header.Get("Content-Range") != wantRange {
			t.Errorf("%s: %d bytes, Content-Range %q", spec, len(got.body), got.header.Get("Content-Range"))
		}
	}
}

// TestHostileRanges sends random headers: the answer is always the whole blob, the part it claims to be, or 416.
func TestHostileRanges(t *testing.T) {
	t.Parallel()
	v := startVault(t, nil)
	me := v.member("hostile@example.com", tier.Pro)
	blob := storetest.Blob(50)
	v.stored(me, blob)
	const alphabet = "0123456789-,= \tbytes"
	for range 400 {
		spec := []byte("bytes=")
		for range rand.IntN(8) {
			spec = append(spec, alphabet[rand.IntN(len(alphabet))])
		}
		got := v.get("", with(me, "Range", string(spec)))
		var first, last, size int
		_, err := fmt.Sscanf(got.header.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &size)
		ok := got.status == 416 || got.status == 200 && bytes.Equal(got.body, blob) ||
			got.status == 206 && err == nil && size == 50 && bytes.Equal(got.body, blob[first:last+1])
		if !ok {
			t.Errorf("%q: %d %v %q", spec, got.status, got.header, got.body)
		}
	}
}

// TestResumedRestore breaks a download off at 30 % and continues it with Range and If-Range.
func TestResumedRestore(t *testing.T) {
	t.Parallel()
	v := startVault(t, nil)
	me := v.member("resume@example.com", tier.Pro)
	blob := storetest.Blob(1 << 20)
	v.stored(me, blob)
	whole := v.get("", me)
	part := whole.body[:len(blob)*3/10]
	ask := both(me, header{"Range": fmt.Sprintf("bytes=%d-", len(part)), "If-Range": whole.header.Get("ETag")})
	rest := v.get("", ask)
	if rest.status != http.StatusPartialContent || !bytes.Equal(append(bytes.Clone(part), rest.body...), blob) {
		t.Errorf("%d, %d bytes", rest.status, len(rest.body))
	}
	byDate := v.get("", both(ask, header{"If-Range": whole.header.Get("Last-Modified")}))
	if byDate.status != http.StatusPartialContent {
		t.Errorf("If-Range by date: %d", byDate.status)
	}
	for _, stale := range []string{`W/` + whole.header.Get("ETag"), `"other"`, "Thu, 01 Jan 2026 00:00:00 GMT", "nonsense"} {
		if got := v.get("", both(ask, header{"If-Range": stale})); got.status != http.StatusOK || !bytes.Equal(got.body, blob) {
			t.Errorf("If-Range %s: %d", stale, got.status)
		}
	}
	newer := storetest.Blob(1<<20 + 1)
	v.stored(me, newer)
	if got := v.get("", ask); got.status != http.StatusOK || !bytes.Equal(got.body, newer) {
		t.Errorf("of an older backup: %d, %d bytes", got.status, len(got.body))
	}
}

func TestConditionalDownloads(t *testing.T) {
	t.Parallel()
	v := startVault(t, nil)
	me := v.member("conditional@example.com", tier.Pro)
	v.stored(me, storetest.Blob(100))
	first := v.get("", me)
	tag, date := first.header.Get("ETag"), first.header.Get("Last-Modified")
	when, err := http.ParseTime(date)
	check(t, err)
	later, earlier := when.Add(time.Hour).Format(http.TimeFormat), when.Add(-time.Second).Format(http.TimeFormat)
	ask := func(name string, h header, want int) {
		t.Helper()
		for _, method := range []string{"GET", "HEAD"} {
			got := v.send(method, "/api/v1/backup", http.NoBody, both(me, h))
			if got.status != want || want == 304 && (len(got.body) > 0 || got.header.Get("ETag") == "") {
				t.Errorf("%s %s: %d, want %d", method, name, got.status, want)
			}
		}
	}
	ask("the same tag", header{"If-None-Match": tag}, 304)
	ask("weakly the same", header{"If-None-Match": "W/" + tag}, 304)
	ask("in a list", header{"If-None-Match": `"a", ` + tag + `, "b"`}, 304)
	ask("any", header{"If-None-Match": "*"}, 304)
	ask("another tag", header{"If-None-Match": `"a"`}, 200)
	ask("another tag, same date", header{"If-None-Match": `"a"`, "If-Modified-Since": date}, 200)
	ask("same tag, earlier date", header{"If-None-Match": tag, "If-Modified-Since": earlier}, 304)
	ask("broken list", header{"If-None-Match": strings.Trim(tag, `"`)}, 200)
	ask("the same date", header{"If-Modified-Since": date}, 304)
	ask("a later date", header{"If-Modified-Since": later}, 304)
	ask("an earlier date", header{"If-Modified-Since": earlier}, 200)
	ask("no date", header{"If-Modified-Since": "yesterday"}, 200)
	v.stored(me, storetest.Blob(101))
	ask("the older one's tag", header{"If-None-Match": tag}, 200)
}

// TestC104_TwoBackupsInOneSecond: a date cannot tell them apart, so it never makes a 304.
func TestC104_TwoBackupsInOneSecond(t *testing.T) {
	t.Parallel()
	v := startVault(t, func() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 500, time.UTC) })
	me := v.member("second@example.com", tier.Pro)
	v.stored(me, storetest.Blob(100))
	date := v.get("", me).header.Get("Last-Modified")
	v.stored(me, storetest.Blob(101))
	got := v.get("", with(me, "If-Modified-Since", date))
	if got.status != http.StatusOK || len(got.body) != 101 {
		t.Errorf("%d, %d bytes", got.status, len(got.body))
	}
}

// TestMissingBlob takes the object away behind the row's back.
func TestMissingBlob(t *testing.T) {
	t.Parallel()
	v := startVault(t, nil)
	me := v.member("missing@example.com", tier.Pro)
	id := v.stored(me, storetest.Blob(100))
	user := v.do("GET", "/api/v1/auth/me", "", me).json(t)["id"].(string)
	check(t, v.blobs.Delete(t.Context(), user+"/"+id))
	if got := v.get("/"+id, me); got.status != http.StatusBadGateway || got.code() != "storage_inconsistent" {
		t.Errorf("GET: %d %s", got.status, got.body)
	}
	if got := v.send("HEAD", "/api/v1/backup/"+id, http.NoBody, me); got.status != http.StatusBadGateway {
		t.Errorf("HEAD: %d", got.status)
	}
}
