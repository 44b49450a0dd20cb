package system_test

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
	"github.com/adiuva/cloud-api/internal/testing/soak"
	"github.com/adiuva/cloud-api/internal/testing/storetest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// s3API is a service whose backups are in S3, behind a proxy that can inject failures.
type s3API struct {
	*backupAPI
	server *s3test.Server
	front  *s3test.Proxy
	store  *s3blob.Store
}

func startS3Backups(t *testing.T, redirect bool) *s3API {
	t.Helper()
	server := s3test.Start(t)
	front := s3test.NewProxy(t, server)
	store, err := s3blob.New(t.Context(), s3blob.Config{
		Bucket: server.Bucket(), Region: "us-east-1", Endpoint: front.URL, AccessKey: s3test.AccessKey,
		SecretKey:    s3test.SecretKey,
		StallTimeout: 2 * time.Second, MaxBackOff: 10 * time.Millisecond,
	})
	check(t, err)
	cfg := backup.Config{Store: store}
	if redirect {
		cfg.Presigner = store
	}
	return &s3API{startBackupsWith(t, cfg), server, front, store}
}

// expectEmptyBucket fails the test when the bucket has an object or a part of one.
func (b *s3API) expectEmptyBucket() {
	b.T.Helper()
	check(b.T, b.store.List(b.T.Context(), func(o backup.Object) error {
		b.T.Errorf("left in the bucket: %+v", o)
		return nil
	}))
}

func TestS3RoundTrip(t *testing.T) {
	t.Parallel()
	b := startS3Backups(t, false)
	me := b.createUser("s3@example.com", tier.Pro)
	blob := storetest.Blob(20 << 20)
	id := b.upload(me, blob)
	if got := b.get("", me); got.Status != http.StatusOK || !bytes.Equal(got.Body, blob) {
		t.Fatalf("GET: %d, %d bytes", got.Status, len(got.Body))
	}
	if got := b.Do("DELETE", "/api/v1/backup/"+id, "", me); got.Status != http.StatusOK {
		t.Fatalf("DELETE: %d %s", got.Status, got.Body)
	}
	_, err := b.backups.Sweep(t.Context())
	check(t, err)
	b.expectEmptyBucket()
	b.expectNoBackups(me)
}

// TestS3ResumedDownload stops a download at 30 % and resumes it with Range and If-Range.
func TestS3ResumedDownload(t *testing.T) {
	t.Attr("case", "C109")
	t.Parallel()
	b := startS3Backups(t, false)
	me := b.createUser("resume@example.com", tier.Pro)
	blob := storetest.Blob(10 << 20)
	id := b.upload(me, blob)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.URL+"/api/v1/backup/"+id, nil)
	check(t, err)
	req.Header.Set("Authorization", me["Authorization"])
	resp, err := http.DefaultClient.Do(req)
	check(t, err)
	part := make([]byte, len(blob)*3/10)
	_, err = io.ReadFull(resp.Body, part)
	check(t, err)
	check(t, resp.Body.Close())
	rest := b.get("/"+id, merge(me, header{"Range": fmt.Sprintf("bytes=%d-", len(part)),
		"If-Range": resp.Header.Get("ETag")}))
	if rest.Status != http.StatusPartialContent || !bytes.Equal(append(part, rest.Body...), blob) {
		t.Errorf("resumed: %d, %d bytes", rest.Status, len(rest.Body))
	}
	other := b.get("/"+id, merge(me, header{"Range": "bytes=5-", "If-Range": `"another"`}))
	if other.Status != http.StatusOK || !bytes.Equal(other.Body, blob) {
		t.Errorf("resumed with another ETag: %d, %d bytes", other.Status, len(other.Body))
	}
}

