//go:build soak

package httpapi_test

import (
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/backup/storetest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// TestSoakC94_ForeignTiming asks 500 times for another's backup and 500 times for one that is nobody's, in turns: their
// medians lie within 10 %.
func TestSoakC94_ForeignTiming(t *testing.T) {
	v := startVault(t, nil)
	owner, other := v.member("owner@example.com", tier.Pro), v.member("other@example.com", tier.Pro)
	id := v.stored(owner, storetest.Blob(1000))
	took := map[bool][]time.Duration{}
	for n := range 1000 {
		foreign, path := n%2 == 0, "/"+uuid.NewString()
		if foreign {
			path = "/" + id
		}
		begun := time.Now()
		if got := v.get(path, other); got.status != http.StatusNotFound {
			t.Fatal(got.status)
		}
		took[foreign] = append(took[foreign], time.Since(begun))
	}
	slices.Sort(took[true])
	slices.Sort(took[false])
	a, b := took[true][250], took[false][250]
	difference := float64(a)/float64(b) - 1
	t.Logf("medians: another's %v, nobody's %v (%+.1f %%)", a, b, 100*difference)
	if math.Abs(difference) > 0.1 {
		t.Errorf("they can be told apart")
	}
}
