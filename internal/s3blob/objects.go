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

// Get opens a range of an object.
func (s *Store) Get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := backup.CheckKey(key); err != nil {
		return nil, err
	}
	if offset < 0 || length < 0 {
		return nil, errRange
	}
	if length == 0 { // which no Range header can say
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
		return nil, failure(err)
	}
	if aws.ToInt64(out.ContentLength) != length { // a server cuts a range at the object's end
		_ = out.Body.Close() // nothing of it is wanted
		return nil, errRange
	}
	return out.Body, nil
}

var errRange = errors.New("s3blob: the object has no such range")

// Stat returns an object's size.
func (s *Store) Stat(ctx context.Context, key string) (int64, error) {
	if err := backup.CheckKey(key); err != nil {
		return 0, err
	}
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: s.bucket, Key: aws.String(key)})
	if err != nil {
		return 0, failure(err)
	}
	return aws.ToInt64(out.ContentLength), nil
}

// Presign returns an address from which whoever has it can download the object, ranges too, for the given time.
func (s *Store) Presign(ctx context.Context, key string, life time.Duration) (string, error) {
	if err := backup.CheckKey(key); err != nil {
		return "", err
	}
	signed, err := s.sign.PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: s.bucket, Key: aws.String(key),
		ResponseCacheControl: aws.String("no-store"), ResponseContentType: aws.String("application/octet-stream"),
	}, s3.WithPresignExpires(life))
	if err != nil {
		return "", failure(err)
	}
	return signed.URL, nil
}

// Delete removes an object and the parts of every upload to its key that was not completed.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := backup.CheckKey(key); err != nil {
		return err
	}
	// Parts first: an upload that completes in between is then removed as an object.
	err := s.unfinished(ctx, key, func(u types.MultipartUpload) error {
		if aws.ToString(u.Key) != key {
			return nil
		}
		_, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: s.bucket, Key: u.Key, UploadId: u.UploadId})
		return ignoreGone(err)
	})
	if err != nil {
		return err
	}
	_, err = s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: s.bucket, Key: aws.String(key)})
	return ignoreGone(err)
}

// ignoreGone returns nil for what is not there any more.
func ignoreGone(err error) error {
	if err == nil || strings.HasPrefix(reason(err), "NoSuch") && reason(err) != "NoSuchBucket" {
		return nil
	}
	return failure(err)
}

// List visits every object and every upload that was not completed. Keys that are none of ours are passed over.
func (s *Store) List(ctx context.Context, visit func(backup.Object) error) error {
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: s.bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return failure(err)
		}
		for _, o := range page.Contents {
			if backup.CheckKey(aws.ToString(o.Key)) != nil {
				continue
			}
			if err := visit(backup.Object{Key: *o.Key, Size: aws.ToInt64(o.Size), ModifiedAt: aws.ToTime(o.LastModified)}); err != nil {
				return err
			}
		}
	}
	return s.unfinished(ctx, "", func(u types.MultipartUpload) error {
		if backup.CheckKey(aws.ToString(u.Key)) != nil {
			return nil
		}
		size, err := s.arrived(ctx, u)
		if err != nil {
			return err
		}
		return visit(backup.Object{Key: *u.Key, Size: size, ModifiedAt: aws.ToTime(u.Initiated), Unfinished: true})
	})
}

// unfinished visits the uploads under a prefix that were begun and neither completed nor aborted.
func (s *Store) unfinished(ctx context.Context, prefix string, visit func(types.MultipartUpload) error) error {
	pages := s3.NewListMultipartUploadsPaginator(s.client, &s3.ListMultipartUploadsInput{Bucket: s.bucket, Prefix: aws.String(prefix)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return failure(err)
		}
		for _, u := range page.Uploads {
			if err := visit(u); err != nil {
				return err
			}
		}
	}
	return nil
}

// arrived is how many bytes an unfinished upload holds.
func (s *Store) arrived(ctx context.Context, u types.MultipartUpload) (size int64, err error) {
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
