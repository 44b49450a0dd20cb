// Package bench_test measures the whole service beside references that do the same work at the same time, so that
// results are ratios. `make bench` runs BenchmarkService, which prints one table with the goals of docs/performance.md.
//
// The service is the real binary, as `serve` starts it. Every gateway is a process of its own with one processor;
// load and model are raw sockets in this process. Gateways take turns in short batches, and a ratio is the median of
// the ratios of all rounds, because what else runs on the machine then touches both sides alike.
package bench_test

import "testing"

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const password = "correct horse battery"
