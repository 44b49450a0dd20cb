package system_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/dev/diskblob"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/testing/storetest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// backupAPI is a running service whose backups and blobs the test can also reach directly.
type backupAPI struct {
	*api
	backups *backup.Service
	blobs   *diskblob.Store
}

// startBackups starts a service whose backups use the clock now; nil means the real one.
func startBackups(t *testing.T, now func() time.Time, options ...option) *backupAPI {
	t.Helper()
	blobs, err := diskblob.New(t.TempDir())
	check(t, err)
	v := startBackupsWith(t, backup.Config{Store: blobs, Now: now}, options...)
	v.blobs = blobs
	return v
}

// startBackupsWith starts a service with backups of this configuration. The database and the log are filled in.
func startBackupsWith(t *testing.T, backups backup.Config, options ...option) *backupAPI {
	t.Helper()
	var cfg httpapi.Config
	a := start(t, nil, append(options, func(c *httpapi.Config) { cfg = *c })...)
	backups.DB, backups.Log = a.DB, cfg.Log
	cfg.Backups = backup.New(backups)
	var err error
	a.Server, err = httpapi.New(cfg)
	check(t, err)
	ts := httptest.NewServer(a.Server)
	t.Cleanup(ts.Close)
	a.URL = ts.URL
	return &backupAPI{api: a, backups: cfg.Backups}
}

// uploadHeaders returns the headers of an upload of blob, without authorization.
func uploadHeaders(blob []byte) header {
	sum := sha256.Sum256(blob)
	return header{"X-Backup-Version": "3", "X-Backup-Timestamp": "1767225600000",
		"X-Backup-Checksum": hex.EncodeToString(sum[:]),
		"Content-Type":      "application/octet-stream"}
}

// merge returns the headers of both; those of b win.
func merge(a, b header) header {
	c := maps.Clone(a)
	maps.Copy(c, b)
	return c
}

func (v *backupAPI) put(me header, blob []byte, more header) answer {
	v.T.Helper()
	return v.Send("PUT", "/api/v1/backup", bytes.NewReader(blob), merge(merge(uploadHeaders(blob), me), more))
}

// upload stores a backup and returns its id.
func (v *backupAPI) upload(me header, blob []byte) (id string) {
	v.T.Helper()
	got := v.put(me, blob, nil)
	if got.Status != http.StatusOK {
		v.T.Fatalf("PUT: %d %s", got.Status, got.Body)
	}
	return got.JSON(v.T)["id"].(string)
}

func (v *backupAPI) get(path string, headers header) answer {
	v.T.Helper()
	return v.Send("GET", "/api/v1/backup"+path, http.NoBody, headers)
}

// expectNoBackups fails the test unless the account has no backups and uses none of its quota.
func (v *backupAPI) expectNoBackups(me header) {
	v.T.Helper()
	if got := v.get("/history", me); string(bytes.TrimSpace(got.Body)) != "[]" {
		v.T.Errorf("history: %s", got.Body)
	}
	id := v.Do("GET", "/api/v1/auth/me", "", me).JSON(v.T)["id"].(string)
	if usage, err := v.backups.Usage(v.T.Context(), uuid.MustParse(id)); err != nil || usage != (backup.Usage{}) {
		v.T.Errorf("usage: %+v, %v", usage, err)
	}
}

