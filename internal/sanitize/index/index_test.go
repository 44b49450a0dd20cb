package index_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/adiuva/cloud-api/internal/sanitize/index"
)

// random returns n random symbols up to most.
func random(r *rand.Rand, n, most int) []uint8 {
	out := make([]uint8, n)
	for i := range out {
		out[i] = uint8(1 + r.IntN(most))
	}
	return out
}

// matchesIn returns the matches that a reader finds in symbols.
func matchesIn(x *index.Index, symbols []uint8) (list []index.Match) {
	var r index.Reader
	r.Read(x, symbols, func(m index.Match) { list = append(list, m) })
	return append(list, r.Open())
}

// TestEverySecretIsFound builds many small indexes, so that the places of seeds are everywhere in their tables.
func TestEverySecretIsFound(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		stride := 1 + r.IntN(16)
		var secrets [][]uint8
		for range 1 + r.IntN(4) {
			secrets = append(secrets, random(r, 60+r.IntN(100), 26))
		}
		for _, x := range []*index.Index{index.New(8, stride, secrets...), index.NewPacked(8, stride, secrets...)} {
			for i, s := range secrets {
				from, to := x.Bounds(i)
				list := matchesIn(x, s)
				m := list[len(list)-1]
				if m.From+m.Len != to || m.Len < len(s)-3*stride || x.Owner(from) != i || x.Owner(to-1) != i {
					t.Fatalf("of a secret at [%d, %d) %+v was found", from, to, m)
				}
			}
		}
	}
}

// TestBeginningsOfMatchesAreAlive reads parts of secrets that are too short for a match. The secrets have few and many
// different rows of four symbols, in alphabets of letters, of fewer and of more symbols.
func TestBeginningsOfMatchesAreAlive(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for _, size := range []int{100, 10_000, 200_000} {
		for _, alphabet := range []int{3, 26, 31} {
			secret := random(r, size, alphabet)
			x := index.New(8, 16, secret)
			for range 2000 {
				var reader index.Reader
				n := 4 + r.IntN(4)
				from := r.IntN(len(secret) - n)
				reader.Read(x, secret[from:from+n], func(index.Match) {})
				if alive := reader.Alive(x); alive < n {
					t.Fatalf("only %d of %d symbols of a secret are alive", alive, n)
				}
			}
		}
	}
}

// TestFewSymbolsAreAliveByChance reads random letters with secrets that have a fifth of all rows of four.
func TestFewSymbolsAreAliveByChance(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	x := index.New(8, 16, random(r, 100_000, 26))
	sum := 0
	for range 1000 {
		var reader index.Reader
		reader.Read(x, random(r, 8, 26), func(index.Match) {})
		sum += reader.Alive(x)
	}
	if sum > 3500 {
		t.Errorf("on average %d letters in 1000 texts are alive", sum)
	}
}

// backwards returns symbols backwards.
func backwards(symbols []uint8) []uint8 {
	out := slices.Clone(symbols)
	slices.Reverse(out)
	return out
}

// stepsOf returns the differences of letters at a distance.
func stepsOf(letters []uint8, lag int) (out []uint8) {
	for i := lag; i < len(letters); i++ {
		out = append(out, index.Step(letters[i-lag], letters[i]))
	}
	return out
}

// TestDerivedIndexesFindWhatOthersFind compares indexes of what rules make from letters with those of texts that were
// made in advance.
func TestDerivedIndexesFindWhatOthersFind(t *testing.T) {
	t.Parallel()
	letter := func(text []uint8, p, _ int) uint8 { return text[p] }
	for name, c := range map[string]struct {
		rule index.Rule
		of   func(letters []uint8) []uint8
	}{
		"backwards": {index.Rule{Backward: true, Symbol: letter}, backwards},
		"steps":     {index.Steps(1, false), func(s []uint8) []uint8 { return stepsOf(s, 1) }},
		"steps backwards": {index.Steps(1, true),
			func(s []uint8) []uint8 { return stepsOf(backwards(s), 1) }},
		"steps at a distance": {index.Steps(7, false), func(s []uint8) []uint8 { return stepsOf(s, 7) }},
	} {
		r := rand.New(rand.NewPCG(7, 8))
		var secrets, made [][]uint8
		for n := range 30 {
			secrets = append(secrets, random(r, n*n, 26)) // the first are shorter than a distance
			made = append(made, c.of(secrets[n]))
		}
		derived, other := index.Derive(index.New(8, 2, secrets...), c.rule, 8, 6), index.New(8, 6, made...)
		for i, want := range made {
			from, to := derived.Bounds(i)
			for n, symbol := range want {
				if got := derived.At(from + n); got != symbol {
					t.Fatalf("%s: symbol %d of secret %d is %d instead of %d", name, n, i, got, symbol)
				}
			}
			if from <= to && (to-from != len(want) || derived.At(to) != 0) {
				t.Errorf("%s: secret %d of %d symbols is at [%d, %d)", name, i, len(want), from, to)
			}
			if len(want) < 60 {
				continue
			}
			text := slices.Concat(random(r, 20, 26), want[:len(want)/2], random(r, 20, 26), want[len(want)/2:])
			a, b := matchesIn(derived, text), matchesIn(other, text)
			otherFrom, _ := other.Bounds(i)
			if last, wanted := a[len(a)-1], b[len(b)-1]; last.From+last.Len-from != wanted.From+wanted.Len-otherFrom {
				t.Errorf("%s: in secret %d %v were found instead of %v", name, i, a, b)
			}
		}
	}
}
