package system_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/testing/storetest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// want fails the test unless the answer has that status and, for 412, the code of a precondition that failed.
func want(t *testing.T, what string, got answer, status int) {
	t.Helper()
	if got.Status != status || status == http.StatusPreconditionFailed && got.Code() != "precondition_failed" {
		t.Errorf("%s: %d %s, want %d", what, got.Status, got.Body, status)
	}
}

// TestResumeAfterANewerBackupIsRefused resumes the download of the latest backup when another one is the latest.
func TestResumeAfterANewerBackupIsRefused(t *testing.T) {
	t.Attr("case", "D01")
	t.Parallel()
	v := startBackups(t, nil)
	me := v.createUser("resume-match@example.com", tier.Pro)
	v.upload(me, storetest.Blob(100))
	first := v.get("", me).Header
	resume := merge(me, header{"If-Match": first.Get("ETag"), "Range": "bytes=50-"})
	want(t, "resuming the latest", v.get("", resume), http.StatusPartialContent)
	id := v.upload(me, storetest.Blob(200))
	want(t, "resuming with a newer one there", v.get("", resume), http.StatusPreconditionFailed)
	want(t, "the same by id", v.get("/"+id, resume), http.StatusPreconditionFailed)
	want(t, "the older one by its id", v.get("/"+first.Get("X-Backup-Id"), resume), http.StatusPartialContent)
	head := v.Send("HEAD", "/api/v1/backup", http.NoBody, merge(me, header{"If-Match": first.Get("ETag")}))
	if head.Status != http.StatusPreconditionFailed || len(head.Body) > 0 {
		t.Errorf("HEAD: %d %s, want 412 without a body", head.Status, head.Body)
	}
	now := v.get("", me).Header.Get("ETag")
	for _, list := range []string{`"x", ` + now, "*", now} {
		want(t, "If-Match "+list, v.get("", merge(me, header{"If-Match": list})), http.StatusOK)
	}
	for _, list := range []string{"W/" + now, `"x", "y"`, strings.Trim(now, `"`)} {
		want(t, "If-Match "+list, v.get("", merge(me, header{"If-Match": list})), http.StatusPreconditionFailed)
	}
	none := v.createUser("no-backup@example.com", tier.Pro)
	want(t, "no backup", v.get("", merge(none, header{"If-Match": "*"})), http.StatusNotFound)
}

// TestListHeadersMayHaveSeveralLines sends each tag in a header line of its own (RFC 9110 5.3).
func TestListHeadersMayHaveSeveralLines(t *testing.T) {
	t.Attr("case", "D01")
	t.Parallel()
	v := startBackups(t, nil)
	me := v.createUser("lines@example.com", tier.Pro)
	v.upload(me, storetest.Blob(100))
	tag := v.get("", me).Header.Get("ETag")
	for name, status := range map[string]int{"If-Match": 200, "If-None-Match": 304} {
		_, reader := v.dialRaw("GET /api/v1/backup HTTP/1.1\r\nHost: x\r\nAuthorization: " + me["Authorization"] +
			"\r\n" + name + ": \"x\"\r\n" + name + ": " + tag + "\r\n\r\n")
		resp, err := http.ReadResponse(reader, nil)
		check(t, err)
		if resp.StatusCode != status {
			t.Errorf("%s in two lines: %d, want %d", name, resp.StatusCode, status)
		}
		check(t, resp.Body.Close())
	}
}

// TestDatesOfBackupsDecide uses If-Unmodified-Since with a clock of its own: A and B are committed in one second.
func TestDatesOfBackupsDecide(t *testing.T) {
	t.Attr("case", "D01")
	t.Parallel()
	var mu sync.Mutex
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	pass := func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(d)
	}
	v := startBackups(t, func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	})
	me := v.createUser("dates@example.com", tier.Pro)
	a := v.upload(me, storetest.Blob(100))
	date := v.get("", me).Header.Get("Last-Modified")
	at, err := http.ParseTime(date)
	check(t, err)
	since := func(d time.Duration) header {
		return merge(me, header{"If-Unmodified-Since": at.Add(d).Format(http.TimeFormat)})
	}
	want(t, "its date", v.get("", since(0)), http.StatusOK)
	want(t, "an earlier date", v.get("", since(-time.Second)), http.StatusPreconditionFailed)
	want(t, "no date", v.get("", merge(me, header{"If-Unmodified-Since": "today"})), http.StatusOK)
	pass(500 * time.Millisecond)
	v.upload(me, storetest.Blob(200))
	want(t, "A's date, with B in the same second", v.get("", since(0)), http.StatusPreconditionFailed)
	want(t, "a later date", v.get("", since(time.Second)), http.StatusOK)
	want(t, "A by its id", v.get("/"+a, since(0)), http.StatusOK)
	want(t, "an upload after A", v.put(me, storetest.Blob(3), since(0)), http.StatusPreconditionFailed)
	pass(time.Second)
	want(t, "an upload after B", v.put(me, storetest.Blob(3), since(time.Second)), http.StatusOK)
	want(t, "deleting A by an earlier date",
		v.Send("DELETE", "/api/v1/backup/"+a, http.NoBody, since(-time.Second)), http.StatusPreconditionFailed)
	want(t, "deleting A by its date", v.Send("DELETE", "/api/v1/backup/"+a, http.NoBody, since(0)), http.StatusOK)
}

