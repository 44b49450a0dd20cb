package diskblob_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/dev/diskblob"
	"github.com/adiuva/cloud-api/internal/testing/storetest"
)

func openStore(t *testing.T, folder string) *diskblob.Store {
	t.Helper()
	s, err := diskblob.New(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestStoreContract(t *testing.T) {
	t.Parallel()
	s := openStore(t, filepath.Join(t.TempDir(), "blobs"))
	storetest.Run(t, func(*testing.T) backup.Store { return s })
}

func TestCrashedUploadIsListedAndCanBeDeleted(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s, key := openStore(t, folder), storetest.Key()
	name := filepath.Join(folder, key+".partial")
	err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte("half"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Stat(t.Context(), key); !errors.Is(err, backup.ErrNoObject) {
		t.Errorf("Stat of an incomplete upload: %v, want %v", err, backup.ErrNoObject)
	}
	var found []backup.Object
	err = s.List(t.Context(), func(o backup.Object) error { found = append(found, o); return nil })
	if err != nil || len(found) != 1 || found[0].Key != key || !found[0].Unfinished || found[0].Size != 4 {
		t.Errorf("listed %+v, %v, want one unfinished object of 4 bytes", found, err)
	}
	if err := s.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// A symlink to a folder outside takes the place of a user's folder.
func TestSymlinksOutOfTheFolderAreNotFollowed(t *testing.T) {
	t.Parallel()
	folder, outside := t.TempDir(), t.TempDir()
	s, key := openStore(t, folder), storetest.Key()
	if err := os.Symlink(outside, filepath.Join(folder, filepath.Dir(key))); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), key, bytes.NewReader([]byte("x")), 1); err == nil {
		t.Error("Put followed a symlink out of the folder")
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 0 {
		t.Errorf("written outside of the folder: %v, %v", entries, err)
	}
}

func TestFilesAreReadableByTheOwnerOnly(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "blobs")
	s, key := openStore(t, folder), storetest.Key()
	if err := s.Put(t.Context(), key, bytes.NewReader([]byte("x")), 1); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{
		folder:                                   0o700,
		filepath.Join(folder, filepath.Dir(key)): 0o700,
		filepath.Join(folder, key):               0o600,
	} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v (%v), want %v", name, info.Mode(), err, want)
		}
	}
}

// A file is truncated during a download, which has to fail instead of ending early.
func TestTruncatedFileFailsTheDownload(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s, key := openStore(t, folder), storetest.Key()
	blob := storetest.Blob(10_000)
	if err := s.Put(t.Context(), key, bytes.NewReader(blob), 10_000); err != nil {
		t.Fatal(err)
	}
	body, err := s.Get(t.Context(), key, 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = body.Close() }()
	if err := os.Truncate(filepath.Join(folder, key), 5_000); err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("read %d bytes, %v, want %v", len(data), err, io.ErrUnexpectedEOF)
	}
}
