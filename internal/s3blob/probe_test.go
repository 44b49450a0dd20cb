package s3blob_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/s3blob"
	"github.com/adiuva/cloud-api/internal/testing/s3test"
	"github.com/adiuva/cloud-api/internal/testing/storetest"
)

// configAt returns the configuration of a store behind the proxy.
func configAt(proxy *s3test.Proxy, bucket string) s3blob.Config {
	return s3blob.Config{
		Bucket: bucket, Region: "us-east-1", Endpoint: proxy.URL, RootCAs: proxy.RootCAs,
		AccessKey: s3test.AccessKey, SecretKey: s3test.SecretKey,
		StallTimeout: 3 * time.Second, MaxBackOff: 10 * time.Millisecond,
	}
}

// wantRoundTrip stores objects of one request and of several parts and reads them back.
func wantRoundTrip(t *testing.T, s *s3blob.Store) {
	t.Helper()
	for _, size := range []int{0, 1000, 11 << 20} {
		key, blob := storetest.Key(), storetest.Blob(size)
		must(t, s.Put(t.Context(), key, bytes.NewReader(blob), int64(size)))
		body, err := s.Get(t.Context(), key, 0, int64(size))
		must(t, err)
		got, err := io.ReadAll(body)
		must(t, err)
		must(t, body.Close())
		if !bytes.Equal(got, blob) {
			t.Errorf("%d bytes were read back different", size)
		}
		must(t, s.Delete(t.Context(), key))
	}
}

// wantEmpty fails the test when the bucket has any object or upload, of any key.
func wantEmpty(t *testing.T, server *s3test.Server, bucket string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // also at the end of the test
	objects, err := server.Client().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
	must(t, err)
	uploads, err := server.Client().ListMultipartUploads(ctx,
		&s3.ListMultipartUploadsInput{Bucket: aws.String(bucket)})
	must(t, err)
	if len(objects.Contents) > 0 || len(uploads.Uploads) > 0 {
		t.Errorf("left in the bucket: %d objects, %d uploads", len(objects.Contents), len(uploads.Uploads))
	}
}

// A server over TLS refuses trailers, which the SDK sends by default.
func TestStoreWithoutTrailersNeedsWhenRequired(t *testing.T) {
	t.Attr("case", "D03")
	t.Parallel()
	server := s3test.Start(t)
	bucket, proxy := server.Bucket(), s3test.NewTLSProxy(t, server)
	proxy.RefuseTrailers()
	cfg := configAt(proxy, bucket)
	s, err := s3blob.New(t.Context(), cfg)
	must(t, err)
	err = s.Probe(t.Context())
	for _, part := range []string{
		"writing an object", "NotImplemented", "AWS_REQUEST_CHECKSUM_CALCULATION=when_required",
	} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("Probe: %v, want %q in it", err, part)
		}
	}
	cfg.RequestChecksums, cfg.ResponseChecksums = "when_required", "when_required"
	s, err = s3blob.New(t.Context(), cfg)
	must(t, err)
	must(t, s.Probe(t.Context()))
	wantRoundTrip(t, s)
	wantEmpty(t, server, bucket)
	storetest.Run(t, func(*testing.T) backup.Store { return s })
}

// The SDK's own configuration counts where the service's has nothing to say.
func TestSDKConfigurationIsRead(t *testing.T) {
	t.Attr("case", "D03")
	t.Setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "WHEN_REQUIRED")
	server := s3test.Start(t)
	bucket, proxy := server.Bucket(), s3test.NewTLSProxy(t, server)
	proxy.RefuseTrailers()
	t.Setenv("AWS_CA_BUNDLE", proxy.CAFile)
	cfg := configAt(proxy, bucket)
	cfg.RootCAs = nil
	s, err := s3blob.New(t.Context(), cfg)
	must(t, err)
	must(t, s.Probe(t.Context()))
	wantRoundTrip(t, s)
	cfg.RequestChecksums = "when_supported"
	s, err = s3blob.New(t.Context(), cfg)
	must(t, err)
	if s.Probe(t.Context()) == nil {
		t.Error("the service's own configuration did not take precedence")
	}
	t.Setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "sometimes")
	if _, err := s3blob.New(t.Context(), configAt(proxy, bucket)); err == nil {
		t.Error("an unknown value was accepted")
	}
}