func TestS3DownloadRedirects(t *testing.T) {
	t.Parallel()
	b := startS3Backups(t, true)
	me := b.createUser("redirect@example.com", tier.Pro)
	blob := storetest.Blob(1 << 20)
	id := b.upload(me, blob)
	for _, path := range []string{"", "/" + id} {
		got := b.get(path, me)
		if got.Status != http.StatusTemporaryRedirect || got.Header.Get("Cache-Control") != "no-store" ||
			len(got.Body) != 0 {
			t.Fatalf("GET %q: %d %v", path, got.Status, got.Header)
		}
		link := got.Header.Get("Location")
		if !strings.HasPrefix(link, b.front.URL) || !strings.Contains(link, "X-Amz-Expires=300") {
			t.Errorf("Location: %s", link)
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
			t.Errorf("from the bucket: %d, %d bytes", resp.StatusCode, len(part))
		}
	}
	tag := b.Send("HEAD", "/api/v1/backup/"+id, http.NoBody, me).Header.Get("ETag")
	for name, c := range map[string]struct {
		more   header
		status int
	}{
		"If-Range":      {header{"Range": "bytes=0-9", "If-Range": tag}, http.StatusPartialContent},
		"If-None-Match": {header{"If-None-Match": tag}, http.StatusNotModified},
		"If-Match":      {header{"Range": "bytes=0-9", "If-Match": tag}, http.StatusPartialContent},
		"another tag":   {header{"If-Match": `"x"`}, http.StatusPreconditionFailed},
		"an early date": {
			header{"If-Unmodified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"}, http.StatusPreconditionFailed,
		},
	} {
		if got := b.get("/"+id, merge(me, c.more)); got.Status != c.status {
			t.Errorf("%s: %d, want %d", name, got.Status, c.status)
		}
	}
}

// TestS3FailureDuringUploadLeavesNothing fails the store during an upload of four parts. Nothing is left, and the same
// call succeeds once the store works again.
func TestS3FailureDuringUploadLeavesNothing(t *testing.T) {
	t.Attr("case", "C96")
	t.Parallel()
	part := func(n string) func(*http.Request, int) bool {
		return func(r *http.Request, _ int) bool { return r.URL.Query().Get("partNumber") == n }
	}
	for name, fail := range map[string]func(r *http.Request, earlier int) bool{
		"every write fails": func(r *http.Request, _ int) bool {
			return r.Method == http.MethodPut ||
				r.Method == http.MethodPost
		},
		"part 3 fails": part("3"),
		"the completion fails": func(r *http.Request, _ int) bool {
			return r.Method == http.MethodPost &&
				r.URL.Query().Has("uploadId")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := startS3Backups(t, false)
			me := b.createUser("faults@example.com", tier.Pro)
			blob := storetest.Blob(30 << 20)
			key := header{"Idempotency-Key": "again"}
			b.front.Fail(fail)
			got := b.put(me, blob, key)
			if got.Status != http.StatusServiceUnavailable || got.Code() != "storage_unavailable" ||
				got.Header.Get("Retry-After") == "" {
				t.Fatalf("PUT: %d %s", got.Status, got.Body)
			}
			b.front.Fail(func(*http.Request, int) bool { return false })
			_, err := b.backups.Sweep(t.Context())
			check(t, err)
			b.expectNoBackups(me)
			b.expectEmptyBucket()
			first, second := b.put(me, blob, key), b.put(me, blob, key)
			if first.Status != http.StatusOK || string(first.Body) != string(second.Body) {
				t.Errorf("retries: %d %s, %d %s", first.Status, first.Body, second.Status, second.Body)
			}
		})
	}
}

// TestS3PartIsRetried fails one part once, which the client does not notice.
func TestS3PartIsRetried(t *testing.T) {
	t.Parallel()
	b := startS3Backups(t, false)
	me := b.createUser("once@example.com", tier.Pro)
	blob := storetest.Blob(20 << 20)
	b.front.Fail(func(r *http.Request, earlier int) bool {
		return r.URL.Query().Get("partNumber") == "2" &&
			earlier == 0
	})
	b.upload(me, blob)
	if got := b.get("", me); b.front.Failed() != 1 || !bytes.Equal(got.Body, blob) {
		t.Errorf("%d failures, GET: %d, %d bytes", b.front.Failed(), got.Status, len(got.Body))
	}
}

