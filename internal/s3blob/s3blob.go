// Package s3blob keeps backups as objects of one S3 bucket, "{user_id}/{backup_id}": the one importer of the AWS SDK. An
// upload streams in parts that can be sent again, each with a checksum that the server compares, and becomes an object in
// one step at its end; whatever fails before leaves no object.
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

// The sizes of an upload. Two parts on their way and one being filled are in memory, and as much again until garbage is
// collected: parts as small as S3 takes them keep that below the 32 MiB that an upload may cost.
const (
	leastPart   = 5 << 20
	mostParts   = 10_000
	concurrency = 2
)

// partBytes is the size of the parts of an upload of that size; for backup.MaxBytes it is 8 MB.
func partBytes(size int64) int64 { return max(leastPart, (size+mostParts-1)/mostParts) }

const (
	attempts  = 4                // of one request
	assembly  = 10 * time.Minute // for joining the parts of an upload, which S3 says may take minutes
	backOff   = 2 * time.Second  // at most, between two of them
	abortTime = 10 * time.Second // for telling the server that an upload is off, also after its context ended
)

// Config says which bucket, and how to reach it.
type Config struct {
	Bucket, Region string
	Endpoint       string // "" is AWS; any other is addressed by path
	// AccessKey and SecretKey are a key pair; empty means what the machine offers (its role, the SDK's own files).
	AccessKey, SecretKey string
	RootCAs              *x509.CertPool // nil trusts what the system trusts
	Stall                time.Duration  // how long a connection may stand still; 0 means 30 s
	BackOff              time.Duration  // longest pause before a request is tried again; 0 means 2 s
}

// Store is a bucket. It satisfies backup.Store and backup.Linker and is safe for concurrent use.
type Store struct {
	client *s3.Client
	upload *transfermanager.Client
	sign   *s3.PresignClient
	bucket *string
}

var (
	_ backup.Store     = (*Store)(nil)
	_ backup.Presigner = (*Store)(nil)
)

// New returns a store on the bucket. It asks nothing of the server yet; Check does.
func New(ctx context.Context, cfg Config) (*Store, error) {
	sdk := aws.Config{Region: cfg.Region, HTTPClient: newHTTPClient(cfg)}
	if cfg.AccessKey != "" {
		sdk.Credentials = credentials.NewStaticCredentialsProvider(cfg.AccessKey, cfg.SecretKey, "")
	} else {
		var err error
		if sdk, err = config.LoadDefaultConfig(ctx, config.WithRegion(cfg.Region), config.WithHTTPClient(sdk.HTTPClient)); err != nil {
			return nil, fmt.Errorf("s3blob: %w", err)
		}
	}
	client := s3.NewFromConfig(sdk, func(o *s3.Options) {
		o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) { r.MaxAttempts, r.MaxBackoff = attempts, cmp.Or(cfg.BackOff, backOff) })
		o.Logger = logging.Nop{} // it would name hosts and keys
		if cfg.Endpoint != "" {
			o.BaseEndpoint, o.UsePathStyle = aws.String(cfg.Endpoint), true
		}
	})
	cfg.Stall = max(cfg.Stall, assembly)
	patient := s3.New(client.Options(), func(o *s3.Options) { o.HTTPClient = newHTTPClient(cfg) })
	parts := s3.New(client.Options(), func(o *s3.Options) {
		o.APIOptions = append(o.APIOptions, unsignedPayload)
	})
	upload := transfermanager.New(assembler{parts, patient}, func(o *transfermanager.Options) {
		o.MultipartUploadThreshold, o.Concurrency, o.FailTimeout = leastPart, concurrency, abortTime
	})
	return &Store{client: client, upload: upload, sign: s3.NewPresignClient(client), bucket: aws.String(cfg.Bucket)}, nil
}

// assembler is a client that waits longer for the answer to an upload's last request.
type assembler struct {
	*s3.Client
	patient *s3.Client
}

// CompleteMultipartUpload joins the parts.
func (a assembler) CompleteMultipartUpload(
	ctx context.Context, in *s3.CompleteMultipartUploadInput, options ...func(*s3.Options),
) (*s3.CompleteMultipartUploadOutput, error) {
	return a.patient.CompleteMultipartUpload(ctx, in, options...)
}

// unsignedPayload leaves bodies out of requests' signatures, as the SDK does itself over TLS: a part has a CRC-32 that the
// server compares, the whole has its SHA-256, and to hash each part for the signature too, here and there, takes a fifth of
// an upload's rate on plain HTTP.
func unsignedPayload(stack *middleware.Stack) error {
	return stack.Build.Add(middleware.BuildMiddlewareFunc("UnsignedPayload", func(
		ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler,
	) (middleware.BuildOutput, middleware.Metadata, error) {
		return next.HandleBuild(v4.SetPayloadHash(ctx, "UNSIGNED-PAYLOAD"), in)
	}), middleware.Before)
}

// Check returns why the bucket cannot be used, in words for an operator, or nil.
func (s *Store) Check(ctx context.Context) error {
	_, err := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: s.bucket})
	if err != nil {
		return fmt.Errorf("s3blob: the bucket does not answer: %s", reason(err))
	}
	return nil
}

// Put stores the body, all or nothing.
func (s *Store) Put(ctx context.Context, key string, body io.Reader, size int64) error {
	if err := backup.CheckKey(key); err != nil {
		return err
	}
	exact := &exactly{body: body, left: size}
	_, err := s.upload.UploadObject(ctx, &transfermanager.UploadObjectInput{
		Bucket: s.bucket, Key: aws.String(key), Body: exact, ContentLength: aws.Int64(size),
	}, func(o *transfermanager.Options) { o.PartSizeBytes = partBytes(size) })
	switch {
	case exact.failed != nil:
		return exact.failed
	case err != nil:
		return failure(err)
	}
	return nil
}

// exactly passes a body on and ends it only when it had the declared size.
type exactly struct {
	body   io.Reader
	left   int64
	failed error
}

// Read reads on.
func (e *exactly) Read(p []byte) (int, error) {
	if e.failed != nil {
		return 0, e.failed
	}
	n, err := e.body.Read(p)
	e.left -= int64(n)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		e.failed = err
	case e.left < 0, errors.Is(err, io.EOF) && e.left > 0:
		e.failed = fmt.Errorf("s3blob: the body is not of the declared size: %w", io.ErrUnexpectedEOF)
	}
	if e.failed != nil {
		return 0, e.failed
	}
	return n, err
}
