package devpg

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ensureCluster creates the cluster if there is none and returns its password.
func (s *Server) ensureCluster(ctx context.Context, bin string, owner *owner) (string, error) {
	file := filepath.Join(s.cfg.DataDir, "password")
	data := filepath.Join(s.cfg.DataDir, "data")
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); err == nil {
		password, err := os.ReadFile(file)
		return string(password), err
	}
	s.cfg.Progress("Making a PostgreSQL cluster in " + s.cfg.DataDir)
	password, err := newPassword()
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		return "", err
	}
	incomplete := data + ".new"
	if err := s.initdb(ctx, bin, owner, incomplete, password); err != nil {
		return "", err
	}
	return password, os.Rename(incomplete, data)
}

// initdb creates a cluster in dir. Whatever is there, such as an incomplete cluster, is removed first.
func (s *Server) initdb(ctx context.Context, bin string, owner *owner, dir, password string) (err error) {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	passwordFile := filepath.Join(s.cfg.DataDir, "password.initdb") // the owner cannot read the other password file
	if err := os.WriteFile(passwordFile, []byte(password), 0o600); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(passwordFile)) }()
	if err := errors.Join(owner.chown(dir), owner.chown(passwordFile)); err != nil {
		return err
	}
	args := []string{
		"-D", dir, "-U", "postgres", "-A", "scram-sha-256", "--pwfile=" + passwordFile, "-E", "UTF8", "--no-locale",
	}
	if !s.cfg.Durable {
		args = append(args, "--no-sync")
	}
	cmd := newCommand(ctx, owner, s.cfg.DataDir, filepath.Join(bin, "initdb"), args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb failed: %w: %s", err, out)
	}
	return nil
}

func newPassword() (string, error) {
	b := make([]byte, 24)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	return hex.EncodeToString(b), nil
}
