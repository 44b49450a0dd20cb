//go:build !soak

package httpapi_test

// exactClock makes tests hold the contract's deadlines to the second. On a machine that is busy with other packages' tests
// a second can pass without anybody's fault, so only `make soak`, which runs them alone, does.
const exactClock = false
