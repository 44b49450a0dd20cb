//go:build clockfile

package main

import (
	"os"
	"strings"
	"time"
	"unsafe"
)

// clock returns a clock that is wrong by the duration in CLOCK_FILE, in whole seconds, for tests in which clocks step.
// As when a machine's clock steps, the monotonic reading stays right. No release is built with this file.
func clock(getenv func(string) string) func() time.Time {
	name := getenv("CLOCK_FILE")
	return func() time.Time {
		now := time.Now()
		text, err := os.ReadFile(name)
		if err != nil {
			return now
		}
		if offset, err := time.ParseDuration(strings.TrimSpace(string(text))); err == nil {
			// The first word of a Time with a monotonic reading has the seconds above 30 bits of nanoseconds.
			*(*uint64)(unsafe.Pointer(&now)) += uint64(int64(offset/time.Second)) << 30
		}
		return now
	}
}
