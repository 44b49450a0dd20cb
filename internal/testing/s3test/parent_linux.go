package s3test

import "syscall"

// killWithParent makes the kernel kill a child process when this process is killed.
func killWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
