//go:build !linux

package devpg

import "os"

// roomyFolder returns the folder for temporary clusters.
func roomyFolder() string { return os.TempDir() }
