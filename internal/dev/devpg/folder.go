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

// owner is the user that the server runs as. A nil owner means the current user.
type owner struct {
	name     string
	uid, gid int
}

// unprivilegedUser returns the user to run the server as. PostgreSQL refuses to run as root, so root uses the owner of
// existing data, or else postgres, or else nobody.
func unprivilegedUser(data string) (*owner, error) {
	self := os.Geteuid()
	info, err := os.Stat(data)
	if err == nil {
		if has, ok := info.Sys().(*syscall.Stat_t); ok && self != 0 && int(has.Uid) != self {
			return nil, fmt.Errorf("%s belongs to user %d: run as that user or set another ADIUVA_DATA_DIR",
				data, has.Uid)
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
		uid, uidErr := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, err
		}
		return &owner{name: name, uid: uid, gid: gid}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root and there is no user postgres or nobody to drop to")
}

// chown makes o the owner of the file or folder.
func (o *owner) chown(path string) error {
	if o == nil {
		return nil
	}
	return os.Chown(path, o.uid, o.gid)
}

// prepareFolder creates the folder and checks that the owner can reach it. New folders, the folder itself and the
// service's data directory above it, unless that is $HOME, are made traversable for everybody.
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
			err = fmt.Errorf("PostgreSQL runs as %s and cannot pass through %s: run 'chmod o+x %s' or set "+
				"ADIUVA_DATA_DIR to a folder it can reach, such as /var/lib/adiuva", o.name, path, path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// makeFolders creates missing folders with mode 0711, traversable but not listable, whatever the umask is.
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

// lockFolder makes this process the only one that runs a server in the folder. The lock ends with the process.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		err := fmt.Errorf("another process runs PostgreSQL in %s: stop it or set another ADIUVA_DATA_DIR", dir)
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// readPostmasterPID returns the lines of postmaster.pid. The first is the process id of the server, the fourth its
// port.
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

// exitTimeout is how long the server of a killed parent may take to exit.
const exitTimeout = 10 * time.Second

// waitForExit waits until a server whose parent was killed has exited.
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

// isPostgres reports whether the process exists and is a PostgreSQL server, since process ids are reused.
func isPostgres(pid int) bool {
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return err != nil || strings.TrimSpace(string(name)) == "postgres"
}

// newCommand returns a command that runs as the owner, in its own process group so that Ctrl-C does not reach it.
func newCommand(ctx context.Context, o *owner, dir, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"} // without the service's secrets
	cmd.SysProcAttr = sysProcAttr(o)
	return cmd
}
