package system_test

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

// TestBackupDeletedDuringDownload deletes a backup during its download: the client gets the right bytes or a
// truncated body.
func TestBackupDeletedDuringDownload(t *testing.T) {
	t.Attr("case", "C102")
	t.Parallel()
	v := startBackups(t, nil)
	me := v.createUser("during@example.com", tier.Pro)
	blob := storetest.Blob(24 << 20) // more than socket buffers hold
	id := v.upload(me, blob)
	_, reader := v.dialRaw("GET /api/v1/backup/" + id + " HTTP/1.1\r\nHost: x\r\nAuthorization: " +
		me["Authorization"] + "\r\n\r\n")
	resp, err := http.ReadResponse(reader, nil)
	check(t, err)
	head := make([]byte, 1000)
	_, err = io.ReadFull(resp.Body, head)
	check(t, err)
	v.Send("DELETE", "/api/v1/backup/"+id, http.NoBody, me)
	_, err = v.backups.Sweep(t.Context())
	check(t, err)
	rest, err := io.ReadAll(resp.Body)
	if got := append(head, rest...); err == nil && !bytes.Equal(got, blob) {
		t.Errorf("status %d with %d wrong bytes", resp.StatusCode, len(got))
	}
	if got := v.get("/"+id, me); got.Status != http.StatusNotFound {
		t.Errorf("GET after the deletion: %d", got.Status)
	}
}

func TestBackupRanges(t *testing.T) {
	t.Attr("case", "C109")
	t.Parallel()
	v := startBackups(t, nil)
	me := v.createUser("ranges@example.com", tier.Pro)
	blob := storetest.Blob(10_000)
	v.upload(me, blob)
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
		"bytes=2-1":                   {416, 0, 0},
		"bytes=a-b":                   {416, 0, 0},
		"bytes=":                      {200, 0, 9999},
		"bytes=-":                     {416, 0, 0},
		"lines=0-1":                   {200, 0, 9999},
		"bytes=+1-2":                  {416, 0, 0},
		"bytes=--1":                   {416, 0, 0},
		"bytes=0-1,20000-":            {206, 0, 1},
	} {
		got := v.get("", me.With("Range", spec))
		if got.Status != want.status {
			t.Errorf("%s: %d, want %d", spec, got.Status, want.status)
			continue
		}
		if got.Status == 416 {
			if got.Header.Get("Content-Range") != "bytes */10000" || got.Code() != "range_not_satisfiable" {
				t.Errorf("%s: %q %s", spec, got.Header.Get("Content-Range"), got.Body)
			}
			continue
		}
		wantRange := fmt.Sprintf("bytes %d-%d/10000", want.first, want.last)
		if want.status == 200 {
			wantRange = ""
		}
		if !bytes.Equal(got.Body, blob[want.first:want.last+1]) || got.Header.Get("Content-Range") != wantRange {
			t.Errorf("%s: %d bytes, Content-Range %q", spec, len(got.Body), got.Header.Get("Content-Range"))
		}
	}
}

// TestRandomRangeHeaders sends random headers: the response is the whole blob, the range that it declares, or 416.
func TestRandomRangeHeaders(t *testing.T) {
	t.Parallel()
	v := startBackups(t, nil)
	me := v.createUser("hostile@example.com", tier.Pro)
	blob := storetest.Blob(50)
	v.upload(me, blob)
	const alphabet = "0123456789-,= \tbytes"
	for range 400 {
		spec := []byte("bytes=")
		for range rand.IntN(8) {
			spec = append(spec, alphabet[rand.IntN(len(alphabet))])
		}
		got := v.get("", me.With("Range", string(spec)))
		var first, last, size int
		_, err := fmt.Sscanf(got.Header.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &size)
		ok := got.Status == 416 || got.Status == 200 && bytes.Equal(got.Body, blob) ||
			got.Status == 206 && err == nil && size == 50 && bytes.Equal(got.Body, blob[first:last+1])
		if !ok {
			t.Errorf("%q: %d %v %q", spec, got.Status, got.Header, got.Body)
		}
	}
}

