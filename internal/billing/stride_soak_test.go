//go:build soak

package billing_test

const orderStride = 1
