//go:build soak

package sanitize_test

import (
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

// TestEveryStreamedAttackLetsNothingOut streams every attack in every disguise.
func TestEveryStreamedAttackLetsNothingOut(t *testing.T) {
	t.Parallel()
	f := newFilter()
	for _, tr := range leaktest.Transforms() {
		t.Run(tr.ID, func(t *testing.T) {
			t.Parallel()
			for n, a := range leaktest.Attacks() {
				nothingOut(t, f, tr, a, n)
			}
		})
	}
}
