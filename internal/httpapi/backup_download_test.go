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

// A backup is deleted during its download, which has to return the right bytes or fail.
func TestDeletionDuringADownloadNeverYieldsWrongBytes(t *testing.T) {
	t.Attr("case", "C102")
	t.Parallel()
	srv := startBackups(t, nil)
	me := srv.account("during@example.com", tier.Pro)
	blob := storetest.Blob(24 << 20) // more than fits into socket buffers
	id := srv.stored(me, blob)
	_, reader := srv.sendRaw("GET /api/v1/backup/" + id + " HTTP/1.1\r\nHost: x\r\n" +
		"Authorization: " + me["Authorization"] + "\r\n\r\n")
	resp, err := http.ReadResponse(reader, nil)
	check(t, err)
	head := make([]byte, 1000)
	_, err = io.ReadFull(resp.Body, head)
	check(t, err)
	srv.send("DELETE", "/api/v1/backup/"+id, http.NoBody, me)
	_, err = srv.backups.Sweep(t.Context())
	check(t, err)
	rest, err := io.ReadAll(resp.Body)
	if got := append(head, rest...); err == nil && !bytes.Equal(got, blob) {
		t.Errorf("status %d with %d wrong bytes and no error", resp.StatusCode, len(got))
	}
	if got := srv.get("/"+id, me); got.status != http.StatusNotFound {
		t.Errorf("GET after the deletion: %d, want 404", got.status)
	}
}

