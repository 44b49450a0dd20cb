package devpg

import (
	"os"
	"syscall"
)

const enoughMemory = 1 << 30 // bytes free in /dev/shm; Docker's default is 64 MB in all

// roomyFolder returns the fastest folder with room for a small cluster.
func roomyFolder() string {
	var fs syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &fs); err == nil && fs.Bavail*uint64(fs.Bsize) >= enoughMemory {
		return "/dev/shm"
	}
	return os.TempDir()
}
