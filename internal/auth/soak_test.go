//go:build soak

package auth_test

import (
	"context"
	"math"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/testing/soak"
)

// TestSoakLoginTiming alternates 300 log-ins with an unknown e-mail and 300 with a wrong password. Their medians
// must be within 5 %, and a rank test (Mann-Whitney, two-sided) must not distinguish them.
func TestSoakLoginTiming(t *testing.T) {
	t.Attr("case", "C04")
	e := newEnv(t)
	s := e.replica(t, func(c *auth.Config) { c.BcryptCost = 8 })
	register(t, s)
	const tries = 300
	var unknown, wrong []time.Duration
	login := func(address string, took *[]time.Duration) {
		start := time.Now()
		_, err := s.Login(t.Context(), auth.Credentials{Email: address, Password: "not the password"})
		*took = append(*took, time.Since(start))
		wantCode(t, err, "invalid_credentials")
	}
	for i := range tries {
		if i%2 == 0 { // the second of a pair finds warmer caches
			login("nobody@example.com", &unknown)
			login(email, &wrong)
		} else {
			login(email, &wrong)
			login("nobody@example.com", &unknown)
		}
	}
	p := soak.RankTest(unknown, wrong)
	slices.Sort(unknown)
	slices.Sort(wrong)
	a, b := unknown[tries/2], wrong[tries/2]
	t.Logf("medians: unknown %v, wrong %v (%+.2f %%), p = %.3f", a, b, 100*(float64(a)/float64(b)-1), p)
	if difference := math.Abs(float64(a)/float64(b) - 1); difference > 0.05 {
		t.Errorf("the medians differ by %.1f %%", 100*difference)
	}
	if p <= 0.01 {
		t.Errorf("p = %.4f: the two can be distinguished", p)
	}
}

// TestSoakLoginStorm compares the rate of 32 concurrent log-ins with that of bcrypt alone on as many CPUs as the hasher
// uses: all but one, which is left to other requests.
func TestSoakLoginStorm(t *testing.T) {
	e := newEnv(t)
	const cost = 10
	s := e.replica(t, func(c *auth.Config) { c.BcryptCost = cost })
	register(t, s)
	hash, err := bcrypt.GenerateFromPassword([]byte(password), cost)
	if err != nil {
		t.Fatal(err)
	}
	ours := rate(t, 32, func(ctx context.Context) error {
		_, err := s.Login(ctx, auth.Credentials{Email: email, Password: password})
		return err
	})
	slots := max(1, runtime.GOMAXPROCS(0)-1)
	alone := rate(t, slots, func(context.Context) error {
		return bcrypt.CompareHashAndPassword(hash, []byte(password))
	})
	t.Logf("32 concurrent: %.1f log-ins/s; bcrypt alone on %d CPUs: %.1f/s; ratio %.2f", ours, slots, alone, ours/alone)
	if ours < 0.9*alone {
		t.Errorf("log-ins reach %.2f of bcrypt's rate, want 0.9", ours/alone)
	}
}

// rate runs f on n goroutines for five seconds and returns its successes per second.
func rate(t *testing.T, n int, f func(ctx context.Context) error) float64 {
	t.Helper()
	done := make(chan int, n)
	start := time.Now()
	for range n {
		go func() {
			count := 0
			for time.Since(start) < 5*time.Second {
				if err := f(t.Context()); err == nil {
					count++
				}
			}
			done <- count
		}()
	}
	total := 0
	for range n {
		total += <-done
	}
	return float64(total) / time.Since(start).Seconds()
}

// TestSoakADayOfGuesses is TestOwnerSignsInWhileAThousandAddressesGuess for a whole day.
func TestSoakADayOfGuesses(t *testing.T) {
	t.Attr("case", "S5")
	guessForHours(t, 24)
}
