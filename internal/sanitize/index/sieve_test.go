package index_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/adiuva/cloud-api/internal/sanitize/index"
)

// TestSieveMissesNoMatch puts parts of a secret, forwards and backwards, anywhere into random symbols.
func TestSieveMissesNoMatch(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	symbols := func(n int) []uint8 {
		out := make([]uint8, n)
		for i := range out {
			out[i] = uint8(1 + r.IntN(26))
		}
		return out
	}
	secret := symbols(500)
	sieve := index.NewSieve(index.New(8, 2, symbols(40), secret, symbols(30)))
	const least = 12
	passed := 0
	for range 20_000 {
		before := r.IntN(60)
		text := symbols(before + least + r.IntN(60))
		if sieve.Next(text, 0, least) < 0 {
			passed++
		}
		from := r.IntN(len(secret) - least)
		copy(text[before:], secret[from:from+least])
		if r.IntN(2) == 0 {
			slices.Reverse(text[before : before+least])
		}
		if end := sieve.Next(text, before, least); end < before || end > before+least {
			t.Fatalf("a match at %d was found at %d", before, end)
		}
	}
	if passed < 10_000 {
		t.Errorf("only %d of 20,000 random texts have nothing of the secret", passed)
	}
}