// TestResumedDownload stops a download at 30 % and resumes it with Range and If-Range.
func TestResumedDownload(t *testing.T) {
	t.Attr("case", "C109")
	t.Parallel()
	v := startBackups(t, nil)
	me := v.createUser("resume@example.com", tier.Pro)
	blob := storetest.Blob(1 << 20)
	v.upload(me, blob)
	whole := v.get("", me)
	part := whole.Body[:len(blob)*3/10]
	ask := merge(me, header{"Range": fmt.Sprintf("bytes=%d-", len(part)), "If-Range": whole.Header.Get("ETag")})
	rest := v.get("", ask)
	if rest.Status != http.StatusPartialContent || !bytes.Equal(append(bytes.Clone(part), rest.Body...), blob) {
		t.Errorf("%d, %d bytes", rest.Status, len(rest.Body))
	}
	byDate := v.get("", merge(ask, header{"If-Range": whole.Header.Get("Last-Modified")}))
	if byDate.Status != http.StatusPartialContent {
		t.Errorf("If-Range by date: %d", byDate.Status)
	}
	for _, stale := range []string{`W/` + whole.Header.Get("ETag"), `"other"`, "Thu, 01 Jan 2026 00:00:00 GMT",
		"nonsense"} {
		if got := v.get("", merge(ask, header{"If-Range": stale})); got.Status != http.StatusOK ||
			!bytes.Equal(got.Body, blob) {
			t.Errorf("If-Range %s: %d", stale, got.Status)
		}
	}
	newer := storetest.Blob(1<<20 + 1)
	v.upload(me, newer)
	if got := v.get("", ask); got.Status != http.StatusOK || !bytes.Equal(got.Body, newer) {
		t.Errorf("resuming an older backup: %d, %d bytes", got.Status, len(got.Body))
	}
}

func TestConditionalDownloads(t *testing.T) {
	t.Parallel()
	v := startBackups(t, nil)
	me := v.createUser("conditional@example.com", tier.Pro)
	v.upload(me, storetest.Blob(100))
	first := v.get("", me)
	tag, date := first.Header.Get("ETag"), first.Header.Get("Last-Modified")
	when, err := http.ParseTime(date)
	check(t, err)
	later, earlier := when.Add(time.Hour).Format(http.TimeFormat), when.Add(-time.Second).Format(http.TimeFormat)
	ask := func(name string, h header, want int) {
		t.Helper()
		for _, method := range []string{"GET", "HEAD"} {
			got := v.Send(method, "/api/v1/backup", http.NoBody, merge(me, h))
			if got.Status != want || want == 304 && (len(got.Body) > 0 || got.Header.Get("ETag") == "") {
				t.Errorf("%s %s: %d, want %d", method, name, got.Status, want)
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
	v.upload(me, storetest.Blob(101))
	ask("the older one's tag", header{"If-None-Match": tag}, 200)
}

// TestTwoBackupsInOneSecondAreNotConfused: two backups with the same date must not give 304.
func TestTwoBackupsInOneSecondAreNotConfused(t *testing.T) {
	t.Attr("case", "C104")
	t.Parallel()
	v := startBackups(t, func() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 500, time.UTC) })
	me := v.createUser("second@example.com", tier.Pro)
	v.upload(me, storetest.Blob(100))
	date := v.get("", me).Header.Get("Last-Modified")
	v.upload(me, storetest.Blob(101))
	got := v.get("", me.With("If-Modified-Since", date))
	if got.Status != http.StatusOK || len(got.Body) != 101 {
		t.Errorf("%d, %d bytes", got.Status, len(got.Body))
	}
}

// TestMissingBlobIsBadGateway removes the object while its row stays.
func TestMissingBlobIsBadGateway(t *testing.T) {
	t.Parallel()
	v := startBackups(t, nil)
	me := v.createUser("missing@example.com", tier.Pro)
	id := v.upload(me, storetest.Blob(100))
	user := v.Do("GET", "/api/v1/auth/me", "", me).JSON(t)["id"].(string)
	check(t, v.blobs.Delete(t.Context(), user+"/"+id))
	if got := v.get("/"+id, me); got.Status != http.StatusBadGateway || got.Code() != "storage_inconsistent" {
		t.Errorf("GET: %d %s", got.Status, got.Body)
	}
	if got := v.Send("HEAD", "/api/v1/backup/"+id, http.NoBody, me); got.Status != http.StatusBadGateway {
		t.Errorf("HEAD: %d", got.Status)
	}
}