// TestS3RejectedUploadLeavesNothing sends a wrong checksum and an interrupted body, both of several parts.
func TestS3RejectedUploadLeavesNothing(t *testing.T) {
	t.Parallel()
	b := startS3Backups(t, false)
	me := b.createUser("wrong@example.com", tier.Pro)
	blob := storetest.Blob(20 << 20)
	if got := b.put(me, blob, header{"X-Backup-Checksum": strings.Repeat("0", 64)}); got.Code() != "checksum_mismatch" {
		t.Errorf("wrong checksum: %d %s", got.Status, got.Body)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, b.URL+"/api/v1/backup",
		io.MultiReader(bytes.NewReader(blob[:18<<20]), iotest.ErrReader(io.ErrClosedPipe)))
	check(t, err)
	req.ContentLength = int64(len(blob))
	for k, val := range merge(uploadHeaders(blob), me) {
		req.Header.Set(k, val)
	}
	if resp, err := http.DefaultClient.Do(req); err == nil {
		check(t, resp.Body.Close())
		t.Errorf("interrupted body: %d", resp.StatusCode)
	}
	pgtest.Eventually(t, 20*time.Second, func() error {
		_, err := b.backups.Sweep(t.Context())
		if err != nil {
			return err
		}
		if got := b.get("/history", me); string(bytes.TrimSpace(got.Body)) != "[]" {
			return fmt.Errorf("history: %s", got.Body)
		}
		return nil
	})
	pgtest.Eventually(t, 20*time.Second, func() error {
		if _, err := b.backups.Sweep(t.Context()); err != nil { // a part may have arrived after the sweep before
			return err
		}
		left := 0
		err := b.store.List(t.Context(), func(backup.Object) error { left++; return nil })
		if err == nil && left > 0 {
			err = fmt.Errorf("%d objects left", left)
		}
		return err
	})
}

// TestS3ObjectDeletedDuringDownload shows that a 200 never has wrong bytes, and that a missing object is 502 and not
// 404.
func TestS3ObjectDeletedDuringDownload(t *testing.T) {
	t.Attr("case", "C102")
	t.Parallel()
	b := startS3Backups(t, false)
	me := b.createUser("gone@example.com", tier.Pro)
	blob := storetest.Blob(10 << 20)
	id := b.upload(me, blob)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.URL+"/api/v1/backup/"+id, nil)
	check(t, err)
	req.Header.Set("Authorization", me["Authorization"])
	resp, err := http.DefaultClient.Do(req)
	check(t, err)
	head := make([]byte, 1000)
	_, err = io.ReadFull(resp.Body, head)
	check(t, err)
	user := b.Do("GET", "/api/v1/auth/me", "", me).JSON(t)["id"].(string)
	check(t, b.store.Delete(t.Context(), user+"/"+id)) // the service's row stays
	rest, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close() // the body may be truncated
	if whole := append(head, rest...); err == nil && !bytes.Equal(whole, blob) {
		t.Errorf("%d wrong bytes with status 200", len(whole))
	}
	if got := b.get("/"+id, me); got.Status != http.StatusBadGateway || got.Code() != "storage_inconsistent" {
		t.Errorf("missing object: %d %s", got.Status, got.Body)
	}
}

// TestS3UnreachableIsUnavailable stops the S3 server. Uploads and downloads soon get 503, the history still works, and
// no quota stays reserved. When the server is back, the stored backup is intact.
func TestS3UnreachableIsUnavailable(t *testing.T) {
	t.Attr("case", "C95")
	t.Parallel()
	b := startS3Backups(t, false)
	me := b.createUser("refuses@example.com", tier.Pro)
	blob := storetest.Blob(9 << 20)
	id := b.upload(me, blob)
	history := string(b.get("/history", me).Body)
	b.server.Kill()
	for what, ask := range map[string]func() answer{
		"PUT": func() answer { return b.put(me, storetest.Blob(1000), nil) },
		"GET": func() answer { return b.get("/"+id, me) },
	} {
		start := time.Now()
		got := ask()
		if got.Status != http.StatusServiceUnavailable || got.Code() != "storage_unavailable" ||
			got.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %s", what, got.Status, got.Body)
		}
		if took := time.Since(start); soak.Enabled && took > 3*time.Second {
			t.Errorf("%s took %v", what, took)
		}
	}
	if got := b.get("/history", me); got.Status != http.StatusOK || string(got.Body) != history {
		t.Errorf("history: %d %s, want %s", got.Status, got.Body, history)
	}
	user := uuid.MustParse(b.Do("GET", "/api/v1/auth/me", "", me).JSON(t)["id"].(string))
	if usage, err := b.backups.Usage(t.Context(), user); err != nil ||
		usage != (backup.Usage{Committed: int64(len(blob))}) {
		t.Errorf("usage: %+v, %v", usage, err)
	}
	b.server.Restart()
	if got := b.get("/"+id, me); got.Status != http.StatusOK || !bytes.Equal(got.Body, blob) {
		t.Errorf("GET after the restart: %d, %d bytes", got.Status, len(got.Body))
	}
}
