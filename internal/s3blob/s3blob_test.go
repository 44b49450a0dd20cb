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

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// openStore returns a store in a new bucket of the server.
func openStore(t *testing.T, server *s3test.Server) (*s3blob.Store, string) {
	t.Helper()
	bucket := server.Bucket()
	return storeAt(t, server, server.URL, bucket), bucket
}

func storeAt(t *testing.T, server *s3test.Server, endpoint, bucket string) *s3blob.Store {
	t.Helper()
	s, err := s3blob.New(t.Context(), s3blob.Config{
		Bucket: bucket, Region: "us-east-1", Endpoint: endpoint, RootCAs: server.RootCAs,
		AccessKey: s3test.AccessKey, SecretKey: s3test.SecretKey,
		StallTimeout: 3 * time.Second, MaxBackOff: 10 * time.Millisecond,
	})
	must(t, err)
	return s
}

func TestStoreContract(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t, s3test.Start(t))
	storetest.Run(t, func(*testing.T) backup.Store { return s })
}

func TestStoreContractOverTLS(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t, s3test.StartTLS(t))
	storetest.Run(t, func(*testing.T) backup.Store { return s })
}

// The bucket has the parts that a killed process leaves behind.
func TestUnfinishedUploadsAreListedAndCanBeDeleted(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	s, bucket := openStore(t, server)
	key := storetest.Key()
	started, err := server.Client().CreateMultipartUpload(t.Context(),
		&s3.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: aws.String(key)})
	must(t, err)
	_, err = server.Client().UploadPart(t.Context(), &s3.UploadPartInput{
		Bucket: aws.String(bucket), Key: aws.String(key), UploadId: started.UploadId, PartNumber: aws.Int32(1),
		Body: strings.NewReader("a part"),
	})
	must(t, err)
	var found []backup.Object
	list := func() {
		found = nil
		must(t, s.List(t.Context(), func(o backup.Object) error { found = append(found, o); return nil }))
	}
	list()
	if len(found) != 1 || found[0].Key != key || !found[0].Unfinished ||
		found[0].Size != int64(len("a part")) || found[0].ModifiedAt.IsZero() {
		t.Fatalf("listed %+v, want one unfinished object of 6 bytes", found)
	}
	must(t, s.Delete(t.Context(), key))
	if list(); len(found) > 0 {
		t.Errorf("left behind: %+v", found)
	}
}

func TestPresignedURLServesOnlyItsObject(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t, s3test.Start(t))
	key, blob := storetest.Key(), storetest.Blob(10_000)
	must(t, s.Put(t.Context(), key, bytes.NewReader(blob), int64(len(blob))))
	link, err := s.Presign(t.Context(), key, time.Minute)
	must(t, err)
	for _, c := range []struct {
		name, url, byteRange string
		status               int
		want                 []byte
	}{
		{"whole", link, "", http.StatusOK, blob},
		{"a range", link, "bytes=100-199", http.StatusPartialContent, blob[100:200]},
		{"another key", strings.Replace(link, key, storetest.Key(), 1), "", http.StatusForbidden, nil},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url, nil)
		must(t, err)
		if c.byteRange != "" {
			req.Header.Set("Range", c.byteRange)
		}
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		got, err := io.ReadAll(resp.Body)
		must(t, err)
		must(t, resp.Body.Close())
		if resp.StatusCode != c.status || c.want != nil && !bytes.Equal(got, c.want) {
			t.Errorf("%s: status %d, %d bytes, want status %d", c.name, resp.StatusCode, len(got), c.status)
		}
	}
}

// Servers refuse, hang and send garbage; names, keys and their texts are marked.
func TestErrorsContainNoNamesOrSecrets(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"refuses": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `<Error><Code>AccessDenied</Code><Message>MARK of theirs</Message></Error>`)
		},
		"closes the connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"sends garbage": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "MARK <html>")
		},
		"hangs": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ts := httptest.NewServer(handler)
			t.Cleanup(ts.Close)
			s, err := s3blob.New(t.Context(), s3blob.Config{
				Bucket: "mark-bucket", Region: "us-east-1", Endpoint: ts.URL,
				AccessKey: "MARKaccess", SecretKey: "MARKsecret",
				StallTimeout: 100 * time.Millisecond, MaxBackOff: time.Millisecond,
			})
			must(t, err)
			key := storetest.Key()
			for call, do := range map[string]func() error{
				"Put":    func() error { return s.Put(t.Context(), key, strings.NewReader("x"), 1) },
				"Get":    func() error { _, err := s.Get(t.Context(), key, 0, 1); return err },
				"Stat":   func() error { _, err := s.Stat(t.Context(), key); return err },
				"Delete": func() error { return s.Delete(t.Context(), key) },
				"Check":  func() error { return s.CheckBucket(t.Context()) },
				"List":   func() error { return s.List(t.Context(), func(backup.Object) error { return nil }) },
			} {
				t.Run(call, func(t *testing.T) {
					t.Parallel()
					err := do()
					if err == nil {
						t.Fatal("no error")
					}
					for _, secret := range []string{"MARK", "mark-bucket", key, "127.0.0.1"} {
						if strings.Contains(err.Error(), secret) {
							t.Errorf("the error contains %s: %v", secret, err)
						}
					}
				})
			}
		})
	}
}

// Every part fails once.
func TestFailedPartsAreRetried(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	bucket := server.Bucket()
	proxy := s3test.NewProxy(t, server)
	s := storeAt(t, server, proxy.URL, bucket)
	proxy.Fail(func(r *http.Request, earlier int) bool { return r.URL.Query().Has("partNumber") && earlier == 0 })
	key, blob := storetest.Key(), storetest.Blob(20<<20)
	must(t, s.Put(t.Context(), key, iotest.OneByteReader(bytes.NewReader(nil)), 0)) // an empty object has no parts
	must(t, s.Put(t.Context(), key, bytes.NewReader(blob), int64(len(blob))))
	body, err := s.Get(t.Context(), key, 0, int64(len(blob)))
	must(t, err)
	got, err := io.ReadAll(body)
	must(t, err)
	must(t, body.Close())
	if !bytes.Equal(got, blob) {
		t.Error("the object was read back different")
	}
	if proxy.Failed() != 4 {
		t.Errorf("%d parts failed, want each of four once", proxy.Failed())
	}
}
