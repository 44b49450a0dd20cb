package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// How the process collects garbage, unless GOGC or GOMEMLIMIT says otherwise. Collections are rare while the heap is
// small: answers of POST /chat took 0.82 of the CPU time that they took with GOGC=50, and 0.93 of it at Go's default of
// 100. An upload of 1 GiB to S3 may take 32 MiB. With GOGC=400 alone it took 39, beside a limit of 72 MiB 35, and
// beside this one 24, without a measurable price for answers.
//
// A fixed limit would make the collector work without end once more than that is in use. It is therefore never below
// twice the live heap. The limit counts stacks and the runtime's own memory too, so that a process with many streams
// takes about as much as with GOGC=50.
const (
	gcPercent      = 400
	leastMemory    = 56 << 20
	memoryPerAlive = 2
)

// collectGarbage sets GOGC and the memory limit, and lets the limit follow the heap until ctx ends.
func collectGarbage(ctx context.Context, getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if getenv("GOMEMLIMIT") == "" {
		limit := int64(leastMemory)
		debug.SetMemoryLimit(limit)
		afterCollection(ctx, func() {
			if next := memoryLimit(liveHeap()); next > limit || next < limit/4*3 { // a change stops the process shortly
				limit = next
				debug.SetMemoryLimit(next)
			}
		})
	}
}

// memoryLimit returns the limit for a process of which so many bytes are alive.
func memoryLimit(alive int64) int64 { return max(leastMemory, memoryPerAlive*alive) }

// liveHeap returns how many bytes the last collection found in use.
func liveHeap() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// afterCollection calls f after each collection, one call at a time, until ctx ends: the cleanup of an object that
// nothing refers to runs after the next one.
func afterCollection(ctx context.Context, f func()) {
	type unused struct{ _ [64]byte } // larger than what the runtime allocates several of at once
	runtime.AddCleanup(new(unused), func(struct{}) {
		if ctx.Err() == nil {
			f()
			afterCollection(ctx, f)
		}
	}, struct{}{})
}
