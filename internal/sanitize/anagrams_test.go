package sanitize_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/sanitize"
)

// TestLettersInAnyOrderAreFound shuffles the letters of stretches of every length of secrets in random letters, whose
// frequencies differ as in a language.
func TestLettersInAnyOrderAreFound(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	letters := func(n int) string {
		text := make([]byte, n)
		for i := range text {
			text[i] = 'a' + byte(min(r.IntN(26), r.IntN(26)))
		}
		return string(text)
	}
	var texts []string
	var secrets []sanitize.Secret
	for i := range 12 {
		texts = append(texts, letters(200+100*i))
		secrets = append(secrets, sanitize.Secret{ID: fmt.Sprint(i), Text: texts[i]})
	}
	f := sanitize.New(secrets...)
	for n := 40; n <= 700; n += 1 + n/16 {
		secret := 0
		for len(texts[secret]) < n {
			secret++
		}
		secret += r.IntN(len(texts) - secret)
		from := r.IntN(len(texts[secret]) - n + 1)
		stretch := []byte(texts[secret][from : from+n])
		r.Shuffle(n, func(i, j int) { stretch[i], stretch[j] = stretch[j], stretch[i] })
		var words []string
		for len(stretch) > 0 {
			size := min(3+r.IntN(6), len(stretch))
			words, stretch = append(words, string(stretch[:size])), stretch[size:]
		}
		_, hit := f.Scope().Text(strings.Join(words, " "))
		if hit == nil || hit.SecretID != fmt.Sprint(secret) {
			t.Errorf("%d letters of secret %d from %d on: %v", n, secret, from, hit)
		}
	}
}

// TestWordsOfAPartAreCounted compares the set of words with a list of their places.
func TestWordsOfAPartAreCounted(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 8))
	for range 2_000 {
		text := make([]byte, r.IntN(700))
		for i := range text {
			text[i] = "ab \n"[r.IntN(4)]
		}
		isLetter := func(i int) bool { return i >= 0 && i < len(text) && text[i] >= 'a' }
		var places []int
		for i := range text {
			if isLetter(i) && !isLetter(i-1) && r.IntN(3) > 0 {
				places = append(places, i)
			}
		}
		from, to := r.IntN(len(text)+1), r.IntN(len(text)+1)
		if from > to || isLetter(from-1) || isLetter(to) {
			continue
		}
		want := 0
		for _, place := range places {
			if place >= from && place < to {
				want++
			}
		}
		if got := sanitize.WordsIn(places, from, to); got != want {
			t.Fatalf("%q has %d words of %v in [%d, %d), want %d", text, got, places, from, to, want)
		}
	}
}
