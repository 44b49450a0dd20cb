//go:build soak

package soak

// Enabled is true with the build tag soak.
const Enabled = true
