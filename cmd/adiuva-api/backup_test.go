package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/adiuva/cloud-api/internal/s3blob"
	"github.com/adiuva/cloud-api/internal/testing/s3test"
	"github.com/adiuva/cloud-api/internal/testing/storetest"
)

// bucketVariables returns the variables of a serve that keeps its backups in a new bucket of the server, and that
// bucket as a store.
func bucketVariables(t testing.TB, server *s3test.Server) (bucket string, store *s3blob.Store, vars map[string]string) {
	t.Helper()
	bucket = server.Bucket()
	store, err := s3blob.New(t.Context(), s3blob.Config{
		Bucket: bucket, Region: "us-east-1", Endpoint: server.URL, AccessKey: s3test.AccessKey,
		SecretKey: s3test.SecretKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	return bucket, store, map[string]string{"S3_BUCKET": bucket, "S3_ENDPOINT": server.URL, "S3_REGION": "us-east-1",
		"AWS_ACCESS_KEY_ID": s3test.AccessKey, "AWS_SECRET_ACCESS_KEY": s3test.SecretKey}
}

// TestBackupVerifyOnS3 uploads backups to S3 and verifies them: intact at first, then with one object removed.
// Deleting the account empties the bucket.
func TestBackupVerifyOnS3(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	bucket, store, vars := bucketVariables(t, server)
	s := newHarness(t, store, vars)
	var ids []string
	for n := range 3 {
		blob := storetest.Blob(9_000_000 + n)
		id, err := s.put(blob, "", bytes.NewReader(blob))
		if err != nil {
			t.Fatal(err)
		}
		s.expectBackup("uploaded", id, blob)
		ids = append(ids, id)
	}
	verify := func(want int, words ...string) {
		t.Helper()
		env, out, errs := testEnvironment(s.vars)
		if code := execute(t.Context(), env, []string{"backup", "verify", "--read-data"}); code != want {
			t.Errorf("exit code %d, want %d: %s%s", code, want, out, errs)
		}
		for _, w := range words {
			if !strings.Contains(out.String(), w) {
				t.Errorf("%q is missing in: %s%s", w, out, errs)
			}
		}
	}
	verify(exitOK, "3 backups checked, 0.03 GB; 0 damaged")
	key := queryOne[string](s, "SELECT s3_key FROM backup_metadata WHERE id = $1", ids[1])
	if _, err := server.Client().DeleteObject(t.Context(),
		&s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)}); err != nil {
		t.Fatal(err)
	}
	verify(exitFailed, "backup "+ids[1], "its object is missing", "3 backups checked, 0.03 GB; 1 damaged")
	if _, err := newBalancer(t, s.live).do("POST", "/api/v1/auth/me/deletion", `{"password":"correct horse battery"}`,
		map[string]string{"Authorization": s.me}, http.StatusAccepted); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the deletion of the account",
		func() bool { return queryOne[int](s, "SELECT count(*) FROM users") == 0 })
	if left := s.objects(); len(left) > 0 {
		t.Errorf("the account was deleted and its backups were not: %+v", left)
	}
	verify(exitOK, "0 backups checked")
}

// TestServeProvesThatTheBucketWorks starts serve with a bucket in which nothing can be written: it ends and says what
// to do. Once the server takes objects, it starts.
func TestServeProvesThatTheBucketWorks(t *testing.T) {
	t.Attr("case", "D03")
	t.Parallel()
	server := s3test.Start(t)
	_, _, vars := bucketVariables(t, server)
	proxy := s3test.NewProxy(t, server)
	proxy.Refuse(func(r *http.Request) (int, string) {
		if r.Method == http.MethodPut {
			return http.StatusNotImplemented, "NotImplemented"
		}
		return 0, ""
	})
	vars["S3_ENDPOINT"], vars["ADIUVA_DATA_DIR"], vars["ADDR"] = proxy.URL, dataDir(t), freeAddr(t)
	env, out, errs := testEnvironment(vars)
	if code := execute(t.Context(), env, []string{"serve"}); code == exitOK {
		t.Error("serve started")
	}
	printed := out.String() + errs.String()
	for _, part := range []string{"backups in S3", "writing an object", "NotImplemented",
		"AWS_REQUEST_CHECKSUM_CALCULATION=when_required"} {
		if !strings.Contains(printed, part) {
			t.Errorf("serve printed %s, want %q in it", printed, part)
		}
	}
	proxy.Refuse(func(*http.Request) (int, string) { return 0, "" })
	vars["AWS_REQUEST_CHECKSUM_CALCULATION"] = "when_required"
	serveInBackground(t, vars) // waits until it is ready
}
