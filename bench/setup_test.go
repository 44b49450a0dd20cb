// Package bench_test measures the whole service beside references: a bare Go handler, a reverse proxy, nginx and
// others do the same work in the same run, so that results are ratios. `make bench` runs it.
package bench_test

import (
	"testing"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const password = "correct horse battery"
