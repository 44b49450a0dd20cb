// Package diskblob keeps backups as files of one folder, "{user_id}/{backup_id}" below it: the default where no S3 is
// configured. An upload grows under another name and takes its own by a rename, with the file and its folder synced to
// the disk before and after, so that a crash or a power cut at any moment leaves either the whole blob or none.
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
	partial    = ".partial" // ends the name of an upload that is not complete
	bufferSize = 1 << 20    // of one upload
)

// Store is a folder of blobs. It satisfies backup.Store and is safe for concurrent use, by several processes too.
type Store struct{ root *os.Root }

var _ backup.Store = (*Store)(nil)

// New returns a store on the folder, which it makes, readable by its owner alone, where it is missing.
func New(folder string) (*Store, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("diskblob: %w", err)
	}
	root, err := os.OpenRoot(folder) // no name, link or key leads out of it
	if err != nil {
		return nil, fmt.Errorf("diskblob: %w", err)
	}
	return &Store{root: root}, nil
}

// Close gives the folder's handle back; calls after it fail.
func (s *Store) Close() error { return s.root.Close() }

// Put stores the body, all or nothing.
func (s *Store) Put(ctx context.Context, key string, body io.Reader, size int64) (err error) {
	if err := backup.CheckKey(key); err != nil {
		return err
	}
	f, err := s.create(key + partial)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.unlink(key+partial))
		}
	}()
	err = fill(ctx, f, body, size)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if err := s.root.Rename(key+partial, key); err != nil {
		return err
	}
	return errors.Join(s.sync(path.Dir(key)), s.sync(".")) // the folder may be new, and another's
}

// create makes the file, and its folder. A folder that a Delete finds empty and removes in between is made again.
func (s *Store) create(name string) (*os.File, error) {
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

// fill copies the body to the file and to the disk.
func fill(ctx context.Context, f *os.File, body io.Reader, size int64) error {
	buffer := make([]byte, min(bufferSize, max(size, 512)))
	n, err := io.CopyBuffer(writeOnly{f}, reader{ctx, body}, buffer)
	if err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("diskblob: the body has %d bytes, not %d: %w", n, size, io.ErrUnexpectedEOF)
	}
	return f.Sync()
}

// writeOnly hides the file's other methods, so that the copy uses the buffer it is given.
type writeOnly struct{ io.Writer }

// reader ends with its context.
type reader struct {
	ctx  context.Context
	body io.Reader
}

// Read reads unless the context has ended.
func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.body.Read(p)
}

// sync makes the names in a folder durable.
func (s *Store) sync(folder string) error {
	d, err := s.root.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Get opens a range of a blob.
func (s *Store) Get(_ context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := backup.CheckKey(key); err != nil {
		return nil, err
	}
	f, err := s.root.Open(key)
	if err != nil {
		return nil, missing(err)
	}
	info, err := f.Stat()
	if err == nil && (offset < 0 || length < 0 || offset > info.Size() || length > info.Size()-offset) {
		err = fmt.Errorf("diskblob: no range of %d bytes from %d in %d bytes", length, offset, info.Size())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &section{SectionReader: io.NewSectionReader(f, offset, length), left: length, file: f}, nil
}

// section is a range of a file that fails rather than end early.
type section struct {
	*io.SectionReader
	left int64
	file *os.File
}

// Read reads on.
func (s *section) Read(p []byte) (int, error) {
	n, err := s.SectionReader.Read(p)
	s.left -= int64(n)
	if errors.Is(err, io.EOF) && s.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Close closes the file.
func (s *section) Close() error { return s.file.Close() }

// Stat returns a blob's size.
func (s *Store) Stat(_ context.Context, key string) (int64, error) {
	if err := backup.CheckKey(key); err != nil {
		return 0, err
	}
	info, err := s.root.Stat(key)
	if err != nil {
		return 0, missing(err)
	}
	return info.Size(), nil
}

// Delete removes a blob and what an interrupted upload left of it, and the user's folder when it is empty then.
func (s *Store) Delete(_ context.Context, key string) error {
	if err := backup.CheckKey(key); err != nil {
		return err
	}
	if err := errors.Join(s.unlink(key), s.unlink(key+partial)); err != nil {
		return err
	}
	folder := path.Dir(key)
	if err := s.sync(folder); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	_ = s.root.Remove(folder) // which fails where another blob is in it, as it should
	return nil
}

func (s *Store) unlink(name string) error {
	if err := s.root.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// List visits every blob and what interrupted uploads left. Names that are no keys are passed over.
func (s *Store) List(ctx context.Context, visit func(backup.Object) error) error {
	return fs.WalkDir(s.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed while we were walking
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		key, unfinished := strings.CutSuffix(name, partial)
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

func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return backup.ErrNoObject
	}
	return err
}
