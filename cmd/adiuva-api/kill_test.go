package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/dev/diskblob"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/testing/s3test"
	"github.com/adiuva/cloud-api/internal/testing/soak"
	"github.com/adiuva/cloud-api/internal/testing/storetest"
)

// harness runs serve with a database behind a proxy that can hold messages back, and with a store that the test can
// read.
type harness struct {
	t     testing.TB
	db    *postgres.DB
	proxy *pgtest.Proxy
	store backup.Store
	vars  map[string]string

	live *replica
	me   string // Authorization of a user of the power tier
}

// newHarness starts serve with these variables, which configure the store.
func newHarness(t testing.TB, store backup.Store, vars map[string]string) *harness {
	t.Helper()
	db := pgtest.New(t)
	dsn := db.Pool.Config().ConnString()
	s := &harness{t: t, db: db, proxy: pgtest.NewProxy(t, dsn), store: store, vars: maps.Clone(vars)}
	s.vars["DATABASE_URL"] = s.proxy.DSN + "&default_query_exec_mode=exec" // every message has its statement
	s.vars["JWT_SECRET"], s.vars["PASSWORD_PEPPER"] = strings.Repeat("s", 32), strings.Repeat("p", 32)
	s.vars["SECRETS_KEY"], s.vars["BCRYPT_COST"] = strings.Repeat("k", 32), "4"
	if s.vars["ADIUVA_DATA_DIR"] == "" {
		s.vars["ADIUVA_DATA_DIR"] = dataDir(t) // otherwise the development secrets would be written to this folder
	}
	env, _, errs := testEnvironment(s.vars)
	s.live = startReplica(t, s.vars)
	if execute(t.Context(), env, []string{"user", "create", "up@example.com", "--password", "correct horse battery",
		"--tier", "power"}) != exitOK {
		t.Fatal(errs)
	}
	in, err := newBalancer(t, s.live).do("POST", "/api/v1/auth/login",
		`{"email":"up@example.com","password":"correct horse battery"}`, nil, http.StatusOK)
	if err != nil {
		t.Fatal(err)
	}
	s.me = "Bearer " + in["access_token"].(string)
	return s
}

// put uploads body, with an idempotency key unless it is "", and returns the id of the backup.
func (s *harness) put(blob []byte, key string, body io.Reader) (id string, err error) {
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPut, s.live.base+"/api/v1/backup", body)
	if err != nil {
		return "", err
	}
	req.ContentLength = int64(len(blob))
	for k, v := range backupHeaders(string(blob), s.me) {
		req.Header.Set(k, v)
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var stored struct{ ID string }
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return "", errors.Join(err, fmt.Errorf("%d %s", resp.StatusCode, answer))
	}
	return stored.ID, json.Unmarshal(answer, &stored)
}

// queryOne returns the result of a query with one row and one column.
func queryOne[T any](s *harness, sql string, args ...any) (v T) {
	s.t.Helper()
	if err := s.db.Pool.QueryRow(s.t.Context(), sql, args...).Scan(&v); err != nil {
		s.t.Fatal(err)
	}
	return v
}

