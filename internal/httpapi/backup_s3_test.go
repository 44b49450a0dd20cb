package httpapi_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/s3blob"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/testing/s3test"
	"github.com/adiuva/cloud-api/internal/testing/storetest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// s3Server is a server with backups in S3, behind a proxy that can fail.
type s3Server struct {
	*backupServer
	server *s3test.Server
	proxy  *s3test.Proxy
	store  *s3blob.Store
}

func startBackupsInS3(t *testing.T, redirect bool) *s3Server {
	t.Helper()
	server := s3test.Start(t)
	proxy := s3test.NewProxy(t, server)
	store, err := s3blob.New(t.Context(), s3blob.Config{
		Bucket: server.Bucket(), Region: "us-east-1", Endpoint: proxy.URL,
		AccessKey: s3test.AccessKey, SecretKey: s3test.SecretKey,
		StallTimeout: 2 * time.Second, MaxBackOff: 10 * time.Millisecond,
	})
	check(t, err)
	cfg := backup.Config{Store: store}
	if redirect {
		cfg.Presigner = store
	}
	return &s3Server{startBackupsWith(t, cfg), server, proxy, store}
}

// wantEmptyBucket fails the test unless the bucket has no objects and no parts of unfinished uploads.
func (b *s3Server) wantEmptyBucket() {
	b.t.Helper()
	check(b.t, b.store.List(b.t.Context(), func(o backup.Object) error {
		b.t.Errorf("left in the bucket: %+v", o)
		return nil
	}))
}

// isStorageUnavailable reports whether the response is 503 storage_unavailable with Retry-After.
func isStorageUnavailable(got answer) bool {
	return got.status == http.StatusServiceUnavailable && got.code() == "storage_unavailable" &&
		got.header.Get("Retry-After") != ""
}

func TestS3RoundTrip(t *testing.T) {
	t.Parallel()
	b := startBackupsInS3(t, false)
	me := b.account("s3@example.com", tier.Pro)
	blob := storetest.Blob(20 << 20)
	id := b.stored(me, blob)
	if got := b.get("", me); got.status != http.StatusOK || !bytes.Equal(got.body, blob) {
		t.Fatalf("GET: %d, %d bytes", got.status, len(got.body))
	}
	if got := b.do("DELETE", "/api/v1/backup/"+id, "", me); got.status != http.StatusOK {
		t.Fatalf("DELETE: %d %s", got.status, got.body)
	}
	_, err := b.backups.Sweep(t.Context())
	check(t, err)
	b.wantEmptyBucket()
	b.wantNothingStored(me)
}

// A download is interrupted after 30 % and resumed with Range and If-Range.
func TestS3InterruptedDownloadResumes(t *testing.T) {
	t.Attr("case", "C109")
	t.Parallel()
	b := startBackupsInS3(t, false)
	me := b.account("resume@example.com", tier.Pro)
	blob := storetest.Blob(10 << 20)
	id := b.stored(me, blob)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/api/v1/backup/"+id, nil)
	check(t, err)
	req.Header.Set("Authorization", me["Authorization"])
	resp, err := http.DefaultClient.Do(req)
	check(t, err)
	part := make([]byte, len(blob)*3/10)
	_, err = io.ReadFull(resp.Body, part)
	check(t, err)
	check(t, resp.Body.Close())
	resume := header{"Range": fmt.Sprintf("bytes=%d-", len(part)), "If-Range": resp.Header.Get("ETag")}
	rest := b.get("/"+id, mergeHeaders(me, resume))
	if rest.status != http.StatusPartialContent || !bytes.Equal(append(part, rest.body...), blob) {
		t.Errorf("the rest: %d, %d bytes", rest.status, len(rest.body))
	}
	other := b.get("/"+id, mergeHeaders(me, header{"Range": "bytes=5-", "If-Range": `"another"`}))
	if other.status != http.StatusOK || !bytes.Equal(other.body, blob) {
		t.Errorf("If-Range of another backup: %d, %d bytes, want the whole backup", other.status, len(other.body))
	}
}