// Over plain HTTP without checksums the signature covers the body, so that a changed body is refused.
func TestStoreWithoutChecksumsOverPlainHTTP(t *testing.T) {
	t.Attr("case", "D03")
	t.Parallel()
	server := s3test.Start(t)
	bucket, proxy := server.Bucket(), s3test.NewProxy(t, server)
	unsigned := make(chan string, 100)
	proxy.Refuse(func(r *http.Request) (int, string) {
		if r.Method == http.MethodPut && r.Header.Get("X-Amz-Content-Sha256") == "UNSIGNED-PAYLOAD" {
			unsigned <- r.URL.Path
		}
		return 0, ""
	})
	cfg := configAt(proxy, bucket)
	cfg.RequestChecksums = "when_required"
	s, err := s3blob.New(t.Context(), cfg)
	must(t, err)
	must(t, s.Probe(t.Context()))
	wantRoundTrip(t, s)
	if len(unsigned) > 0 {
		t.Errorf("%d bodies had neither a checksum nor a signature", len(unsigned))
	}
}

// Each operation fails in turn. The error names it, the server's code and what to do, and nothing stays in the bucket.
func TestProbeSaysWhatFails(t *testing.T) {
	t.Attr("case", "D03")
	t.Parallel()
	server := s3test.Start(t)
	bucket := server.Bucket()
	is := func(method, query string) func(*http.Request) bool {
		return func(r *http.Request) bool {
			sent := r.URL.RawQuery
			plain := sent == "" || strings.HasPrefix(sent, "x-id=") // of one object
			return r.Method == method && strings.HasPrefix(sent, query) && (query != "" || plain)
		}
	}
	for name, c := range map[string]struct {
		matches func(*http.Request) bool
		status  int
		code    string
		want    []string
	}{
		"no bucket": {is("HEAD", ""), 404, "NoSuchBucket", []string{"looking for the bucket", "S3_BUCKET"}},
		"wrong secret": {is("GET", "list-type=2"), 403, "SignatureDoesNotMatch",
			[]string{"listing objects", "AWS_SECRET_ACCESS_KEY"}},
		"wrong region": {is("GET", "list-type=2"), 400, "AuthorizationHeaderMalformed",
			[]string{"listing objects", "S3_REGION"}},
		"uploads are not listed": {is("GET", "max-uploads"), 403, "AccessDenied",
			[]string{"s3:ListBucketMultipartUploads", "AccessDenied", "allow the operation"}},
		"no deletion": {is("DELETE", ""), 403, "AccessDenied", []string{"s3:DeleteObject", "AccessDenied", "allow"}},
		"no writing":  {is("PUT", ""), 403, "AccessDenied", []string{"s3:PutObject", "AccessDenied", "allow"}},
		"no checksums": {is("PUT", ""), 400, "InvalidRequest",
			[]string{"writing an object", "InvalidRequest", "AWS_REQUEST_CHECKSUM_CALCULATION=when_required"}},
		"no parts": {is("PUT", "partNumber"), 501, "NotImplemented",
			[]string{"in parts", "NotImplemented", "AWS_REQUEST_CHECKSUM_CALCULATION=when_required"}},
		"no reading": {is("GET", ""), 403, "AccessDenied", []string{"s3:GetObject", "AccessDenied", "allow"}},
		"overloaded": {is("PUT", ""), 503, "SlowDown", []string{"SlowDown", "start again"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := s3test.NewProxy(t, server)
			proxy.Refuse(func(r *http.Request) (int, string) {
				if c.matches(r) {
					return c.status, c.code
				}
				return 0, ""
			})
			s, err := s3blob.New(t.Context(), configAt(proxy, bucket))
			must(t, err)
			err = s.Probe(t.Context())
			if err == nil {
				t.Fatal("Probe found nothing wrong")
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("Probe: %v, want %q in it", err, part)
				}
			}
			for _, secret := range []string{bucket, s3test.AccessKey, "127.0.0.1"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("Probe: %v, with %q in it", err, secret)
				}
			}
		})
	}
	t.Cleanup(func() { wantEmpty(t, server, bucket) })
}

// A probe that another replica, or an earlier start, left behind is no backup and no orphan.
func TestProbesAreNotListed(t *testing.T) {
	t.Attr("case", "D03")
	t.Parallel()
	server := s3test.Start(t)
	s, bucket := openStore(t, server)
	_, err := server.Client().PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket),
		Key: aws.String("adiuva-probe/0199a3f2-7c1e-7b41-9d55-5f0f2c6b8a11"), Body: strings.NewReader("x")})
	must(t, err)
	must(t, s.Probe(t.Context()))
	must(t, s.List(t.Context(), func(o backup.Object) error {
		t.Errorf("listed %+v", o)
		return nil
	}))
}