// TestUploadsMayRequireTheLatestBackup compares the preconditions of uploads with the latest backup, without reading a
// body that is refused.
func TestUploadsMayRequireTheLatestBackup(t *testing.T) {
	t.Attr("case", "D01")
	t.Parallel()
	v := startBackups(t, nil)
	me := v.createUser("put-match@example.com", tier.Pro)
	refused := func(what string, h header) {
		t.Helper()
		body := iotest.ErrReader(io.ErrUnexpectedEOF)
		headers := merge(merge(merge(uploadHeaders(storetest.Blob(9)), me), h), header{"Expect": "100-continue"})
		headers["X-Backup-Size"] = "9"
		want(t, what, v.Send("PUT", "/api/v1/backup", body, headers), http.StatusPreconditionFailed)
	}
	refused("the first one, If-Match: *", header{"If-Match": "*"})
	refused("the first one, another tag", header{"If-Match": `"x"`})
	v.expectNoBackups(me)
	want(t, "the first one", v.put(me, storetest.Blob(100), header{"If-None-Match": "*"}), http.StatusOK)
	tag := v.get("", me).Header.Get("ETag")
	refused("not the first one", header{"If-None-Match": "*"})
	refused("the tag of the latest in If-None-Match", header{"If-None-Match": `W/` + tag})
	refused("a weak tag", header{"If-Match": "W/" + tag})
	refused("another tag", header{"If-Match": `"x"`})
	replace := header{"If-Match": `"x", ` + tag, "Idempotency-Key": "replace"}
	want(t, "the second one", v.put(me, storetest.Blob(200), replace), http.StatusOK)
	want(t, "the second one, repeated", v.put(me, storetest.Blob(200), replace), http.StatusOK)
	refused("the older tag", header{"If-Match": tag})
	want(t, "any", v.put(me, storetest.Blob(300), header{"If-Match": "*"}), http.StatusOK)
	free := v.createUser("free-match@example.com", tier.Free)
	want(t, "no plan for backups", v.put(free, storetest.Blob(1), header{"If-Match": `"x"`}), http.StatusForbidden)
}

// TestConcurrentUploadsReplaceTheLatestOnce has two devices replace the same backup: one succeeds, and the other learns
// that it has to look again.
func TestConcurrentUploadsReplaceTheLatestOnce(t *testing.T) {
	t.Attr("case", "D01")
	t.Parallel()
	v := startBackups(t, nil)
	me := v.createUser("race-match@example.com", tier.Pro)
	v.upload(me, storetest.Blob(100))
	tag := v.get("", me).Header.Get("ETag")
	for round := range 5 {
		var group sync.WaitGroup
		var mu sync.Mutex
		statuses := map[int]int{}
		for i := range 2 { // as many as may be in progress at a time
			group.Go(func() {
				got := v.put(me, storetest.Blob(1000+10*round+i), header{"If-Match": tag})
				mu.Lock()
				defer mu.Unlock()
				statuses[got.Status]++
			})
		}
		group.Wait()
		if statuses[http.StatusOK] != 1 || statuses[http.StatusPreconditionFailed] != 1 {
			t.Errorf("statuses %v, want one 200 and one 412", statuses)
		}
		tag = v.get("", me).Header.Get("ETag")
	}
	id := v.Do("GET", "/api/v1/auth/me", "", me).JSON(t)["id"].(string)
	usage, err := v.backups.Usage(t.Context(), uuid.MustParse(id))
	check(t, err)
	if usage.Reserved != 0 || usage.Uploads != 0 {
		t.Errorf("usage %+v, want nothing reserved", usage)
	}
}

// TestDeletionsMayRequireABackup sends preconditions with DELETE.
func TestDeletionsMayRequireABackup(t *testing.T) {
	t.Attr("case", "D01")
	t.Parallel()
	v := startBackups(t, nil)
	me := v.createUser("delete-match@example.com", tier.Pro)
	id := v.upload(me, storetest.Blob(100))
	tag := v.get("", me).Header.Get("ETag")
	remove := func(what string, h header, status int) {
		t.Helper()
		want(t, what, v.Send("DELETE", "/api/v1/backup/"+id, http.NoBody, merge(me, h)), status)
	}
	remove("another tag", header{"If-Match": `"x"`}, http.StatusPreconditionFailed)
	remove("a weak tag", header{"If-Match": "W/" + tag}, http.StatusPreconditionFailed)
	remove("any in If-None-Match", header{"If-None-Match": "*"}, http.StatusPreconditionFailed)
	want(t, "the backup", v.get("/"+id, me), http.StatusOK)
	remove("its tag", header{"If-Match": tag}, http.StatusOK)
	remove("its tag, repeated", header{"If-Match": tag}, http.StatusOK)
	remove("any, repeated", header{"If-Match": "*"}, http.StatusOK)
	remove("another tag, repeated", header{"If-Match": `"x"`}, http.StatusPreconditionFailed)
	_, err := v.backups.Sweep(t.Context())
	check(t, err)
	remove("its tag, after the sweep", header{"If-Match": tag}, http.StatusOK)
	id = "0199a3f2-7c1e-7b41-9d55-5f0f2c6b8a11"
	remove("an unknown id", header{"If-Match": "*"}, http.StatusNotFound)
}
