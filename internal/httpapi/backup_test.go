package httpapi_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
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

// backupServer is a server with backups, whose service and store the test can access directly.
type backupServer struct {
	*api
	backups *backup.Service
	disk    *diskblob.Store
}

// startBackups returns a server with backups on disk, whose service uses the clock now; nil means the real one.
func startBackups(t *testing.T, now func() time.Time, options ...option) *backupServer {
	t.Helper()
	blobs, err := diskblob.New(t.TempDir())
	check(t, err)
	srv := startBackupsWith(t, backup.Config{Store: blobs, Now: now}, options...)
	srv.disk = blobs
	return srv
}

// startBackupsWith returns a server with backups of that configuration; DB and Log are filled in.
func startBackupsWith(t *testing.T, backups backup.Config, options ...option) *backupServer {
	t.Helper()
	var cfg httpapi.Config
	a := start(t, nil, append(options, func(c *httpapi.Config) { cfg = *c })...)
	backups.DB, backups.Log = a.db, cfg.Log
	cfg.Backups = backup.New(backups)
	var err error
	a.server, err = httpapi.New(cfg)
	check(t, err)
	ts := httptest.NewServer(a.server)
	t.Cleanup(ts.Close)
	a.url = ts.URL
	return &backupServer{api: a, backups: cfg.Backups}
}

// account creates an account with that tier and returns its Authorization header.
func (srv *backupServer) account(email string, at tier.Tier) header {
	srv.t.Helper()
	me := srv.register(email)
	check(srv.t, srv.accounts.SetTier(srv.t.Context(), email, at, 1))
	return me
}

// uploadHeaders returns the headers of an upload of blob.
func uploadHeaders(blob []byte) header {
	sum := sha256.Sum256(blob)
	return header{
		"X-Backup-Version":   "3",
		"X-Backup-Timestamp": "1767225600000",
		"X-Backup-Checksum":  hex.EncodeToString(sum[:]),
		"Content-Type":       "application/octet-stream",
	}
}

// mergeHeaders returns all headers; later ones take precedence.
func mergeHeaders(headers ...header) header {
	merged := header{}
	for _, h := range headers {
		maps.Copy(merged, h)
	}
	return merged
}

func (srv *backupServer) put(me header, blob []byte, more header) answer {
	srv.t.Helper()
	return srv.send("PUT", "/api/v1/backup", bytes.NewReader(blob), mergeHeaders(uploadHeaders(blob), me, more))
}

func (srv *backupServer) stored(me header, blob []byte) (id string) {
	srv.t.Helper()
	got := srv.put(me, blob, nil)
	if got.status != http.StatusOK {
		srv.t.Fatalf("PUT: %d %s", got.status, got.body)
	}
	return got.json(srv.t)["id"].(string)
}

func (srv *backupServer) get(path string, headers header) answer {
	srv.t.Helper()
	return srv.send("GET", "/api/v1/backup"+path, http.NoBody, headers)
}

// wantNothingStored fails the test unless the account has no backups and its quota is unused.
func (srv *backupServer) wantNothingStored(me header) {
	srv.t.Helper()
	if got := srv.get("/history", me); string(bytes.TrimSpace(got.body)) != "[]" {
		srv.t.Errorf("history: %s", got.body)
	}
	id := srv.do("GET", "/api/v1/auth/me", "", me).json(srv.t)["id"].(string)
	if usage, err := srv.backups.Usage(srv.t.Context(), uuid.MustParse(id)); err != nil || usage != (backup.Usage{}) {
		srv.t.Errorf("usage: %+v, %v", usage, err)
	}
}

