//go:build !linux

package main

import "syscall"

// endWithParent cannot be had here: a peer ends when this process ends in good order.
func endWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
