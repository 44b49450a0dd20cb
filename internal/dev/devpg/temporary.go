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
	lockGracePeriod         = 10 * time.Second // from making a folder to taking its lock
)

// StartTemporary starts a server whose data are gone with it, in memory where there is room. cfg.DataDir is not used.
// What earlier servers of killed processes left on disk is removed.
func StartTemporary(ctx context.Context, cfg Config) (*Server, error) {
	parent := tempParent()
	removeAbandoned(parent)
	dir, err := os.MkdirTemp(parent, temporaryPrefix)
	if err != nil {
		return nil, fmt.Errorf("devpg: %w", err)
	}
	if err := os.Chmod(dir, 0o711); err != nil { // the user that root drops to must pass
		return nil, fmt.Errorf("devpg: %w", err)
	}
	cfg.DataDir, cfg.Durable = dir, false
	s, err := Start(ctx, cfg)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s.temporary = true
	return s, nil
}

// sweep removes the folders of servers whose owner is gone, which their free lock tells.
func removeAbandoned(parent string) {
	locks, _ := filepath.Glob(filepath.Join(parent, temporaryPrefix+"*", "lock"))
	for _, name := range locks {
		info, err := os.Stat(name)
		if err != nil || time.Since(info.ModTime()) < lockGracePeriod {
			continue // its maker may be about to take it
		}
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(filepath.Dir(name)) // the next start tries again
		}
		_ = f.Close()
	}
}
