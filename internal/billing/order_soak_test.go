//go:build soak

package billing_test

func init() { orderStride = 1 }