func TestS3DownloadsRedirectToPresignedURLs(t *testing.T) {
	t.Parallel()
	b := startBackupsInS3(t, true)
	me := b.account("redirect@example.com", tier.Pro)
	blob := storetest.Blob(1 << 20)
	id := b.stored(me, blob)
	for _, path := range []string{"", "/" + id} {
		got := b.get(path, me)
		if got.status != http.StatusTemporaryRedirect || len(got.body) != 0 ||
			got.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("GET %q: %d %v", path, got.status, got.header)
		}
		link := got.header.Get("Location")
		if !strings.HasPrefix(link, b.proxy.URL) || !strings.Contains(link, "X-Amz-Expires=300") {
			t.Errorf("Location is %s", link)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
		check(t, err)
		req.Header.Set("Range", "bytes=100-199")
		resp, err := http.DefaultClient.Do(req)
		check(t, err)
		part, err := io.ReadAll(resp.Body)
		check(t, err)
		check(t, resp.Body.Close())
		if resp.StatusCode != http.StatusPartialContent || !bytes.Equal(part, blob[100:200]) {
			t.Errorf("range from the bucket: %d, %d bytes", resp.StatusCode, len(part))
		}
	}
	tag := b.send("HEAD", "/api/v1/backup/"+id, http.NoBody, me).header.Get("ETag")
	for name, c := range map[string]struct {
		more   header
		status int
	}{
		"If-Range":      {header{"Range": "bytes=0-9", "If-Range": tag}, http.StatusPartialContent},
		"If-None-Match": {header{"If-None-Match": tag}, http.StatusNotModified},
	} {
		if got := b.get("/"+id, mergeHeaders(me, c.more)); got.status != c.status {
			t.Errorf("%s: %d, want %d", name, got.status, c.status)
		}
	}
}

// S3 fails during an upload of several parts: nothing stays, and the same call succeeds once S3 works again.
func TestS3FailureDuringUploadLeavesNothing(t *testing.T) {
	t.Attr("case", "C96")
	t.Parallel()
	part := func(n string) func(*http.Request, int) bool {
		return func(r *http.Request, _ int) bool { return r.URL.Query().Get("partNumber") == n }
	}
	for name, fail := range map[string]func(r *http.Request, earlier int) bool{
		"fails from the start": func(r *http.Request, _ int) bool {
			return r.Method == http.MethodPut || r.Method == http.MethodPost
		},
		"fails at part 3": part("3"),
		"fails at the completion": func(r *http.Request, _ int) bool {
			return r.Method == http.MethodPost && r.URL.Query().Has("uploadId")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := startBackupsInS3(t, false)
			me := b.account("faults@example.com", tier.Pro)
			blob := storetest.Blob(30 << 20)
			key := header{"Idempotency-Key": "again"}
			b.proxy.Fail(fail)
			got := b.put(me, blob, key)
			if !isStorageUnavailable(got) {
				t.Fatalf("PUT: %d %s", got.status, got.body)
			}
			b.proxy.Fail(func(*http.Request, int) bool { return false })
			_, err := b.backups.Sweep(t.Context())
			check(t, err)
			b.wantNothingStored(me)
			b.wantEmptyBucket()
			first, second := b.put(me, blob, key), b.put(me, blob, key)
			if first.status != http.StatusOK || string(first.body) != string(second.body) {
				t.Errorf("upload and replay: %d %s, %d %s", first.status, first.body, second.status, second.body)
			}
		})
	}
}

func TestS3FailedPartIsRetriedUnnoticed(t *testing.T) {
	t.Parallel()
	b := startBackupsInS3(t, false)
	me := b.account("once@example.com", tier.Pro)
	blob := storetest.Blob(20 << 20)
	b.proxy.Fail(func(r *http.Request, earlier int) bool {
		return r.URL.Query().Get("partNumber") == "2" && earlier == 0
	})
	b.stored(me, blob)
	if got := b.get("", me); b.proxy.Failed() != 1 || !bytes.Equal(got.body, blob) {
		t.Errorf("%d failures, GET: %d, %d bytes", b.proxy.Failed(), got.status, len(got.body))
	}
}

