//go:build soak

package system_test

import "testing"

// TestSoakRequestsDrawnFromTheContract sends 2,000 requests to every operation.
func TestSoakRequestsDrawnFromTheContract(t *testing.T) {
	drawAll(t, 2000)
}
