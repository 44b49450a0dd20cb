package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/dev/diskblob"
	"github.com/adiuva/cloud-api/internal/testing/s3test"
	"github.com/adiuva/cloud-api/internal/testing/storetest"
)

// largeBlob is a blob of any size that needs no memory: it repeats one megabyte.
type largeBlob struct {
	size     int64
	checksum string
	unit     []byte
}

func newLargeBlob(size int64) *largeBlob {
	l := &largeBlob{size: size, unit: storetest.Blob(1 << 20)}
	h := sha256.New()
	_, _ = io.Copy(h, l.reader()) // a hash never fails
	l.checksum = hex.EncodeToString(h.Sum(nil))
	return l
}

func (l *largeBlob) reader() io.Reader { return io.LimitReader(&repeatingReader{unit: l.unit}, l.size) }

// repeatingReader reads its unit again and again, without end.
type repeatingReader struct {
	unit []byte
	at   int
}

func (r *repeatingReader) Read(p []byte) (int, error) {
	n := copy(p, r.unit[r.at:])
	r.at = (r.at + n) % len(r.unit)
	return n, nil
}

// request sends a request and returns how long it took until the response was read, into the hash unless that is nil.
func request(
	t testing.TB, method, url string, body io.Reader, size int64, header map[string]string, into hash.Hash,
) time.Duration {
	t.Helper()
	start := time.Now()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = size
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	var sink io.Writer = io.Discard
	var failure bytes.Buffer
	switch {
	case resp.StatusCode != http.StatusOK:
		sink = &failure
	case into != nil:
		sink = into
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{sink}, resp.Body, make([]byte, 256<<10))
	if err = errors.Join(err, resp.Body.Close()); err != nil || resp.StatusCode != http.StatusOK ||
		method == http.MethodGet && n < 1 {
		t.Fatalf("%s: %d %s, %d bytes, %v", method, resp.StatusCode, &failure, n, err)
	}
	return time.Since(start)
}

// putLarge uploads the blob to the service.
func (s *harness) putLarge(l *largeBlob) time.Duration {
	s.t.Helper()
	return request(s.t, http.MethodPut, s.live.base+"/api/v1/backup", l.reader(), l.size, map[string]string{
		"Authorization": s.me, "Content-Type": "application/octet-stream", "X-Backup-Version": "1",
		"X-Backup-Checksum":  l.checksum,
		"X-Backup-Timestamp": strconv.FormatInt(time.Now().UnixMilli(), 10)}, nil)
}

// getLarge downloads the latest backup from the service.
func (s *harness) getLarge(into hash.Hash) time.Duration {
	s.t.Helper()
	return request(s.t, http.MethodGet, s.live.base+"/api/v1/backup", nil, 0,
		map[string]string{"Authorization": s.me}, into)
}

// deleteBackups deletes every backup and waits until the store is empty.
func (s *harness) deleteBackups() {
	s.t.Helper()
	for n := queryOne[int](s, countCommitted); n > 0; n-- {
		id := queryOne[string](s, "SELECT id::text FROM backup_metadata WHERE state = 'committed' LIMIT 1")
		request(s.t, http.MethodDelete, s.live.base+"/api/v1/backup/"+id, nil, 0,
			map[string]string{"Authorization": s.me}, nil)
	}
	eventually(s.t, "the removal of all objects", func() bool { return len(s.objects()) == 0 })
}

// pinToCore pins this process, its threads and the processes that they start from now on to one core.
func pinToCore(t testing.TB, core int) {
	t.Helper()
	var only unix.CPUSet
	only.Set(core)
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Skip("processes are pinned to cores on Linux alone")
	}
	for _, task := range tasks {
		id, err := strconv.Atoi(task.Name())
		if err == nil {
			err = unix.SchedSetaffinity(id, &only)
		}
		if err != nil && !errors.Is(err, unix.ESRCH) { // the thread has exited
			t.Fatal(err)
		}
	}
}

// BenchmarkBackup uploads and downloads a gigabyte through serve and directly at the store behind it, in turns, and
// reports the service's rate as a share of the store's. The service has a core of its own; client and store share the
// other.
func BenchmarkBackup(b *testing.B) {
	const size = 1 << 30
	l := newLargeBlob(size)
	b.Run("disk", func(b *testing.B) {
		dir := dataDir(b)
		store, err := diskblob.New(filepath.Join(dir, "blobs"))
		if err != nil {
			b.Fatal(err)
		}
		bare := httptest.NewServer(bareHandler(store))
		defer bare.Close()
		pinToCore(b, 0)
		s := newHarness(b, store, map[string]string{"ADIUVA_DATA_DIR": dir})
		pinToCore(b, 1)
		key := storetest.Key()
		compareWithStore(b, s, l, bare.URL+"/"+key, bare.URL+"/"+key,
			func() error { return store.Delete(b.Context(), key) })
	})
	b.Run("S3", func(b *testing.B) {
		pinToCore(b, 1)
		server := s3test.Start(b)
		bucket, store, vars := bucketVariables(b, server)
		pinToCore(b, 0)
		s := newHarness(b, store, vars)
		pinToCore(b, 1)
		key := storetest.Key()
		put, get := presigned(b, server, bucket, key)
		compareWithStore(b, s, l, put, get, func() error { return store.Delete(b.Context(), key) })
	})
}