// Uploads of several parts have a wrong checksum or a body that breaks off.
func TestS3WrongBytesLeaveNothing(t *testing.T) {
	t.Parallel()
	b := startBackupsInS3(t, false)
	me := b.account("wrong@example.com", tier.Pro)
	blob := storetest.Blob(20 << 20)
	if got := b.put(me, blob, header{"X-Backup-Checksum": strings.Repeat("0", 64)}); got.code() != "checksum_mismatch" {
		t.Errorf("wrong checksum: %d %s", got.status, got.body)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, b.url+"/api/v1/backup",
		io.MultiReader(bytes.NewReader(blob[:18<<20]), iotest.ErrReader(io.ErrClosedPipe)))
	check(t, err)
	req.ContentLength = int64(len(blob))
	for k, val := range mergeHeaders(uploadHeaders(blob), me) {
		req.Header.Set(k, val)
	}
	if resp, err := http.DefaultClient.Do(req); err == nil {
		check(t, resp.Body.Close())
		t.Errorf("incomplete body: status %d, want a broken connection", resp.StatusCode)
	}
	pgtest.Eventually(t, 20*time.Second, func() error {
		_, err := b.backups.Sweep(t.Context())
		if err != nil {
			return err
		}
		if got := b.get("/history", me); string(bytes.TrimSpace(got.body)) != "[]" {
			return fmt.Errorf("history: %s", got.body)
		}
		return nil
	})
	pgtest.Eventually(t, 20*time.Second, func() error {
		left := 0
		err := b.store.List(t.Context(), func(backup.Object) error { left++; return nil })
		if err == nil && left > 0 {
			err = fmt.Errorf("%d objects left", left)
		}
		return err
	})
}

// An object is deleted during its download, which has to return the right bytes or fail. A missing object is 502,
// not 404.
func TestS3DeletionDuringADownloadNeverYieldsWrongBytes(t *testing.T) {
	t.Attr("case", "C102")
	t.Parallel()
	b := startBackupsInS3(t, false)
	me := b.account("gone@example.com", tier.Pro)
	blob := storetest.Blob(10 << 20)
	id := b.stored(me, blob)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/api/v1/backup/"+id, nil)
	check(t, err)
	req.Header.Set("Authorization", me["Authorization"])
	resp, err := http.DefaultClient.Do(req)
	check(t, err)
	head := make([]byte, 1000)
	_, err = io.ReadFull(resp.Body, head)
	check(t, err)
	user := b.do("GET", "/api/v1/auth/me", "", me).json(t)["id"].(string)
	check(t, b.store.Delete(t.Context(), user+"/"+id)) // while the row stays
	rest, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close() // it may have been cut
	if whole := append(head, rest...); err == nil && !bytes.Equal(whole, blob) {
		t.Errorf("status 200 with %d wrong bytes and no error", len(whole))
	}
	if got := b.get("/"+id, me); got.status != http.StatusBadGateway || got.code() != "storage_inconsistent" {
		t.Errorf("GET of a missing object: %d %s", got.status, got.body)
	}
}

// Without an S3 server, uploads and downloads soon respond with 503, the history still works and nothing stays
// reserved. After its restart the old backup is unharmed.
func TestS3OutageKeepsExistingBackups(t *testing.T) {
	t.Attr("case", "C95")
	t.Parallel()
	b := startBackupsInS3(t, false)
	me := b.account("refuses@example.com", tier.Pro)
	blob := storetest.Blob(9 << 20)
	id := b.stored(me, blob)
	history := string(b.get("/history", me).body)
	b.server.Kill()
	for method, ask := range map[string]func() answer{
		"PUT": func() answer { return b.put(me, storetest.Blob(1000), nil) },
		"GET": func() answer { return b.get("/"+id, me) },
	} {
		start := time.Now()
		got := ask()
		if !isStorageUnavailable(got) {
			t.Errorf("%s: %d %s", method, got.status, got.body)
		}
		if took := time.Since(start); exactClock && took > 3*time.Second {
			t.Errorf("%s took %v, want at most 3s", method, took)
		}
	}
	if got := b.get("/history", me); got.status != http.StatusOK || string(got.body) != history {
		t.Errorf("history: %d %s, want %s", got.status, got.body, history)
	}
	user := uuid.MustParse(b.do("GET", "/api/v1/auth/me", "", me).json(t)["id"].(string))
	usage, err := b.backups.Usage(t.Context(), user)
	if err != nil || usage != (backup.Usage{Committed: int64(len(blob))}) {
		t.Errorf("usage: %+v, %v", usage, err)
	}
	b.server.Restart()
	if got := b.get("/"+id, me); got.status != http.StatusOK || !bytes.Equal(got.body, blob) {
		t.Errorf("GET after the restart: %d, %d bytes", got.status, len(got.body))
	}
}
