//go:build !linux

package devpg

import "syscall"

// attributes drop root and leave the terminal's process group. There is no parent-death signal here: a server whose
// parent was killed ends when the next one starts in its folder finds it.
func attributes(o *owner) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true}
	if o != nil {
		a.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
	}
	return a
}
