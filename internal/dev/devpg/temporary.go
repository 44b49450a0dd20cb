package devpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	temporaryPrefix = "adiuva-pg-"
	lockGracePeriod = 10 * time.Second // between creating a folder and locking it
)

// StartTemporary starts a server whose data is removed when it stops, in memory where there is room. cfg.DataDir is not
// used. It also removes the folders that temporary servers of killed processes left behind.
func StartTemporary(ctx context.Context, cfg Config) (*Server, error) {
	parent := tempParent()
	removeAbandoned(parent)
	dir, err := os.MkdirTemp(parent, temporaryPrefix)
	if err != nil {
		return nil, fmt.Errorf("devpg: %w", err)
	}
	if err := os.Chmod(dir, 0o711); err != nil { // must be traversable for the unprivileged user
		return nil, fmt.Errorf("devpg: %w", err)
	}
	cfg.DataDir = dir
	cfg.Durable = false
	s, err := Start(ctx, cfg)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s.temporary = true
	return s, nil
}

// removeAbandoned removes the folders of servers whose process is gone, which is when their lock is free.
func removeAbandoned(parent string) {
	locks, _ := filepath.Glob(filepath.Join(parent, temporaryPrefix+"*", "lock"))
	for _, name := range locks {
		info, err := os.Stat(name)
		if err != nil || time.Since(info.ModTime()) < lockGracePeriod {
			continue // the process that created it may not have locked it yet
		}
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(filepath.Dir(name)) // after an error the next start tries again
		}
		_ = f.Close()
	}
}
