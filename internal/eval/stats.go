package eval

import (
	"math"
	"slices"
	"time"
)

// Rate is how many of all are right.
type Rate struct{ Right, All int }

// Share returns the part that is right, from 0 to 1; 0 of none.
func (r Rate) Share() float64 {
	if r.All == 0 {
		return 0
	}
	return float64(r.Right) / float64(r.All)
}

// z95 is the quantile of the normal distribution for an interval of 95 %.
const z95 = 1.959963984540054

// Wilson returns the Wilson score interval of 95 %, from 0 to 1. Of none it is all.
func (r Rate) Wilson() (low, high float64) {
	if r.All == 0 {
		return 0, 1
	}
	n, p := float64(r.All), r.Share()
	scale := 1 + z95*z95/n
	middle := (p + z95*z95/(2*n)) / scale
	half := z95 * math.Sqrt(p*(1-p)/n+z95*z95/(4*n*n)) / scale
	return max(0, middle-half), min(1, middle+half)
}

// McNemar returns the two-sided p-value of McNemar's exact test: how likely a difference at least as large is if each
// of the scenarios on which two runs differ was as likely to turn out for one as for the other.
func McNemar(better, worse int) float64 {
	n := better + worse
	if n == 0 {
		return 1
	}
	sum := 0.0
	for i := range min(better, worse) + 1 {
		sum += math.Exp(logChoose(n, i) - float64(n)*math.Ln2)
	}
	return min(1, 2*sum)
}

// logChoose returns the logarithm of n over k.
func logChoose(n, k int) float64 {
	of := func(x int) float64 {
		value, _ := math.Lgamma(float64(x + 1))
		return value
	}
	return of(n) - of(k) - of(n-k)
}

// quantile returns the value that the part q of the values does not exceed (nearest rank); 0 of none.
func quantile(values []time.Duration, q float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}
