// Package diskblob stores backups as files "{user_id}/{backup_id}" in one folder. It is the default when no S3
// bucket is configured. An upload is written under a temporary name and then renamed; the file is synced to disk
// before the rename and its folder after it, so that a crash or a power cut at any moment leaves either the whole
// blob or none.
package diskblob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/adiuva/cloud-api/internal/backup"
)

const (
	partialSuffix = ".partial" // of the file name while an upload is incomplete
	bufferSize    = 1 << 20    // bytes, for one upload
)

// Store is a folder of blobs. It implements backup.Store and is safe for concurrent use, also by several processes.
type Store struct{ root *os.Root }

var _ backup.Store = (*Store)(nil)

// New returns a store in the folder. A missing folder is created with access for its owner only.
func New(folder string) (*Store, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("diskblob: %w", err)
	}
	root, err := os.OpenRoot(folder) // symlinks and ".." cannot lead out of a Root
	if err != nil {
		return nil, fmt.Errorf("diskblob: %w", err)
	}
	return &Store{root: root}, nil
}

// Close releases the folder. The store cannot be used afterwards.
func (s *Store) Close() error { return s.root.Close() }

func (s *Store) Put(ctx context.Context, key string, body io.Reader, size int64) (err error) {
	if err := backup.CheckKey(key); err != nil {
		return err
	}
	f, err := s.createFile(key + partialSuffix)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.removeFile(key+partialSuffix))
		}
	}()
	err = copyBody(ctx, f, body, size)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if err := s.root.Rename(key+partialSuffix, key); err != nil {
		return err
	}
	// The user's folder may be new, possibly created by another upload.
	return errors.Join(s.syncFolder(path.Dir(key)), s.syncFolder("."))
}

// createFile creates a file and its folder. A concurrent Delete may remove the still empty folder in between, so it
// tries again.
func (s *Store) createFile(name string) (*os.File, error) {
	const tries = 10
	for i := 0; ; i++ {
		f, err := s.root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if !errors.Is(err, fs.ErrNotExist) || i == tries {
			return f, err
		}
		if err := s.root.Mkdir(path.Dir(name), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
}

// copyBody writes the body to the file and syncs it to disk.
func copyBody(ctx context.Context, f *os.File, body io.Reader, size int64) error {
	buffer := make([]byte, min(bufferSize, max(size, 512)))
	n, err := io.CopyBuffer(writeOnly{f}, contextReader{ctx, body}, buffer)
	if err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("diskblob: the body has %d bytes, not %d: %w", n, size, io.ErrUnexpectedEOF)
	}
	return f.Sync()
}

// writeOnly hides the ReadFrom method of a file, so that io.CopyBuffer uses its buffer.
type writeOnly struct{ io.Writer }

// contextReader fails when its context has ended.
type contextReader struct {
	ctx  context.Context
	body io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.body.Read(p)
}

// syncFolder makes the names in a folder durable.
func (s *Store) syncFolder(folder string) error {
	d, err := s.root.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (s *Store) Get(_ context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := backup.CheckKey(key); err != nil {
		return nil, err
	}
	f, err := s.root.Open(key)
	if err != nil {
		return nil, notFound(err)
	}
	info, err := f.Stat()
	if err == nil && (offset < 0 || length < 0 || offset > info.Size() || length > info.Size()-offset) {
		err = fmt.Errorf("diskblob: no range of %d bytes from %d in %d bytes", length, offset, info.Size())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &rangeReader{SectionReader: io.NewSectionReader(f, offset, length), left: length, file: f}, nil
}

// rangeReader reads a range of a file. It fails rather than end early when the file is truncated meanwhile.
type rangeReader struct {
	*io.SectionReader
	left int64
	file *os.File
}

func (s *rangeReader) Read(p []byte) (int, error) {
	n, err := s.SectionReader.Read(p)
	s.left -= int64(n)
	if errors.Is(err, io.EOF) && s.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (s *rangeReader) Close() error { return s.file.Close() }

func (s *Store) Stat(_ context.Context, key string) (int64, error) {
	if err := backup.CheckKey(key); err != nil {
		return 0, err
	}
	info, err := s.root.Stat(key)
	if err != nil {
		return 0, notFound(err)
	}
	return info.Size(), nil
}

// Delete also removes the user's folder when it becomes empty.
func (s *Store) Delete(_ context.Context, key string) error {
	if err := backup.CheckKey(key); err != nil {
		return err
	}
	if err := errors.Join(s.removeFile(key), s.removeFile(key+partialSuffix)); err != nil {
		return err
	}
	folder := path.Dir(key)
	if err := s.syncFolder(folder); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	_ = s.root.Remove(folder) // fails when another blob is in it, as it should
	return nil
}

func (s *Store) removeFile(name string) error {
	if err := s.root.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// List skips files whose names are not keys.
func (s *Store) List(ctx context.Context, visit func(backup.Object) error) error {
	return fs.WalkDir(s.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed during the walk
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		key, unfinished := strings.CutSuffix(name, partialSuffix)
		if entry.IsDir() || backup.CheckKey(key) != nil {
			return nil
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return visit(backup.Object{Key: key, Size: info.Size(), ModifiedAt: info.ModTime(), Unfinished: unfinished})
	})
}

func notFound(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return backup.ErrNoObject
	}
	return err
}