// bareHandler is the smallest handler by which the same client reaches a store on disk.
func bareHandler(store backup.Store) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := strings.TrimPrefix(r.URL.Path, "/")
		if r.Method == http.MethodPut {
			if err := store.Put(r.Context(), key, r.Body, r.ContentLength); err != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
			return
		}
		size, err := store.Stat(r.Context(), key)
		if err == nil {
			var body io.ReadCloser
			if body, err = store.Get(r.Context(), key, 0, size); err == nil {
				defer body.Close()
				w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
				_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{body}, make([]byte, 256<<10))
			}
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
	})
}

func presigned(b *testing.B, server *s3test.Server, bucket, key string) (put, get string) {
	b.Helper()
	sign := s3.NewPresignClient(s3.New(server.Client().Options(), func(o *s3.Options) {
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	}), s3.WithPresignExpires(time.Hour))
	p, err := sign.PresignPutObject(b.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)})
	if err != nil {
		b.Fatal(err)
	}
	g, err := sign.PresignGetObject(b.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)})
	if err != nil {
		b.Fatal(err)
	}
	return p.URL, g.URL
}

// compareWithStore measures service and store in turns and reports medians.
func compareWithStore(b *testing.B, s *harness, l *largeBlob, put, get string, remove func() error) {
	b.Helper()
	const rounds = 3
	var puts, gets, directPuts, directGets []time.Duration
	direct := func() {
		directPuts = append(directPuts, request(b, http.MethodPut, put, l.reader(), l.size, nil, nil))
		directGets = append(directGets, request(b, http.MethodGet, get, nil, 0, nil, nil))
		if err := remove(); err != nil {
			b.Fatal(err)
		}
	}
	ours := func() {
		puts = append(puts, s.putLarge(l))
		gets = append(gets, s.getLarge(nil))
		s.deleteBackups()
	}
	ours() // warm up
	puts, gets = nil, nil
	for b.Loop() {
		for range rounds {
			direct()
			ours()
		}
	}
	report := func(what string, ours, direct []time.Duration) {
		a, d := median(ours), median(direct)
		b.ReportMetric(float64(l.size)/a.Seconds()/1e6, what+"-MB/s")
		b.ReportMetric(float64(l.size)/d.Seconds()/1e6, what+"-direct-MB/s")
		b.ReportMetric(d.Seconds()/a.Seconds(), what+"-ratio")
	}
	report("put", puts, directPuts)
	report("get", gets, directGets)
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// BenchmarkHistory reads the history of 10,000 backups, page by page, from the service and with the query alone, in
// turns.
func BenchmarkHistory(b *testing.B) {
	const rows, page = 10_000, 200
	dir := dataDir(b)
	store, err := diskblob.New(filepath.Join(dir, "blobs"))
	if err != nil {
		b.Fatal(err)
	}
	s := newHarness(b, store, map[string]string{"ADIUVA_DATA_DIR": dir})
	direct := maps.Clone(s.vars)
	direct["DATABASE_URL"] = s.db.Pool.Config().ConnString()
	s.live = startReplica(b, direct)
	if _, err := s.db.Pool.Exec(b.Context(),
		`INSERT INTO backup_metadata (id, user_id, s3_key, version, timestamp, checksum, size_bytes,
		state, owner, lease_until, sequence, created_at, committed_at)
		SELECT gen_random_uuid(), u.id, gen_random_uuid()::text, 1, 1767225600000, repeat('a', 64), 1000,
		'committed', gen_random_uuid(), now(), nextval('backup_sequence'), now(), now()
		FROM users u, generate_series(1, $1)`, rows); err != nil {
		b.Fatal(err)
	}
	user, queries := queryOne[uuid.UUID](s, "SELECT id FROM users"), db.New()
	var bare, ours time.Duration
	for b.Loop() {
		start, below := time.Now(), int64(math.MaxInt64)
		for range rows / page {
			list, err := queries.BackupsBefore(b.Context(), s.db.Pool,
				db.BackupsBeforeParams{UserID: user, Before: below, Most: page})
			if err != nil || len(list) != page {
				b.Fatal(len(list), err)
			}
			if below, err = queries.BackupSequence(b.Context(), s.db.Pool, list[page-1].ID, user); err != nil {
				b.Fatal(err)
			}
		}
		bare += time.Since(start)
		start = time.Now()
		last := ""
		for range rows / page {
			last = s.historyPage(page, last)
		}
		ours += time.Since(start)
	}
	b.ReportMetric(float64(ours)/float64(bare), "ratio")
	b.ReportMetric(float64(ours.Microseconds())/float64(b.N*rows/page), "µs/page")
	b.ReportMetric(float64(bare.Microseconds())/float64(b.N*rows/page), "µs/bare-page")
}

// historyPage reads the page of the history that follows the backup of that id, and returns the last id of the page.
func (s *harness) historyPage(limit int, after string) (last string) {
	s.t.Helper()
	url := s.live.base + "/api/v1/backup/history?limit=" + strconv.Itoa(limit)
	if after != "" {
		url += "&before=" + after
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, url, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", s.me)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil || resp.StatusCode != http.StatusOK {
		s.t.Fatal(resp.StatusCode, err)
	}
	at := bytes.LastIndex(body, []byte(`"id":"`)) + len(`"id":"`)
	return string(body[at : at+len(uuid.Nil.String())])
}