func TestBackupRoundTrip(t *testing.T) {
	t.Attr("case", "C88")
	t.Parallel()
	srv := startBackups(t, nil)
	me := srv.account("round@example.com", tier.Pro)
	blob := storetest.Blob(1 << 20)
	if got := srv.get("", me); got.status != http.StatusNotFound {
		t.Errorf("GET before the first upload: %d, want 404", got.status)
	}
	id := srv.stored(me, blob)
	sum := uploadHeaders(blob)["X-Backup-Checksum"]
	for _, path := range []string{"", "/" + id} {
		got := srv.get(path, me)
		if got.status != http.StatusOK || !bytes.Equal(got.body, blob) {
			t.Errorf("GET %q: %d, %d bytes", path, got.status, len(got.body))
		}
		head := srv.send("HEAD", "/api/v1/backup"+path, http.NoBody, me)
		for _, h := range []http.Header{got.header, head.header} {
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
	history := string(srv.get("/history", me).body)
	if !strings.Contains(history, want) || !strings.Contains(history, `"size_bytes":1048576`) {
		t.Errorf("history: %s", history)
	}
}

func TestEmptyBackupCanBeStored(t *testing.T) {
	t.Parallel()
	srv := startBackups(t, nil)
	me := srv.account("empty@example.com", tier.Pro)
	id := srv.stored(me, nil)
	got := srv.get("/"+id, me)
	if got.status != http.StatusOK || len(got.body) != 0 || got.header.Get("Content-Length") != "0" {
		t.Errorf("%d %q", got.status, got.body)
	}
	if got := srv.get("/"+id, with(me, "Range", "bytes=0-")); got.status != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("range of an empty backup: %d, want 416", got.status)
	}
}

// sendRaw sends the text of a request and returns the connection.
func (srv *backupServer) sendRaw(request string) (net.Conn, *bufio.Reader) {
	srv.t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(srv.t.Context(), "tcp", strings.TrimPrefix(srv.url, "http://"))
	check(srv.t, err)
	srv.t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, request)
	check(srv.t, err)
	return conn, bufio.NewReader(conn)
}

func rawPut(headers header, rest string) string {
	var b strings.Builder
	b.WriteString("PUT /api/v1/backup HTTP/1.1\r\nHost: x\r\n")
	for k, val := range headers {
		b.WriteString(k + ": " + val + "\r\n")
	}
	b.WriteString(rest)
	return b.String()
}

