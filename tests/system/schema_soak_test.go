//go:build soak

package system_test

import "testing"

// TestSoakGeneratedRequestsMatchTheContract sends 2,000 requests to every operation.
func TestSoakGeneratedRequestsMatchTheContract(t *testing.T) {
	sendGeneratedRequests(t, 2000)
}
