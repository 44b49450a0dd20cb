//go:build !linux

package s3test

import "syscall"

// killWithParent does nothing here: there is no parent-death signal, so the server only ends when this process
// exits normally.
func killWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
