//go:build soak

package httpapi_test

// exactClock makes tests hold the contract's deadlines to the second.
const exactClock = true
