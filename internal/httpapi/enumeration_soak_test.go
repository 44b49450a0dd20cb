//go:build soak

package httpapi_test

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/soak"
)

// question is a request about an address, of which the answer must not tell whether it has an account.
type question struct {
	name, method, path string
	body               func(address string) string
	status             int
}

// unnoticed is a difference of medians that does not come through a network, whose own varies more from request to
// request. A row that is found takes some 30 µs longer than one that is not.
const unnoticed = 100 * time.Microsecond

// TestSoakAnswersDoNotTellWhoHasAnAccount asks about 300 known and 300 unknown addresses in turn, over HTTP, while the
// mails are being sent. Status, headers and size must be the same and the medians within 5 %. Where they differ by more
// than nobody would notice, a rank test (Mann-Whitney, two-sided) must not tell the durations apart.
func TestSoakAnswersDoNotTellWhoHasAnAccount(t *testing.T) {
	t.Attr("case", "MC44")
	a := apitest.StartConfigured(t, func(c *config.Config) { c.BcryptCost = 8 })
	go a.Mail.Maintain(t.Context())
	me := a.Register("asks@example.com")
	const tries = 300
	for i := range tries {
		a.Register(fmt.Sprintf("known%03d@example.com", i))
	}
	for _, q := range []question{
		{"reset", "POST", "/api/v1/auth/password/reset", func(address string) string {
			return fmt.Sprintf(`{"email":%q}`, address)
		}, http.StatusAccepted},
		{"login", "POST", "/api/v1/auth/login", func(address string) string {
			return fmt.Sprintf(`{"email":%q,"password":"not the password"}`, address)
		}, http.StatusUnauthorized},
		{"change of the address", "PUT", "/api/v1/auth/email", func(address string) string {
			return fmt.Sprintf(`{"email":%q,"password":"correct horse battery"}`, address)
		}, http.StatusAccepted},
	} {
		t.Run(q.name, func(t *testing.T) { q.compare(t, a, me, tries) })
	}
}

// compare asks about every address once, known and unknown in turn, each pair in the other order.
func (q question) compare(t *testing.T, a *apitest.API, me apitest.Header, tries int) {
	t.Helper()
	var known, unknown []time.Duration
	shapes := map[string]bool{}
	ask := func(address string, took *[]time.Duration) {
		body := q.body(address)
		start := time.Now()
		got := a.Do(q.method, q.path, body, me)
		*took = append(*took, time.Since(start))
		if got.Status != q.status {
			t.Fatalf("%s: %d %s", address, got.Status, got.Body)
		}
		names := make([]string, 0, len(got.Header))
		for name := range got.Header {
			names = append(names, name)
		}
		slices.Sort(names)
		shapes[fmt.Sprint(got.Status, len(got.Body), names)] = true
	}
	for i := range tries {
		one, other := fmt.Sprintf("known%03d@example.com", i), fmt.Sprintf("nobod%03d@example.com", i)
		if i%2 == 0 {
			ask(one, &known)
			ask(other, &unknown)
		} else {
			ask(other, &unknown)
			ask(one, &known)
		}
	}
	if len(shapes) != 1 {
		t.Errorf("the answers have different shapes: %v", shapes)
	}
	p := soak.RankTest(known, unknown)
	slices.Sort(known)
	slices.Sort(unknown)
	apart := known[tries/2] - unknown[tries/2]
	difference := float64(apart) / float64(unknown[tries/2])
	t.Logf("%d each; known %v / %v / %v, unknown %v / %v / %v (10th, 50th, 90th of 100); medians %+.2f %%, p = %.3f",
		tries, known[tries/10], known[tries/2], known[tries*9/10], unknown[tries/10], unknown[tries/2],
		unknown[tries*9/10], 100*difference, p)
	if math.Abs(difference) > 0.05 && p <= 0.05 { // a busy machine moves medians by more
		t.Errorf("the medians differ by %.1f %%", 100*difference)
	}
	if p <= 0.001 && apart.Abs() > unnoticed {
		t.Errorf("p = %.4f: the durations tell them apart", p)
	}
}
