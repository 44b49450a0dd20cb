//go:build !linux

package devpg

import (
	"os"
	"syscall"
)

// sysProcAttr makes a program run as the owner and in a process group of its own. There is no parent-death signal here:
// a server whose parent was killed keeps running, and the next start in its folder fails until it is stopped.
func sysProcAttr(o *owner) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if o != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
	}
	return attr
}

// tempParent returns the folder for temporary clusters.
func tempParent() string { return os.TempDir() }
