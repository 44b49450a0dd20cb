package main

import "syscall"

// killWithParent makes the kernel kill a server when this process dies.
func killWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
