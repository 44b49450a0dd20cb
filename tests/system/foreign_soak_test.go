//go:build soak

package system_test

import (
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/testing/storetest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// TestSoakBackupsOfOthersTakeEqualTime asks 500 times for another's backup and 500 times for one that is nobody's, in turns, three times
// over: the median of the three differences between their medians lies within 10 %.
func TestSoakBackupsOfOthersTakeEqualTime(t *testing.T) {
	t.Attr("case", "C94")
	v := startBackups(t, nil)
	owner, other := v.createUser("owner@example.com", tier.Pro), v.createUser("other@example.com", tier.Pro)
	id := v.upload(owner, storetest.Blob(1000))
	var differences []float64
	for range 3 {
		a, b := v.medianTimes(other, id)
		differences = append(differences, float64(a)/float64(b)-1)
		t.Logf("medians: another's %v, nobody's %v (%+.1f %%)", a, b, 100*differences[len(differences)-1])
	}
	slices.Sort(differences)
	if math.Abs(differences[1]) > 0.1 {
		t.Errorf("they can be told apart")
	}
}

// askInTurns returns the median times for a backup that is another's and for one that is nobody's.
func (v *backupAPI) medianTimes(me header, id string) (another, nobody time.Duration) {
	took := map[bool][]time.Duration{}
	for n := range 1000 {
		foreign, path := n%2 == 0, "/"+uuid.NewString()
		if foreign {
			path = "/" + id
		}
		begun := time.Now()
		if got := v.get(path, me); got.Status != http.StatusNotFound {
			v.T.Fatal(got.Status)
		}
		took[foreign] = append(took[foreign], time.Since(begun))
	}
	slices.Sort(took[true])
	slices.Sort(took[false])
	return took[true][250], took[false][250]
}
