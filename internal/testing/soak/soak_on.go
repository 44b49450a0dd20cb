//go:build soak

// Package soak says whether tests run in their long form, which the build tag soak selects: every combination instead
// of a sample, minutes instead of seconds. Tests only.
package soak

// Enabled is true when tests are built with -tags soak.
const Enabled = true