// The client sends Expect: 100-continue: a refused upload gets its final response without status 100.
func TestUploadsAreRefusedBeforeTheBodyIsSent(t *testing.T) {
	t.Attr("case", "C89")
	t.Parallel()
	srv := startBackups(t, nil)
	blob := storetest.Blob(1000)
	ask := "Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n"
	for name, c := range map[string]struct {
		headers header
		want    string
	}{
		"free tier":   {srv.register("free@example.com"), "403"},
		"no token":    {nil, "401"},
		"no checksum": {mergeHeaders(srv.account("c@example.com", tier.Pro), header{"X-Backup-Checksum": "zz"}), "422"},
		"accepted":    {srv.account("own@example.com", tier.Pro), "100"},
	} {
		conn, reader := srv.sendRaw(rawPut(mergeHeaders(uploadHeaders(blob), c.headers), ask))
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
	free := srv.put(srv.register("free2@example.com"), blob, nil)
	if free.code() != "tier_required" || fmt.Sprint(free.json(t)["required"]) != "[pro power team]" {
		t.Errorf("%s", free.body)
	}
}

func TestInvalidUploadsLeaveNothing(t *testing.T) {
	t.Attr("case", "C91")
	t.Attr("case", "C105")
	t.Parallel()
	srv := startBackups(t, nil)
	me := srv.account("refused@example.com", tier.Pro)
	blob := storetest.Blob(5000)
	whole := func() io.Reader { return bytes.NewReader(blob) }
	chunked := func() io.Reader { return struct{ io.Reader }{whole()} } // net/http does not know its length
	ahead := strconv.FormatInt(time.Now().Add(25*time.Hour).UnixMilli(), 10)
	const invalid = "validation_failed"
	for name, c := range map[string]struct {
		body          io.Reader
		header, value string // changed or added, if not empty
		status        int
		code          string
	}{
		"wrong checksum":           {bytes.NewReader(blob[1:]), "", "", 422, "checksum_mismatch"},
		"no length":                {chunked(), "", "", 411, "length_required"},
		"sizes disagree":           {whole(), "X-Backup-Size", "4999", 422, invalid},
		"longer than declared":     {chunked(), "X-Backup-Size", "4999", 422, invalid},
		"shorter than declared":    {chunked(), "X-Backup-Size", "5001", 422, invalid},
		"checksum not hexadecimal": {whole(), "X-Backup-Checksum", strings.Repeat("g", 64), 422, invalid},
		"checksum too short":       {whole(), "X-Backup-Checksum", strings.Repeat("a", 63), 422, invalid},
		"version zero":             {whole(), "X-Backup-Version", "0", 422, invalid},
		"version not a number":     {whole(), "X-Backup-Version", "one", 422, invalid},
		"timestamp in the future":  {whole(), "X-Backup-Timestamp", ahead, 422, "timestamp_in_future"},
		"timestamp negative":       {whole(), "X-Backup-Timestamp", "-1", 422, invalid},
		"key not UTF-8":            {whole(), "Idempotency-Key", "\xff", 422, invalid},
		"JSON":                     {whole(), "Content-Type", "application/json", 415, "unsupported_media_type"},
		"too large":                {chunked(), "X-Backup-Size", "80000000001", 413, "body_too_large"},
		"over quota":               {chunked(), "X-Backup-Size", "5000000001", 413, "quota_exceeded"},
	} {
		headers := mergeHeaders(uploadHeaders(blob), me)
		if c.header != "" {
			headers[c.header] = c.value
		}
		got := srv.send("PUT", "/api/v1/backup", c.body, headers)
		if got.status != c.status || got.code() != c.code {
			t.Errorf("%s: %d %s, want %d %s", name, got.status, got.body, c.status, c.code)
		}
		srv.wantNothingStored(me)
	}
	headers := mergeHeaders(uploadHeaders(blob), me, header{"X-Backup-Size": "5000"})
	got := srv.send("PUT", "/api/v1/backup", chunked(), headers)
	if got.status != http.StatusOK {
		t.Errorf("chunked body with X-Backup-Size: %d %s", got.status, got.body)
	}
}

// The connection ends after half of the body.
func TestUploadCutInTheMiddleLeavesNothing(t *testing.T) {
	t.Attr("case", "C91")
	t.Parallel()
	srv := startBackups(t, nil)
	me := srv.account("cut@example.com", tier.Pro)
	blob := storetest.Blob(10_000)
	conn, reader := srv.sendRaw(rawPut(mergeHeaders(uploadHeaders(blob), me),
		"Content-Length: 10000\r\nIdempotency-Key: k\r\n\r\n"+string(blob[:5000])))
	check(t, conn.(*net.TCPConn).CloseWrite())
	if line, err := reader.ReadString('\n'); err == nil && strings.HasPrefix(line, "HTTP/1.1 2") {
		t.Errorf("half a body: response %q", line)
	}
	_, err := io.Copy(io.Discard, reader)
	check(t, err)
	srv.wantNothingStored(me)
	if got := srv.put(me, blob, header{"Idempotency-Key": "k"}); got.status != http.StatusOK {
		t.Errorf("the retry: %d %s", got.status, got.body)
	}
}

// A client stops sending: the response is 408, nothing is kept and the connection is closed.
func TestSlowUploadTimesOut(t *testing.T) {
	t.Attr("case", "C107")
	t.Parallel()
	srv := startBackups(t, nil, func(c *httpapi.Config) { c.UploadRateWindow = 100 * time.Millisecond })
	me := srv.account("slow@example.com", tier.Pro)
	blob := storetest.Blob(100_000)
	for name, sent := range map[string]int{"nothing": 0, "a little": 100, "more than the first window": 50_000} {
		_, reader := srv.sendRaw(rawPut(mergeHeaders(uploadHeaders(blob), me),
			"Content-Length: 100000\r\n\r\n"+string(blob[:sent])))
		resp, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		body, err := io.ReadAll(resp.Body)
		check(t, errors.Join(err, resp.Body.Close()))
		got := answer{resp.StatusCode, resp.Header, body}
		if got.status != http.StatusRequestTimeout || got.code() != "upload_too_slow" || !resp.Close {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		srv.wantNothingStored(me)
	}
}

func TestUploadWithTheSameKeyIsReplayed(t *testing.T) {
	t.Attr("case", "C108")
	t.Parallel()
	srv := startBackups(t, nil)
	me := srv.account("again@example.com", tier.Pro)
	blob, key := storetest.Blob(3<<20), header{"Idempotency-Key": "k"}
	first := srv.put(me, blob, key)
	again := srv.put(me, blob, key)
	if first.status != http.StatusOK || again.status != http.StatusOK || !bytes.Equal(first.body, again.body) {
		t.Errorf("%d %s, then %d %s", first.status, first.body, again.status, again.body)
	}
	if got := srv.put(me, blob[1:], key); got.status != http.StatusConflict || got.code() != "idempotency_conflict" {
		t.Errorf("other bytes with the same key: %d %s", got.status, got.body)
	}
	if got := srv.get("/history", me); strings.Count(string(got.body), `"id"`) != 1 {
		t.Errorf("history: %s", got.body)
	}
}

func TestForeignBackupsAreNotFound(t *testing.T) {
	t.Attr("case", "C94")
	t.Parallel()
	srv := startBackups(t, nil)
	owner, other := srv.account("owner@example.com", tier.Pro), srv.account("other@example.com", tier.Pro)
	id := srv.stored(owner, storetest.Blob(1000))
	const unknown = "0199a3f2-7c1e-7b41-9d55-5f0f2c6b8a11"
	const detail = "There is no such thing here, or it is not yours."
	for _, path := range []string{id, unknown, "..%2fx", "'%20OR%201=1--", strings.ToUpper(id)} {
		for _, method := range []string{"GET", "HEAD", "DELETE"} {
			got := srv.send(method, "/api/v1/backup/"+path, http.NoBody, other)
			if got.status != http.StatusNotFound || method != "HEAD" && got.json(t)["detail"] != detail {
				t.Errorf("%s %s: %d %s", method, path, got.status, got.body)
			}
		}
	}
	if got := srv.get("/"+id, owner); got.status != http.StatusOK {
		t.Errorf("GET by the owner: %d, want 200", got.status)
	}
}

func TestDeleteBackupIsRepeatable(t *testing.T) {
	t.Parallel()
	srv := startBackups(t, nil)
	me := srv.account("delete@example.com", tier.Pro)
	id := srv.stored(me, storetest.Blob(1000))
	for range 3 {
		got := srv.send("DELETE", "/api/v1/backup/"+id, http.NoBody, me)
		if got.status != http.StatusOK || strings.TrimSpace(string(got.body)) != `{"ok":true}` {
			t.Errorf("%d %s", got.status, got.body)
		}
		_, err := srv.backups.Sweep(t.Context())
		check(t, err)
	}
	srv.wantNothingStored(me)
}

func TestDowngradedUserReadsAndDeletesButCannotUpload(t *testing.T) {
	t.Attr("case", "C106")
	t.Parallel()
	srv := startBackups(t, nil)
	me := srv.account("down@example.com", tier.Pro)
	blob := storetest.Blob(1000)
	id := srv.stored(me, blob)
	check(t, srv.accounts.SetTier(t.Context(), "down@example.com", tier.Free, 1))
	if got := srv.get("", me); got.status != http.StatusOK || !bytes.Equal(got.body, blob) {
		t.Errorf("GET: %d", got.status)
	}
	if got := srv.put(me, blob, nil); got.status != http.StatusForbidden || got.code() != "tier_required" {
		t.Errorf("PUT: %d %s", got.status, got.body)
	}
	if got := srv.send("DELETE", "/api/v1/backup/"+id, http.NoBody, me); got.status != http.StatusOK {
		t.Errorf("DELETE: %d", got.status)
	}
	srv.wantNothingStored(me)
}
