// Package s3blob stores backups as objects "{user_id}/{backup_id}" in one S3 bucket. It alone imports the AWS SDK.
// An upload is streamed in parts that can be retried, each with a checksum that the server verifies, and becomes an
// object in one step at its end; an upload that fails before leaves no object.
package s3blob

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"github.com/adiuva/cloud-api/internal/backup"
)

// Part sizes. An upload has one part in flight and one being filled, besides the first one, which the SDK reads apart,
// and as much again until the garbage is collected: the smallest parts that S3 accepts keep that below the 32 MiB that
// an upload may use. With two parts in flight it was 34.
const (
	minPartSize = 5 << 20
	maxParts    = 10_000
	concurrency = 1
)

// partSize returns the size of the parts of an upload; for backup.MaxBytes it is 8 MB.
func partSize(size int64) int64 { return max(minPartSize, (size+maxParts-1)/maxParts) }

const (
	maxAttempts       = 4                // per request
	completeTimeout   = 10 * time.Minute // for joining the parts of an upload; S3 documents minutes
	defaultMaxBackOff = 2 * time.Second  // between two attempts
	abortTimeout      = 10 * time.Second // for aborting an upload, even after its context has ended
)

// Config names a bucket and how to reach it.
type Config struct {
	Bucket, Region string
	Endpoint       string // "" means AWS; any other is used with path-style addresses
	// AccessKey and SecretKey are a key pair; when empty, the SDK's default credentials (role, files) are used.
	AccessKey, SecretKey string
	// RequestChecksums and ResponseChecksums are "when_supported" or "when_required". When empty, what the SDK finds in
	// its own configuration applies: AWS's variables and shared files, otherwise when_supported.
	RequestChecksums, ResponseChecksums string
	RootCAs                             *x509.CertPool // nil means those of AWS_CA_BUNDLE or of the system
	StallTimeout                        time.Duration  // for a single read or write on a connection; 0 means 30 s
	MaxBackOff                          time.Duration  // longest pause before a request is retried; 0 means 2 s
}

// Store is a bucket. It implements backup.Store and backup.Presigner and is safe for concurrent use.
type Store struct {
	client  *s3.Client
	upload  *transfermanager.Client
	presign *s3.PresignClient
	bucket  *string
}

var (
	_ backup.Store     = (*Store)(nil)
	_ backup.Presigner = (*Store)(nil)
)

// New returns a store in the bucket. It sends no request to the server; CheckBucket does.
func New(ctx context.Context, cfg Config) (*Store, error) {
	sdk, err := config.LoadDefaultConfig(ctx, loadOptions(cfg)...)
	if err != nil {
		return nil, fmt.Errorf("s3blob: %w", err)
	}
	fast, slow := freezeClients(cfg, sdk.HTTPClient)
	sdk.HTTPClient = fast
	client := s3.NewFromConfig(sdk, func(o *s3.Options) {
		o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
			r.MaxAttempts = maxAttempts
			r.MaxBackoff = cmp.Or(cfg.MaxBackOff, defaultMaxBackOff)
		})
		o.Logger = logging.Nop{} // the SDK would log hosts and keys
		if cfg.Endpoint != "" {
			o.BaseEndpoint = aws.String(cfg.Endpoint)
			o.UsePathStyle = true
		}
	})
	checksums := sdk.RequestChecksumCalculation != aws.RequestChecksumCalculationWhenRequired
	complete := s3.New(client.Options(), func(o *s3.Options) { o.HTTPClient = slow })
	parts := s3.New(client.Options(), func(o *s3.Options) {
		if checksums {
			o.APIOptions = append(o.APIOptions, unsignedPayload)
		}
	})
	upload := transfermanager.New(completer{parts, complete}, func(o *transfermanager.Options) {
		o.MultipartUploadThreshold = minPartSize
		o.Concurrency = concurrency
		o.FailTimeout = abortTimeout
		o.RequestChecksumCalculation = sdk.RequestChecksumCalculation
	})
	return &Store{
		client:  client,
		upload:  upload,
		presign: s3.NewPresignClient(client),
		bucket:  aws.String(cfg.Bucket),
	}, nil
}

// completer is a client with a longer timeout for the last request of an upload, which joins its parts.
type completer struct {
	*s3.Client
	slow *s3.Client
}

func (a completer) CompleteMultipartUpload(
	ctx context.Context, in *s3.CompleteMultipartUploadInput, options ...func(*s3.Options),
) (*s3.CompleteMultipartUploadOutput, error) {
	return a.slow.CompleteMultipartUpload(ctx, in, options...)
}

// unsignedPayload leaves the body out of a request's signature, as the SDK does by itself over TLS. Each part has a
// CRC-32 that the server verifies and the whole object has its SHA-256; hashing each part for the signature as
// well, on both sides, would cost a fifth of an upload's rate over plain HTTP. Without that CRC-32, which not every
// server takes, the signature has to cover the body.
func unsignedPayload(stack *middleware.Stack) error {
	return stack.Build.Add(middleware.BuildMiddlewareFunc("UnsignedPayload", func(
		ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler,
	) (middleware.BuildOutput, middleware.Metadata, error) {
		return next.HandleBuild(v4.SetPayloadHash(ctx, "UNSIGNED-PAYLOAD"), in)
	}), middleware.Before)
}

// loadOptions are the settings that take precedence over those which the SDK finds by itself.
func loadOptions(cfg Config) []func(*config.LoadOptions) error {
	options := []func(*config.LoadOptions) error{
		config.WithRegion(cfg.Region), config.WithHTTPClient(newHTTPClient(cfg)),
	}
	if cfg.AccessKey != "" {
		options = append(options, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(cfg.AccessKey, cfg.SecretKey, "")))
	}
	switch cfg.RequestChecksums {
	case "when_required":
		options = append(options, config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired))
	case "when_supported":
		options = append(options, config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenSupported))
	}
	switch cfg.ResponseChecksums {
	case "when_required":
		options = append(options, config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired))
	case "when_supported":
		options = append(options, config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenSupported))
	}
	return options
}

// CheckBucket returns an error fit for an operator when the bucket cannot be used: it does not exist, or access is
// denied.
func (s *Store) CheckBucket(ctx context.Context) error {
	_, err := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: s.bucket})
	if err != nil {
		return fmt.Errorf("s3blob: looking for the bucket failed: %s: %s", reason(err), remedy(err))
	}
	return nil
}

func (s *Store) Put(ctx context.Context, key string, body io.Reader, size int64) error {
	if err := backup.CheckKey(key); err != nil {
		return err
	}
	sized := &sizedReader{body: body, left: size}
	_, err := s.upload.UploadObject(ctx, &transfermanager.UploadObjectInput{
		Bucket: s.bucket, Key: aws.String(key), Body: sized, ContentLength: aws.Int64(size),
	}, func(o *transfermanager.Options) { o.PartSizeBytes = partSize(size) })
	switch {
	case sized.err != nil:
		return sized.err
	case err != nil:
		return translate(err)
	}
	return nil
}

// sizedReader fails unless the body has exactly the declared size.
type sizedReader struct {
	body io.Reader
	left int64 // bytes still expected
	err  error
}

func (r *sizedReader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.body.Read(p)
	r.left -= int64(n)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		r.err = err
	case r.left < 0, errors.Is(err, io.EOF) && r.left > 0:
		r.err = fmt.Errorf("s3blob: the body is not of the declared size: %w", io.ErrUnexpectedEOF)
	}
	if r.err != nil {
		return 0, r.err
	}
	return n, err
}
