package soak

import (
	"math"
	"time"
)

// RankTest returns the two-sided p of the Mann-Whitney U test by its normal approximation: how likely samples that
// differ as much are if both have one distribution. Ties should be rare.
func RankTest(a, b []time.Duration) float64 {
	u := 0.0
	for _, x := range a {
		for _, y := range b {
			switch {
			case x > y:
				u++
			case x == y:
				u += 0.5
			}
		}
	}
	n, m := float64(len(a)), float64(len(b))
	z := (u - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
	return math.Erfc(math.Abs(z) / math.Sqrt2)
}
