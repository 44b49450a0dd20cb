//go:build !linux

package main

import "syscall"

// killWithParent does nothing on this system: servers are stopped only when this process exits normally.
func killWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
