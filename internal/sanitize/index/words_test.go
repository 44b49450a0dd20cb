package index_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/adiuva/cloud-api/internal/sanitize/index"
)

// randomWords returns secrets of words with up to 200 different keys, two of which are frequent.
func randomWords(r *rand.Rand) (secrets [][]index.Word) {
	from := int32(1)
	for range 1 + r.IntN(3) {
		var words []index.Word
		for range r.IntN(200) {
			w := index.Word{Key: uint32(1 + r.IntN(200)), From: from, Len: uint16(1 + r.IntN(32))}
			if w.Bits = uint16(r.IntN(7)); w.Bits < 2 {
				w.Key, w.Len = uint32(1+r.IntN(2)), 4
			}
			words = append(words, w)
			from += int32(w.Len)
		}
		secrets = append(secrets, words)
		from++
	}
	return secrets
}

// TestAllPairsOfWordsAreFound compares what is found for each pair with a search of all words.
func TestAllPairsOfWordsAreFound(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	frequent := 0
	for range 200 {
		secrets := randomWords(r)
		want := map[[2]uint32][]index.Pair{}
		for _, s := range secrets {
			for i := range s {
				for j := i + 1; j < min(i+3, len(s)); j++ {
					if s[i].Len+s[j].Len >= 4 {
						keys := [2]uint32{s[i].Key, s[j].Key}
						want[keys] = append(want[keys], index.Pair{First: s[i], Second: s[j]})
					}
				}
			}
		}
		w := index.NewWords(secrets...)
		for keys, pairs := range want {
			if len(pairs) > index.MaxPairs {
				frequent++
				pairs = nil
			}
			found := w.Find(keys[0], keys[1], nil)
			if !sameInAnyOrder(found, pairs) {
				t.Fatalf("the pair %d is %v instead of %v", keys, found, pairs)
			}
			if !w.Has(keys[0]) || len(pairs) > 0 && !w.MayFind(keys[0], keys[1]) {
				t.Fatalf("the pair %d is not known", keys)
			}
		}
	}
	if frequent == 0 {
		t.Error("no pair was too frequent")
	}
}

// TestWordsTooFarAreLeftOut has words of which one is too far from the beginning to be stored.
func TestWordsTooFarAreLeftOut(t *testing.T) {
	t.Parallel()
	word := func(key uint32, from int32) index.Word { return index.Word{Key: key, From: from, Len: 5, Bits: 5} }
	w := index.NewWords([]index.Word{word(1, 1), word(2, 1<<24-5), word(3, 1<<24)})
	if len(w.Find(1, 2, nil)) != 1 || len(w.Find(2, 3, nil)) != 0 {
		t.Error("other words were left out")
	}
}

func sameInAnyOrder(a, b []index.Pair) bool {
	for _, p := range a {
		if !slices.Contains(b, p) {
			return false
		}
	}
	return len(a) == len(b)
}
