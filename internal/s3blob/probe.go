package s3blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/uuid"
)

const (
	probePrefix  = "adiuva-probe/" // no key of a backup: List, and with it the search for orphans, skips it
	probeTimeout = 25 * time.Second
	probeText    = "written and removed by adiuva-api at its start"
)

// Probe proves that the bucket can be used as this store uses it: it lists, deletes, writes an object in one request
// and another in parts, reads a range back and removes both. It returns an error fit for an operator, which names the
// operation, the code of the server's answer, the variable to look at and what to do. It ends within 30 seconds and
// leaves nothing behind that it may remove: the deletion is tried before anything is written.
func (s *Store) Probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	key := probePrefix + uuid.NewString()
	parts := key + "-parts"
	written := false
	steps := []struct {
		name string
		run  func() error
	}{
		{"looking for the bucket", func() error {
			_, err := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: s.bucket})
			return err
		}},
		{"listing objects (s3:ListBucket)", func() error {
			_, err := s.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{
				Bucket: s.bucket, Prefix: aws.String(probePrefix), MaxKeys: aws.Int32(1)})
			return err
		}},
		{"listing uploads (s3:ListBucketMultipartUploads)", func() error {
			_, err := s.client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{
				Bucket: s.bucket, Prefix: aws.String(probePrefix), MaxUploads: aws.Int32(1)})
			return err
		}},
		{"deleting an object (s3:DeleteObject)", func() error { return s.removeProbe(ctx, key) }},
		{"writing an object (s3:PutObject)", func() error {
			written = true
			return s.writeProbe(ctx, key, minPartSize)
		}},
		{"writing an object in parts (s3:PutObject)", func() error { return s.writeProbe(ctx, parts, 1) }},
		{"reading a range of an object (s3:GetObject)", func() error { return s.readProbe(ctx, key) }},
		{"deleting an object (s3:DeleteObject)", func() error {
			return errors.Join(s.removeProbe(ctx, key), s.removeProbe(ctx, parts))
		}},
	}
	for _, step := range steps {
		if err := step.run(); err != nil {
			if written {
				s.removeProbes(ctx, key, parts)
			}
			return fmt.Errorf("s3blob: %s failed: %s: %s", step.name, reason(err), remedy(err))
		}
	}
	return nil
}

// writeProbe writes an object as a backup is written; one of at least that many bytes goes in parts.
func (s *Store) writeProbe(ctx context.Context, key string, threshold int64) error {
	_, err := s.upload.UploadObject(ctx, &transfermanager.UploadObjectInput{
		Bucket: s.bucket, Key: aws.String(key), ContentLength: aws.Int64(int64(len(probeText))),
		Body: io.MultiReader(strings.NewReader(probeText)), // not seekable, as the body of a backup
	}, func(o *transfermanager.Options) {
		o.PartSizeBytes = minPartSize
		o.MultipartUploadThreshold = threshold
	})
	return err
}

var errWrongRange = errors.New("the server answers a range with other bytes")

func (s *Store) readProbe(ctx context.Context, key string) error {
	const first, last = 8, 15
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{
		Bucket: s.bucket, Key: aws.String(key), Range: aws.String(fmt.Sprintf("bytes=%d-%d", first, last))})
	if err != nil {
		return err
	}
	got, err := io.ReadAll(io.LimitReader(out.Body, int64(len(probeText))))
	if err = errors.Join(err, out.Body.Close()); err == nil && string(got) != probeText[first:last+1] {
		err = errWrongRange
	}
	return err
}

func (s *Store) removeProbe(ctx context.Context, key string) error {
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: s.bucket, Key: aws.String(key)})
	if ignoreGone(err) == nil {
		return nil
	}
	return err
}

// removeProbes removes what a failed probe has written, as far as the server lets it.
func (s *Store) removeProbes(ctx context.Context, keys ...string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dialTimeout)
	defer cancel()
	for _, key := range keys {
		_ = s.removeProbe(ctx, key)
	}
}

// remedy says what to do about an error of the server.
func remedy(err error) string {
	var response *smithyhttp.ResponseError
	status := 0
	if errors.As(err, &response) {
		status = response.HTTPStatusCode()
	}
	switch code := reason(err); {
	case code == "NoSuchBucket", code == "NotFound" && status == http.StatusNotFound, code == "InvalidBucketName":
		return "create the bucket, or correct S3_BUCKET"
	case code == "InvalidAccessKeyId", code == "SignatureDoesNotMatch", code == "InvalidToken", code == "ExpiredToken":
		return "correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
	case code == "AuthorizationHeaderMalformed", code == "PermanentRedirect", status == http.StatusMovedPermanently:
		return "set S3_REGION to the region of the bucket, and S3_ENDPOINT to its server"
	case code == "RequestTimeTooSkewed":
		return "set this machine's clock"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "allow the operation to the key of AWS_ACCESS_KEY_ID or to the machine's role, or correct S3_BUCKET"
	case errors.Is(err, errWrongRange):
		return "S3_ENDPOINT has to be a server that supports ranges"
	case status >= http.StatusInternalServerError && status != http.StatusNotImplemented:
		return "the server has a problem of its own; start again when it is over"
	case status >= http.StatusBadRequest:
		return "a server that does not know checksums in trailers needs AWS_REQUEST_CHECKSUM_CALCULATION=when_required"
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		return "check S3_ENDPOINT"
	}
	return "check S3_ENDPOINT, or start again when the server can be reached"
}
