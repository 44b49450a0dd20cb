package main

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// keepCollector restores the process's own settings after the test. Such tests must not run in parallel.
func keepCollector(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(math.MaxInt64)
	t.Cleanup(func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	})
}

func TestMemoryLimitFollowsTheHeap(t *testing.T) {
	keepCollector(t)
	collectGarbage(t.Context(), func(string) string { return "" })
	if percent, limit := debug.SetGCPercent(gcPercent), debug.SetMemoryLimit(-1); percent != 400 || limit != 56<<20 {
		t.Errorf("GOGC %d, limit of %d bytes", percent, limit)
	}
	const size = 100 << 20
	limitAfterCollection := func() int64 {
		runtime.GC()
		return debug.SetMemoryLimit(-1)
	}
	large := make([]byte, size)
	pgtest.Eventually(t, time.Minute, func() error {
		if limit := limitAfterCollection(); limit < 2*size {
			return fmt.Errorf("limit of %d bytes while %d are in use", limit, size)
		}
		return nil
	})
	runtime.KeepAlive(large)
	large = nil
	pgtest.Eventually(t, time.Minute, func() error {
		if limit := limitAfterCollection(); limit >= 2*size {
			return fmt.Errorf("limit of %d bytes when nothing is in use any more", limit)
		}
		return nil
	})
}

func TestCollectorObeysTheEnvironment(t *testing.T) {
	keepCollector(t)
	collectGarbage(t.Context(), func(name string) string {
		return map[string]string{"GOGC": "77", "GOMEMLIMIT": "1GiB"}[name]
	})
	runtime.GC()
	if percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1); percent != 100 || limit != math.MaxInt64 {
		t.Errorf("GOGC %d, limit of %d bytes, although the runtime has both from the environment", percent, limit)
	}
}