// objects returns the objects of the store, unfinished ones included.
func (s *harness) objects() (all []backup.Object) {
	s.t.Helper()
	err := s.store.List(s.t.Context(), func(o backup.Object) error {
		all = append(all, o)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// killPoint is a point of an upload at which serve is killed. arrange returns the body to send, a function that waits
// for the point, and one that cuts the connection that stays open.
type killPoint struct {
	name      string
	committed bool
	arrange   func(s *harness, blob []byte) (body io.Reader, reached func(), cut func())
}

const countUploading = "SELECT count(*) FROM backup_metadata WHERE state = 'uploading'"

func killPoints() []killPoint {
	stalled := func(blob []byte) (io.Reader, func()) {
		r, w := io.Pipe()
		go func() { _, _ = w.Write(blob) }() // the pipe stays open
		return r, func() { _ = r.Close() }
	}
	type arrange = func(*harness, []byte) (body io.Reader, reached, proceed func())
	breaking := func(breakOn func(*pgtest.Proxy, string) *pgtest.Breakpoint) arrange {
		return func(s *harness, blob []byte) (io.Reader, func(), func()) {
			b := breakOn(s.proxy, "name: CommitBackup")
			return bytes.NewReader(blob), func() { <-b.Reached }, b.Drop
		}
	}
	return []killPoint{
		{"after the reservation", false, func(s *harness, _ []byte) (io.Reader, func(), func()) {
			body, cut := stalled([]byte("x"))
			return body, func() {
				eventually(s.t, "the reservation", func() bool { return queryOne[int](s, countUploading) == 1 })
			}, cut
		}},
		{"during the body", false, func(s *harness, blob []byte) (io.Reader, func(), func()) {
			body, cut := stalled(blob[:len(blob)*2/3])
			return body, func() {
				eventually(s.t, "a part in the store", func() bool {
					for _, o := range s.objects() {
						if o.Unfinished && o.Size >= 8_000_000 {
							return true
						}
					}
					return false
				})
			}, cut
		}},
		{"after the object, before the commit", false, breaking((*pgtest.Proxy).BreakOn)},
		{"after the commit, before the response", true, breaking((*pgtest.Proxy).BreakOnReply)},
	}
}

// TestKillDuringUploadLosesNothing kills serve at each point of an upload, on S3 and on disk. After a restart and a
// sweep nothing is left of an upload that was not committed, a committed one is there, and a retry with the same key
// results in exactly one backup.
func TestKillDuringUploadLosesNothing(t *testing.T) {
	t.Attr("case", "C98")
	t.Parallel()
	_, inS3, s3Vars := bucketVariables(t, s3test.Start(t))
	dir := dataDir(t)
	onDisk, err := diskblob.New(filepath.Join(dir, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := onDisk.Close(); err != nil {
			t.Error(err)
		}
	})
	rounds := 1
	if soak.Enabled {
		rounds = 10
	}
	for name, c := range map[string]struct {
		store backup.Store
		vars  map[string]string
	}{
		"S3":   {inS3, s3Vars},
		"disk": {onDisk, map[string]string{"ADIUVA_DATA_DIR": dir}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newHarness(t, c.store, c.vars)
			for range rounds {
				for _, p := range killPoints() {
					s.killAt(p)
				}
			}
		})
	}
}

// killAt kills serve at the point, starts it again and checks the backups.
func (s *harness) killAt(p killPoint) {
	s.t.Helper()
	kept, before := queryOne[int](s, countCommitted), len(s.objects())
	blob, key := storetest.Blob(20_000_000), uuid.NewString()
	body, reached, cut := p.arrange(s, blob)
	result := make(chan error, 1)
	go func() {
		_, err := s.put(blob, key, body)
		result <- err
	}()
	reached()
	if err := s.live.cmd.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	<-s.live.exited
	cut()
	if err := <-result; err == nil {
		s.t.Fatalf("%s: the killed server responded", p.name)
	}
	if _, err := s.db.Pool.Exec(s.t.Context(),
		"UPDATE backup_metadata SET lease_until = now() - interval '1 second' WHERE state = 'uploading'"); err != nil {
		s.t.Fatal(err) // as if the minute of its lease had passed
	}
	s.live = startReplica(s.t, s.vars)
	eventually(s.t, "the sweep", func() bool {
		return queryOne[int](s, "SELECT count(*) FROM backup_metadata WHERE state IN ('uploading', 'aborting',"+
			" 'deleted')") == 0
	})
	if p.committed {
		kept, before = kept+1, before+1
	}
	s.expectSettled(p.name, kept, before)
	existing := ""
	if p.committed {
		existing = queryOne[string](s, "SELECT id::text FROM backup_metadata ORDER BY sequence DESC NULLS LAST LIMIT 1")
	}
	id, err := s.put(blob, key, bytes.NewReader(blob))
	if err != nil || p.committed && id != existing {
		s.t.Fatalf("%s: the retry stored %s, and %s existed: %v", p.name, id, existing, err)
	}
	if !p.committed {
		kept, before = kept+1, before+1
	}
	s.expectSettled(p.name+", after the retry", kept, before)
	s.expectBackup(p.name, id, blob)
}

const countCommitted = "SELECT count(*) FROM backup_metadata WHERE state = 'committed'"

// expectSettled fails the test unless there are this many committed rows and objects, no unfinished objects, and the
// used quota is the sum of the rows.
func (s *harness) expectSettled(when string, rows, objects int) {
	s.t.Helper()
	found := s.objects()
	for _, o := range found {
		if o.Unfinished {
			s.t.Errorf("%s: unfinished object: %+v", when, o)
		}
	}
	if n := queryOne[int](s, countCommitted); n != rows || len(found) != objects || rows != objects {
		s.t.Errorf("%s: %d rows and %d objects, want %d and %d", when, n, len(found), rows, objects)
	}
	if !queryOne[bool](s, `SELECT coalesce((SELECT u.reserved = 0 AND u.uploads = 0 AND u.committed =
		(SELECT coalesce(sum(size_bytes), 0) FROM backup_metadata m WHERE m.user_id = u.user_id AND state = 'committed')
		FROM backup_usage u), true)`) {
		s.t.Errorf("%s: the used quota is not the sum of the committed backups", when)
	}
}

// expectBackup fails the test unless the backup of that id has exactly these bytes.
func (s *harness) expectBackup(when, id string, blob []byte) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.live.base+"/api/v1/backup/"+id, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", s.me)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !bytes.Equal(got, blob) {
		s.t.Errorf("%s: GET: %d, %d bytes, %v", when, resp.StatusCode, len(got), err)
	}
}
