package devpg

import (
	"os"
	"syscall"
)

// sysProcAttr makes a program run as the owner, in a process group of its own, and end with its parent.
func sysProcAttr(o *owner) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	if o != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
	}
	return attr
}

const minFreeMemory = 1 << 30 // bytes free in /dev/shm; Docker's default is 64 MB in total

// tempParent returns the folder for temporary clusters: in memory where there is room for one.
func tempParent() string {
	var fs syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &fs); err == nil && fs.Bavail*uint64(fs.Bsize) >= minFreeMemory {
		return "/dev/shm"
	}
	return os.TempDir()
}