func TestBackupRoundTrip(t *testing.T) {
	t.Attr("case", "C88")
	t.Parallel()
	v := startBackups(t, nil)
	me := v.createUser("round@example.com", tier.Pro)
	blob := storetest.Blob(1 << 20)
	if got := v.get("", me); got.Status != http.StatusNotFound {
		t.Errorf("GET before the first backup: %d", got.Status)
	}
	id := v.upload(me, blob)
	sum := uploadHeaders(blob)["X-Backup-Checksum"]
	for _, path := range []string{"", "/" + id} {
		got := v.get(path, me)
		if got.Status != http.StatusOK || !bytes.Equal(got.Body, blob) {
			t.Errorf("GET %q: %d, %d bytes", path, got.Status, len(got.Body))
		}
		head := v.Send("HEAD", "/api/v1/backup"+path, http.NoBody, me)
		for _, h := range []http.Header{got.Header, head.Header} {
			for name, want := range map[string]string{
				"Content-Length": "1048576", "ETag": `"` + sum + `"`, "X-Backup-Checksum": sum, "X-Backup-Id": id,
				"X-Backup-Version": "3", "X-Backup-Timestamp": "1767225600000", "Cache-Control": "no-store",
				"Accept-Ranges": "bytes", "Content-Type": "application/octet-stream",
			} {
				if h.Get(name) != want {
					t.Errorf("%q: %s is %q, want %q", path, name, h.Get(name), want)
				}
			}
			if when, err := http.ParseTime(h.Get("Last-Modified")); err != nil || time.Since(when) > time.Minute {
				t.Errorf("Last-Modified %q", h.Get("Last-Modified"))
			}
		}
	}
	want := fmt.Sprintf(`"checksum":"%s","chunk_count":1,`, sum)
	if got := v.get("/history", me); !strings.Contains(string(got.Body), want) ||
		!strings.Contains(string(got.Body), `"size_bytes":1048576`) {
		t.Errorf("history: %s", got.Body)
	}
}

func TestEmptyBackup(t *testing.T) {
	t.Attr("case", "D02")
	t.Parallel()
	v := startBackups(t, nil)
	me := v.createUser("empty@example.com", tier.Pro)
	id := v.upload(me, nil)
	if got := v.get("/"+id, me); got.Status != http.StatusOK || len(got.Body) != 0 ||
		got.Header.Get("Content-Length") != "0" {
		t.Errorf("%d %q", got.Status, got.Body)
	}
	for _, spec := range []string{"bytes=0-", "bytes=-5", "bytes=0-0", "bytes=7-"} {
		got := v.get("/"+id, me.With("Range", spec))
		if got.Status != http.StatusOK || len(got.Body) != 0 || got.Header.Get("Content-Range") != "" {
			t.Errorf("%s of an empty backup: %d, want the whole of it", spec, got.Status)
		}
	}
}

// dialRaw sends the text of a request on a connection of its own, and returns the connection.
func (v *backupAPI) dialRaw(request string) (net.Conn, *bufio.Reader) {
	v.T.Helper()
	var d net.Dialer
	conn, err := d.DialContext(v.T.Context(), "tcp", strings.TrimPrefix(v.URL, "http://"))
	check(v.T, err)
	v.T.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, request)
	check(v.T, err)
	return conn, bufio.NewReader(conn)
}

// rawUpload returns the text of an upload; rest begins with the last headers.
func rawUpload(headers header, rest string) string {
	var b strings.Builder
	b.WriteString("PUT /api/v1/backup HTTP/1.1\r\nHost: x\r\n")
	for k, val := range headers {
		b.WriteString(k + ": " + val + "\r\n")
	}
	b.WriteString(rest)
	return b.String()
}

// TestUploadIsRefusedBeforeItsBody sends Expect: 100-continue. A refusal comes instead of 100, an acceptance after it.
func TestUploadIsRefusedBeforeItsBody(t *testing.T) {
	t.Attr("case", "C89")
	t.Parallel()
	v := startBackups(t, nil)
	blob := storetest.Blob(1000)
	ask := "Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n"
	for name, c := range map[string]struct {
		headers header
		want    string
	}{
		"free tier": {v.Register("free@example.com"), "403"},
		"no token":  {nil, "401"},
		"no checksum": {header{"X-Backup-Checksum": "zz",
			"Authorization": v.createUser("c@example.com", tier.Pro)["Authorization"]}, "422"},
		"pro tier": {v.createUser("own@example.com", tier.Pro), "100"},
	} {
		conn, reader := v.dialRaw(rawUpload(merge(uploadHeaders(blob), c.headers), ask))
		line, err := reader.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "HTTP/1.1 "+c.want) {
			t.Errorf("%s: %q, %v", name, line, err)
			continue
		}
		if c.want != "100" {
			continue
		}
		_, err = reader.ReadString('\n')
		check(t, err)
		_, err = conn.Write(blob)
		check(t, err)
		if line, err := reader.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 200") {
			t.Errorf("%s: %q, %v", name, line, err)
		}
	}
	free := v.put(v.Register("free2@example.com"), blob, nil)
	if free.Code() != "tier_required" || fmt.Sprint(free.JSON(t)["required"]) != "[pro power team]" {
		t.Errorf("%s", free.Body)
	}
}

