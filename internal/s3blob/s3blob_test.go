package s3blob_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/s3blob"
	"github.com/adiuva/cloud-api/internal/testing/s3test"
	"github.com/adiuva/cloud-api/internal/testing/storetest"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open returns a store on a new bucket of the server.
func open(t *testing.T, server *s3test.Server) (*s3blob.Store, string) {
	t.Helper()
	bucket := server.Bucket()
	return at(t, server, server.URL, bucket), bucket
}

func at(t *testing.T, server *s3test.Server, endpoint, bucket string) *s3blob.Store {
	t.Helper()
	s, err := s3blob.New(t.Context(), s3blob.Config{
		Bucket: bucket, Region: "us-east-1", Endpoint: endpoint, AccessKey: s3test.AccessKey, SecretKey: s3test.SecretKey,
		RootCAs: server.RootCAs, Stall: 3 * time.Second, BackOff: 10 * time.Millisecond,
	})
	check(t, err)
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	s, _ := open(t, s3test.Start(t))
	storetest.Run(t, func(*testing.T) backup.Store { return s })
}

func TestStoreOverTLS(t *testing.T) {
	t.Parallel()
	s, _ := open(t, s3test.StartTLS(t))
	storetest.Run(t, func(*testing.T) backup.Store { return s })
}

// TestUnfinishedUploads leaves the parts that a killed process leaves and finds them listed and removable.
func TestUnfinishedUploads(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	s, bucket := open(t, server)
	key := storetest.Key()
	begun, err := server.Client().CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: aws.String(key)})
	check(t, err)
	_, err = server.Client().UploadPart(t.Context(), &s3.UploadPartInput{
		Bucket: aws.String(bucket), Key: aws.String(key), UploadId: begun.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("a part"),
	})
	check(t, err)
	var found []backup.Object
	look := func() {
		found = nil
		check(t, s.List(t.Context(), func(o backup.Object) error { found = append(found, o); return nil }))
	}
	look()
	if len(found) != 1 || found[0].Key != key || !found[0].Unfinished || found[0].Size != int64(len("a part")) || found[0].ModifiedAt.IsZero() {
		t.Fatalf("listed: %+v", found)
	}
	check(t, s.Delete(t.Context(), key))
	if look(); len(found) > 0 {
		t.Errorf("left: %+v", found)
	}
}

func TestLink(t *testing.T) {
	t.Parallel()
	s, _ := open(t, s3test.Start(t))
	key, blob := storetest.Key(), storetest.Blob(10_000)
	check(t, s.Put(t.Context(), key, bytes.NewReader(blob), int64(len(blob))))
	link, err := s.Presign(t.Context(), key, time.Minute)
	check(t, err)
	for _, c := range []struct {
		name, url, rang string
		status          int
		want            []byte
	}{
		{"whole", link, "", http.StatusOK, blob},
		{"a range", link, "bytes=100-199", http.StatusPartialContent, blob[100:200]},
		{"another key", strings.Replace(link, key, storetest.Key(), 1), "", http.StatusForbidden, nil},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url, nil)
		check(t, err)
		if c.rang != "" {
			req.Header.Set("Range", c.rang)
		}
		resp, err := http.DefaultClient.Do(req)
		check(t, err)
		got, err := io.ReadAll(resp.Body)
		check(t, err)
		check(t, resp.Body.Close())
		if resp.StatusCode != c.status || c.want != nil && !bytes.Equal(got, c.want) {
			t.Errorf("%s: %d, %d bytes", c.name, resp.StatusCode, len(got))
		}
	}
}

// TestErrorsNameNothing asks servers that refuse, hang and lie, with marked names.
func TestErrorsNameNothing(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"refuses": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `<Error><Code>AccessDenied</Code><Message>MARK of theirs</Message></Error>`)
		},
		"cuts": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"babbles": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "MARK <html>")
		},
		"hangs": func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ts := httptest.NewServer(handler)
			t.Cleanup(ts.Close)
			s, err := s3blob.New(t.Context(), s3blob.Config{
				Bucket: "mark-bucket", Region: "us-east-1", Endpoint: ts.URL, AccessKey: "MARKaccess", SecretKey: "MARKsecret", Stall: 100 * time.Millisecond, BackOff: time.Millisecond,
			})
			check(t, err)
			key := storetest.Key()
			for what, do := range map[string]func() error{
				"Put":    func() error { return s.Put(t.Context(), key, strings.NewReader("x"), 1) },
				"Get":    func() error { _, err := s.Get(t.Context(), key, 0, 1); return err },
				"Stat":   func() error { _, err := s.Stat(t.Context(), key); return err },
				"Delete": func() error { return s.Delete(t.Context(), key) },
				"Check":  func() error { return s.Check(t.Context()) },
				"List":   func() error { return s.List(t.Context(), func(backup.Object) error { return nil }) },
			} {
				t.Run(what, func(t *testing.T) {
					t.Parallel()
					err := do()
					if err == nil {
						t.Fatal("no error")
					}
					for _, secret := range []string{"MARK", "mark-bucket", key, "127.0.0.1"} {
						if strings.Contains(err.Error(), secret) {
							t.Errorf("it names %s: %v", secret, err)
						}
					}
				})
			}
		})
	}
}

// TestAPartIsSentAgain lets every part fail once on its way.
func TestAPartIsSentAgain(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	bucket := server.Bucket()
	front := s3test.NewFront(t, server)
	s := at(t, server, front.URL, bucket)
	front.Fail(func(r *http.Request, earlier int) bool { return r.URL.Query().Has("partNumber") && earlier == 0 })
	key, blob := storetest.Key(), storetest.Blob(20<<20)
	check(t, s.Put(t.Context(), key, iotest.OneByteReader(bytes.NewReader(nil)), 0)) // not a part
	check(t, s.Put(t.Context(), key, bytes.NewReader(blob), int64(len(blob))))
	body, err := s.Get(t.Context(), key, 0, int64(len(blob)))
	check(t, err)
	got, err := io.ReadAll(body)
	check(t, err)
	check(t, body.Close())
	if !bytes.Equal(got, blob) {
		t.Error("the blob came back different")
	}
	if front.Failed() != 4 {
		t.Errorf("%d parts failed, want each of four once", front.Failed())
	}
}
