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
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/adiuva/cloud-api/internal/backup"
)

func (s *Store) Get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := backup.CheckKey(key); err != nil {
		return nil, err
	}
	if offset < 0 || length < 0 {
		return nil, errRange
	}
	if length == 0 { // a Range header cannot express an empty range
		size, err := s.Stat(ctx, key)
		if err == nil && offset > size {
			err = errRange
		}
		return http.NoBody, err
	}
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{
		Bucket: s.bucket, Key: aws.String(key), Range: aws.String(fmt.Sprintf("bytes=%d-%d", offset, offset+length-1)),
	})
	if err != nil {
		return nil, translate(err)
	}
	if aws.ToInt64(out.ContentLength) != length { // a server truncates a range at the end of the object
		_ = out.Body.Close()
		return nil, errRange
	}
	return out.Body, nil
}

var errRange = errors.New("s3blob: the object has no such range")

func (s *Store) Stat(ctx context.Context, key string) (int64, error) {
	if err := backup.CheckKey(key); err != nil {
		return 0, err
	}
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: s.bucket, Key: aws.String(key)})
	if err != nil {
		return 0, translate(err)
	}
	return aws.ToInt64(out.ContentLength), nil
}

// Presign returns a URL whose responses are marked as not cacheable.
func (s *Store) Presign(ctx context.Context, key string, ttl time.Duration) (string, error) {
	if err := backup.CheckKey(key); err != nil {
		return "", err
	}
	signed, err := s.presign.PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: s.bucket, Key: aws.String(key),
		ResponseCacheControl: aws.String("no-store"), ResponseContentType: aws.String("application/octet-stream"),
	}, s3.WithPresignExpires(ttl))
	if err != nil {
		return "", translate(err)
	}
	return signed.URL, nil
}

func (s *Store) Delete(ctx context.Context, key string) error {
	if err := backup.CheckKey(key); err != nil {
		return err
	}
	// Parts first: an upload that completes in between is then removed as an object.
	err := s.visitUnfinished(ctx, key, func(u types.MultipartUpload) error {
		if aws.ToString(u.Key) != key {
			return nil
		}
		_, err := s.client.AbortMultipartUpload(ctx,
			&s3.AbortMultipartUploadInput{Bucket: s.bucket, Key: u.Key, UploadId: u.UploadId})
		return ignoreGone(err)
	})
	if err != nil {
		return err
	}
	_, err = s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: s.bucket, Key: aws.String(key)})
	return ignoreGone(err)
}

// ignoreGone translates err, and returns nil when it says that the object or upload does not exist.
func ignoreGone(err error) error {
	if err == nil || strings.HasPrefix(reason(err), "NoSuch") && reason(err) != "NoSuchBucket" {
		return nil
	}
	return translate(err)
}

// List skips keys that this service does not use.
func (s *Store) List(ctx context.Context, visit func(backup.Object) error) error {
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: s.bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return translate(err)
		}
		for _, o := range page.Contents {
			if backup.CheckKey(aws.ToString(o.Key)) != nil {
				continue
			}
			object := backup.Object{Key: *o.Key, Size: aws.ToInt64(o.Size), ModifiedAt: aws.ToTime(o.LastModified)}
			if err := visit(object); err != nil {
				return err
			}
		}
	}
	return s.visitUnfinished(ctx, "", func(u types.MultipartUpload) error {
		if backup.CheckKey(aws.ToString(u.Key)) != nil {
			return nil
		}
		size, err := s.uploadedBytes(ctx, u)
		if err != nil {
			return err
		}
		return visit(backup.Object{Key: *u.Key, Size: size, ModifiedAt: aws.ToTime(u.Initiated), Unfinished: true})
	})
}

// visitUnfinished visits the multipart uploads under a prefix that were neither completed nor aborted.
func (s *Store) visitUnfinished(ctx context.Context, prefix string, visit func(types.MultipartUpload) error) error {
	pages := s3.NewListMultipartUploadsPaginator(s.client,
		&s3.ListMultipartUploadsInput{Bucket: s.bucket, Prefix: aws.String(prefix)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return translate(err)
		}
		for _, u := range page.Uploads {
			if err := visit(u); err != nil {
				return err
			}
		}
	}
	return nil
}

// uploadedBytes returns how many bytes of an unfinished upload have arrived.
func (s *Store) uploadedBytes(ctx context.Context, u types.MultipartUpload) (size int64, err error) {
	pages := s3.NewListPartsPaginator(s.client, &s3.ListPartsInput{Bucket: s.bucket, Key: u.Key, UploadId: u.UploadId})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, ignoreGone(err)
		}
		for _, p := range page.Parts {
			size += aws.ToInt64(p.Size)
		}
	}
	return size, nil
}