// TestRefusedUploadsLeaveNothing sends invalid uploads and checks that nothing of them is stored.
func TestRefusedUploadsLeaveNothing(t *testing.T) {
	t.Attr("case", "C91")
	t.Attr("case", "C105")
	t.Parallel()
	v := startBackups(t, nil)
	me := v.createUser("refused@example.com", tier.Pro)
	blob := storetest.Blob(5000)
	chunked := struct{ io.Reader }{bytes.NewReader(blob)}
	ahead := strconv.FormatInt(time.Now().Add(25*time.Hour).UnixMilli(), 10)
	for name, c := range map[string]struct {
		body   io.Reader
		change header
		status int
		code   string
	}{
		"wrong checksum": {bytes.NewReader(blob[1:]), nil, 422, "checksum_mismatch"},
		"no length":      {chunked, nil, 411, "length_required"},
		"sizes disagree": {bytes.NewReader(blob), header{"X-Backup-Size": "4999"}, 422, "validation_failed"},
		"longer than declared": {struct{ io.Reader }{bytes.NewReader(blob)}, header{"X-Backup-Size": "4999"},
			422, "validation_failed"},
		"shorter than declared": {struct{ io.Reader }{bytes.NewReader(blob)}, header{"X-Backup-Size": "5001"},
			422, "validation_failed"},
		"checksum not hexadecimal": {bytes.NewReader(blob), header{"X-Backup-Checksum": strings.Repeat("g", 64)},
			422, "validation_failed"},
		"checksum too short": {bytes.NewReader(blob), header{"X-Backup-Checksum": strings.Repeat("a", 63)},
			422, "validation_failed"},
		"version zero": {bytes.NewReader(blob), header{"X-Backup-Version": "0"}, 422, "validation_failed"},
		"version not a number": {bytes.NewReader(blob), header{"X-Backup-Version": "one"}, 422,
			"validation_failed"},
		"timestamp in future": {bytes.NewReader(blob), header{"X-Backup-Timestamp": ahead}, 422,
			"timestamp_in_future"},
		"timestamp negative": {bytes.NewReader(blob), header{"X-Backup-Timestamp": "-1"}, 422,
			"validation_failed"},
		"key not UTF-8": {bytes.NewReader(blob), header{"Idempotency-Key": "\xff"}, 422,
			"validation_failed"},
		"JSON": {bytes.NewReader(blob), header{"Content-Type": "application/json"}, 415,
			"unsupported_media_type"},
		"too large": {struct{ io.Reader }{bytes.NewReader(blob)},
			header{"X-Backup-Size": "80000000001"}, 413, "body_too_large"},
		"over quota": {struct{ io.Reader }{bytes.NewReader(blob)},
			header{"X-Backup-Size": "5000000001"}, 413, "quota_exceeded"},
	} {
		got := v.Send("PUT", "/api/v1/backup", c.body, merge(merge(uploadHeaders(blob), me), c.change))
		if got.Status != c.status || got.Code() != c.code {
			t.Errorf("%s: %d %s, want %d %s", name, got.Status, got.Body, c.status, c.code)
		}
		v.expectNoBackups(me)
	}
	got := v.Send("PUT", "/api/v1/backup", struct{ io.Reader }{bytes.NewReader(blob)},
		merge(merge(uploadHeaders(blob), me), header{"X-Backup-Size": "5000"}))
	if got.Status != http.StatusOK {
		t.Errorf("chunked body with its size: %d %s", got.Status, got.Body)
	}
}

// TestInterruptedUploadLeavesNothing closes the connection after half of the body.
func TestInterruptedUploadLeavesNothing(t *testing.T) {
	t.Attr("case", "C91")
	t.Parallel()
	v := startBackups(t, nil)
	me := v.createUser("cut@example.com", tier.Pro)
	blob := storetest.Blob(10_000)
	conn, reader := v.dialRaw(rawUpload(merge(uploadHeaders(blob), me),
		"Content-Length: 10000\r\nIdempotency-Key: k\r\n\r\n"+string(blob[:5000])))
	check(t, conn.(*net.TCPConn).CloseWrite())
	if line, err := reader.ReadString('\n'); err == nil && strings.HasPrefix(line, "HTTP/1.1 2") {
		t.Errorf("half of a body was answered with %q", line)
	}
	_, err := io.Copy(io.Discard, reader)
	check(t, err)
	v.expectNoBackups(me)
	if got := v.put(me, blob, header{"Idempotency-Key": "k"}); got.Status != http.StatusOK {
		t.Errorf("retry: %d %s", got.Status, got.Body)
	}
}

