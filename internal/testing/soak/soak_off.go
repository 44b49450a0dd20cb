//go:build !soak

// Package soak says whether the tests run as `make soak` runs them: alone on the machine, for as long as they need.
// Tests use it to repeat more and to hold deadlines to the second, which a machine busy with other tests cannot.
package soak

// Enabled is true with the build tag soak.
const Enabled = false
