//go:build clockfile

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestClockOfAFileStepsTheWallClockAlone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "clock")
	now := clock(func(string) string { return file })
	for _, offset := range []time.Duration{0, 2 * time.Hour, -2 * time.Hour} {
		before := now()
		if err := os.WriteFile(file, []byte(offset.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		after := now()
		if wall := after.Round(0).Sub(time.Now().Round(0)); (wall - offset).Abs() > time.Minute {
			t.Errorf("%v: the wall clock is wrong by %v", offset, wall)
		}
		if elapsed := after.Sub(before); elapsed < 0 || elapsed > time.Minute {
			t.Errorf("%v: %v passed", offset, elapsed)
		}
	}
}