func TestRangeRequests(t *testing.T) {
	t.Attr("case", "C109")
	t.Parallel()
	srv := startBackups(t, nil)
	me := srv.account("ranges@example.com", tier.Pro)
	blob := storetest.Blob(10_000)
	srv.stored(me, blob)
	for spec, want := range map[string]struct {
		status      int
		first, last int
	}{
		"bytes=0-0":                   {206, 0, 0},
		"bytes=0-9999":                {206, 0, 9999},
		"bytes=9999-":                 {206, 9999, 9999},
		"bytes=-1":                    {206, 9999, 9999},
		"bytes=-20000":                {206, 0, 9999},
		"bytes=5000-20000":            {206, 5000, 9999},
		"BYTES=1-2":                   {206, 1, 2},
		"bytes= 1-2":                  {206, 1, 2},
		"bytes=10000-":                {416, 0, 0},
		"bytes=-0":                    {416, 0, 0},
		"bytes=99999999999999999999-": {416, 0, 0},
		"bytes=0-1,5-6":               {200, 0, 9999},
		"bytes=2-1":                   {200, 0, 9999},
		"bytes=a-b":                   {200, 0, 9999},
		"bytes=":                      {200, 0, 9999},
		"bytes=-":                     {200, 0, 9999},
		"lines=0-1":                   {200, 0, 9999},
		"bytes=+1-2":                  {200, 0, 9999},
		"bytes=--1":                   {200, 0, 9999},
	} {
		got := srv.get("", with(me, "Range", spec))
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

// The response to a random Range header is the whole blob, exactly the part that Content-Range says, or 416.
func TestRandomRangesNeverYieldWrongBytes(t *testing.T) {
	t.Parallel()
	srv := startBackups(t, nil)
	me := srv.account("hostile@example.com", tier.Pro)
	blob := storetest.Blob(50)
	srv.stored(me, blob)
	const alphabet = "0123456789-,= \tbytes"
	for range 400 {
		spec := []byte("bytes=")
		for range rand.IntN(8) {
			spec = append(spec, alphabet[rand.IntN(len(alphabet))])
		}
		got := srv.get("", with(me, "Range", string(spec)))
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
func TestDownloadResumesWithIfRange(t *testing.T) {
	t.Attr("case", "C109")
	t.Parallel()
	srv := startBackups(t, nil)
	me := srv.account("resume@example.com", tier.Pro)
	blob := storetest.Blob(1 << 20)
	srv.stored(me, blob)
	whole := srv.get("", me)
	part := whole.body[:len(blob)*3/10]
	ask := mergeHeaders(me, header{"Range": fmt.Sprintf("bytes=%d-", len(part)), "If-Range": whole.header.Get("ETag")})
	rest := srv.get("", ask)
	if rest.status != http.StatusPartialContent || !bytes.Equal(append(bytes.Clone(part), rest.body...), blob) {
		t.Errorf("the rest: %d, %d bytes", rest.status, len(rest.body))
	}
	byDate := srv.get("", mergeHeaders(ask, header{"If-Range": whole.header.Get("Last-Modified")}))
	if byDate.status != http.StatusPartialContent {
		t.Errorf("If-Range by date: %d", byDate.status)
	}
	weak := `W/` + whole.header.Get("ETag")
	for _, stale := range []string{weak, `"other"`, "Thu, 01 Jan 2026 00:00:00 GMT", "nonsense"} {
		got := srv.get("", mergeHeaders(ask, header{"If-Range": stale}))
		if got.status != http.StatusOK || !bytes.Equal(got.body, blob) {
			t.Errorf("If-Range %s: %d", stale, got.status)
		}
	}
	newer := storetest.Blob(1<<20 + 1)
	srv.stored(me, newer)
	if got := srv.get("", ask); got.status != http.StatusOK || !bytes.Equal(got.body, newer) {
		t.Errorf("If-Range of an older backup: %d, %d bytes, want the whole newer one", got.status, len(got.body))
	}
}

func TestConditionalDownloads(t *testing.T) {
	t.Parallel()
	srv := startBackups(t, nil)
	me := srv.account("conditional@example.com", tier.Pro)
	srv.stored(me, storetest.Blob(100))
	first := srv.get("", me)
	tag, date := first.header.Get("ETag"), first.header.Get("Last-Modified")
	when, err := http.ParseTime(date)
	check(t, err)
	later, earlier := when.Add(time.Hour).Format(http.TimeFormat), when.Add(-time.Second).Format(http.TimeFormat)
	ask := func(name string, h header, want int) {
		t.Helper()
		for _, method := range []string{"GET", "HEAD"} {
			got := srv.send(method, "/api/v1/backup", http.NoBody, mergeHeaders(me, h))
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
	ask("malformed list", header{"If-None-Match": strings.Trim(tag, `"`)}, 200)
	ask("the same date", header{"If-Modified-Since": date}, 304)
	ask("a later date", header{"If-Modified-Since": later}, 304)
	ask("an earlier date", header{"If-Modified-Since": earlier}, 200)
	ask("malformed date", header{"If-Modified-Since": "yesterday"}, 200)
	srv.stored(me, storetest.Blob(101))
	ask("the tag of an older backup", header{"If-None-Match": tag}, 200)
}

// Last-Modified has whole seconds, so If-Modified-Since must not lead to 304 when there are two backups of one second.
func TestBackupsOfOneSecondAreNotToldApartByDate(t *testing.T) {
	t.Attr("case", "C104")
	t.Parallel()
	srv := startBackups(t, func() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 500, time.UTC) })
	me := srv.account("second@example.com", tier.Pro)
	srv.stored(me, storetest.Blob(100))
	date := srv.get("", me).header.Get("Last-Modified")
	srv.stored(me, storetest.Blob(101))
	got := srv.get("", with(me, "If-Modified-Since", date))
	if got.status != http.StatusOK || len(got.body) != 101 {
		t.Errorf("GET with the date of the older backup: %d, %d bytes, want 200, 101 bytes", got.status, len(got.body))
	}
}

// The object is removed while its row stays.
func TestMissingObjectIsABadGateway(t *testing.T) {
	t.Parallel()
	srv := startBackups(t, nil)
	me := srv.account("missing@example.com", tier.Pro)
	id := srv.stored(me, storetest.Blob(100))
	user := srv.do("GET", "/api/v1/auth/me", "", me).json(t)["id"].(string)
	check(t, srv.disk.Delete(t.Context(), user+"/"+id))
	if got := srv.get("/"+id, me); got.status != http.StatusBadGateway || got.code() != "storage_inconsistent" {
		t.Errorf("GET: %d %s", got.status, got.body)
	}
	if got := srv.send("HEAD", "/api/v1/backup/"+id, http.NoBody, me); got.status != http.StatusBadGateway {
		t.Errorf("HEAD: %d", got.status)
	}
}
