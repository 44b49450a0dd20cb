package metrics

import (
	"context"
	"errors"
	"io"

	"github.com/adiuva/cloud-api/internal/backup"
)

// Store returns store with the bytes of uploads and downloads counted. Downloads from the store itself, by a signed
// URL, do not pass here.
func (m *Metrics) Store(store backup.Store) backup.Store { return countedStore{store, m} }

type countedStore struct {
	backup.Store
	metrics *Metrics
}

// Put implements backup.Store.
func (s countedStore) Put(ctx context.Context, key string, body io.Reader, size int64) error {
	counted := &countedReader{Reader: body}
	err := s.Store.Put(ctx, key, counted, size)
	s.metrics.Backup(Upload, err != nil, counted.bytes)
	return err
}

// Get implements backup.Store.
func (s countedStore) Get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	body, err := s.Store.Get(ctx, key, offset, length)
	if err != nil {
		return nil, err
	}
	return &countedBody{countedReader{Reader: body}, body, s.metrics}, nil
}

// countedReader counts what is read.
type countedReader struct {
	io.Reader
	bytes  int64
	failed bool
}

func (r *countedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.bytes += int64(n)
	r.failed = r.failed || err != nil && !errors.Is(err, io.EOF)
	return n, err
}

// countedBody reports its bytes when it is closed.
type countedBody struct {
	countedReader
	closer  io.Closer
	metrics *Metrics
}

func (b *countedBody) Close() error {
	b.metrics.Backup(Download, b.failed, b.bytes)
	b.bytes = 0
	return b.closer.Close()
}