func TestUploadIsIdempotentByKey(t *testing.T) {
	t.Attr("case", "C108")
	t.Parallel()
	v := startBackups(t, nil)
	me := v.createUser("again@example.com", tier.Pro)
	blob, key := storetest.Blob(3<<20), header{"Idempotency-Key": "k"}
	first := v.put(me, blob, key)
	again := v.put(me, blob, key)
	if first.Status != http.StatusOK || again.Status != http.StatusOK || !bytes.Equal(first.Body, again.Body) {
		t.Errorf("%d %s, then %d %s", first.Status, first.Body, again.Status, again.Body)
	}
	if got := v.put(me, blob[1:], key); got.Status != http.StatusConflict || got.Code() != "idempotency_conflict" {
		t.Errorf("same key with other bytes: %d %s", got.Status, got.Body)
	}
	if got := v.get("/history", me); strings.Count(string(got.Body), `"id"`) != 1 {
		t.Errorf("history: %s", got.Body)
	}
}

func TestBackupsOfOthersAreNotFound(t *testing.T) {
	t.Attr("case", "C94")
	t.Parallel()
	v := startBackups(t, nil)
	owner, other := v.createUser("owner@example.com", tier.Pro), v.createUser("other@example.com", tier.Pro)
	id := v.upload(owner, storetest.Blob(1000))
	for _, path := range []string{id, "0199a3f2-7c1e-7b41-9d55-5f0f2c6b8a11", "..%2fx", "'%20OR%201=1--",
		strings.ToUpper(id)} {
		for _, method := range []string{"GET", "HEAD", "DELETE"} {
			got := v.Send(method, "/api/v1/backup/"+path, http.NoBody, other)
			if got.Status != http.StatusNotFound ||
				method != "HEAD" && got.JSON(t)["detail"] != "There is no such thing here, or it is not yours." {
				t.Errorf("%s %s: %d %s", method, path, got.Status, got.Body)
			}
		}
	}
	if got := v.get("/"+id, owner); got.Status != http.StatusOK {
		t.Errorf("GET by the owner: %d", got.Status)
	}
}

func TestDeleteBackupIsIdempotent(t *testing.T) {
	t.Parallel()
	v := startBackups(t, nil)
	me := v.createUser("delete@example.com", tier.Pro)
	id := v.upload(me, storetest.Blob(1000))
	for range 3 {
		got := v.Send("DELETE", "/api/v1/backup/"+id, http.NoBody, me)
		if got.Status != http.StatusOK || strings.TrimSpace(string(got.Body)) != `{"ok":true}` {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		_, err := v.backups.Sweep(t.Context())
		check(t, err)
	}
	v.expectNoBackups(me)
}

func TestDowngradedUserMayReadAndDeleteBackups(t *testing.T) {
	t.Attr("case", "C106")
	t.Parallel()
	v := startBackups(t, nil)
	me := v.createUser("down@example.com", tier.Pro)
	blob := storetest.Blob(1000)
	id := v.upload(me, blob)
	check(t, v.Accounts.SetTier(t.Context(), "down@example.com", tier.Free, 1))
	if got := v.get("", me); got.Status != http.StatusOK || !bytes.Equal(got.Body, blob) {
		t.Errorf("GET: %d", got.Status)
	}
	if got := v.put(me, blob, nil); got.Status != http.StatusForbidden || got.Code() != "tier_required" {
		t.Errorf("PUT: %d %s", got.Status, got.Body)
	}
	if got := v.Send("DELETE", "/api/v1/backup/"+id, http.NoBody, me); got.Status != http.StatusOK {
		t.Errorf("DELETE: %d", got.Status)
	}
	v.expectNoBackups(me)
}
