//go:build clockfile

package main

import (
	"os"
	"strings"
	"time"
)

// clock returns a clock that is wrong by the duration in CLOCK_FILE, for tests in which clocks step. No release is built
// with this file.
func clock(getenv func(string) string) func() time.Time {
	name := getenv("CLOCK_FILE")
	return func() time.Time {
		text, err := os.ReadFile(name)
		if err != nil {
			return time.Now()
		}
		offset, err := time.ParseDuration(strings.TrimSpace(string(text)))
		if err != nil {
			return time.Now()
		}
		return time.Now().Add(offset)
	}
}
