package devpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// owner is the user the server runs as; nil means the one we are.
type owner struct {
	name     string
	uid, gid int
}

// dropTo returns whom to run as: PostgreSQL refuses root, so root becomes the owner of the data there are, else postgres,
// else nobody.
func unprivilegedUser(data string) (*owner, error) {
	self := os.Geteuid()
	info, err := os.Stat(data)
	if err == nil {
		if has, ok := info.Sys().(*syscall.Stat_t); ok && self != 0 && int(has.Uid) != self {
			return nil, fmt.Errorf("%s belongs to user %d: run as that user or set another ADIUVA_DATA_DIR", data, has.Uid)
		} else if ok && self == 0 && has.Uid != 0 {
			return &owner{name: "user " + strconv.Itoa(int(has.Uid)), uid: int(has.Uid), gid: int(has.Gid)}, nil
		}
	}
	if self != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		return &owner{name: name, uid: uid, gid: gid}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root and there is no user postgres or nobody to drop to")
}

// own gives the folder to the owner.
func (o *owner) chown(path string) error {
	if o == nil {
		return nil
	}
	return os.Chown(path, o.uid, o.gid)
}

// prepare makes the folder and checks that the owner can enter it. Folders that are ours become passable: those made
// here, the folder itself, and the service's data directory above it, unless that is our home.
func prepareFolder(dir string, o *owner) error {
	if err := makeFolders(dir); err != nil {
		return err
	}
	if o == nil {
		return nil
	}
	for path := dir; path != "/"; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o001 != 0 {
			continue
		}
		if path == dir || path == filepath.Dir(dir) && path != os.Getenv("HOME") {
			err = os.Chmod(path, info.Mode().Perm()|0o001)
		} else {
			err = fmt.Errorf("PostgreSQL runs as %s and cannot pass through %s: run 'chmod o+x %s' or set ADIUVA_DATA_DIR to a folder it can reach, such as /var/lib/adiuva",
				o.name, path, path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// makeAll makes missing folders with mode 0711: passable, not listable. The process's umask does not apply.
func makeFolders(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := makeFolders(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o711); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return os.Chmod(dir, 0o711)
}

// lockFolder makes this process the only one that runs a server in the folder; the lock goes with the process.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another process runs PostgreSQL in %s: stop it or set another ADIUVA_DATA_DIR", dir), f.Close())
	}
	return f, nil
}

// postmasterFile returns the lines of the running server's postmaster.pid: its process id first, its port fourth.
func readPostmasterPID(dir string) ([]string, error) {
	b, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(b), "\n")
	if len(lines) < 4 {
		return nil, errors.New("postmaster.pid is not complete")
	}
	return lines, nil
}

// goneTimeout is how long the server of a killed parent may take to end by itself.
const exitTimeout = 10 * time.Second

// awaitGone waits until a server that a killed parent left behind has ended.
func waitForExit(ctx context.Context, dir string) error {
	lines, err := readPostmasterPID(dir)
	if err != nil {
		return nil
	}
	pid, err := strconv.Atoi(lines[0])
	if err != nil || pid <= 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, exitTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for isPostgres(pid) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("a PostgreSQL with process id %d still runs in %s: stop it first", pid, dir)
		case <-tick.C:
		}
	}
	return nil
}

// isPostgres reports whether the process lives and is a PostgreSQL, for ids are used again.
func isPostgres(pid int) bool {
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return err != nil || strings.TrimSpace(string(name)) == "postgres"
}

// command prepares a program that runs as the owner, in a process group of its own so that Ctrl-C does not reach it.
func newCommand(ctx context.Context, o *owner, dir, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"} // and none of the service's secrets
	cmd.SysProcAttr = sysProcAttr(o)
	return cmd
}
