package decode

import (
	"bytes"
	"compress/flate"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// pick returns n of the parts, at random.
func pick(r *rand.Rand, parts []string, n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(parts[r.IntN(len(parts))])
	}
	return b.String()
}

// TestNothingThatInflatesIsLeftOut compares what mayInflate says with what an Inflater gives, for random bytes and for
// packed texts.
func TestNothingThatInflatesIsLeftOut(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	var inflater Inflater
	unpacked := 0
	check := func(b []byte) {
		if inflater.Unpack(b) == "" {
			return
		}
		unpacked++
		kind := b[0] >> 1 & 3
		if (kind == fixedCodes || kind == dynamicCodes) && len(b) >= 2*minBytes && !mayInflate(b) {
			t.Errorf("%x was left out", b)
		}
	}
	for range 40_000 {
		b := make([]byte, 2*minBytes+r.IntN(40))
		for i := range b {
			b[i] = byte(r.IntN(256))
		}
		check(b)
	}
	words := []string{"the ", "offer ", "went ", "out ", "Q3, ", "on ", "Tuesday.\n", "\x00", "naïve "}
	for range 400 {
		var b bytes.Buffer
		for _, level := range []int{flate.HuffmanOnly, flate.BestSpeed, flate.BestCompression} {
			b.Reset()
			w, _ := flate.NewWriter(&b, level)
			_, _ = w.Write([]byte(pick(r, words, 10+r.IntN(200))))
			_ = w.Close()
			check(b.Bytes())
		}
	}
	if unpacked < 1000 {
		t.Errorf("only %d texts were unpacked", unpacked)
	}
}

// TestOneLetterThatRepeatsIsNoPackedText shows that short texts are unpacked, and those that only repeat a letter are
// not.
func TestOneLetterThatRepeatsIsNoPackedText(t *testing.T) {
	t.Parallel()
	var inflater Inflater
	for text, want := range map[string]bool{
		"moonlitfootballsandbookkeepers":        true,
		"ballooncoffeebee":                      true,
		strings.Repeat("p", 40) + `#"&. ]Z4&`:   false,
		strings.Repeat("pqr ", 12):              true,
		strings.Repeat("p ", 40) + "ballooncof": true,
	} {
		var b bytes.Buffer
		w, _ := flate.NewWriter(&b, flate.HuffmanOnly)
		_, _ = w.Write([]byte(text))
		_ = w.Close()
		b.Write(make([]byte, 2*minBytes))
		if got := inflater.Unpack(b.Bytes()); (got == text) != want || got != "" && got != text {
			t.Errorf("%q: unpacked %q", text, got)
		}
	}
}

// TestEscapesAreThoseOfTheExpression compares escapeLen with a regular expression, for random texts.
func TestEscapesAreThoseOfTheExpression(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^(?i:\\u\{?[0-9a-f]{2,6}\}?|\\x[0-9a-f]{2}|\\[0-7]{3}|u\+[0-9a-f]{4,6}|` +
		`%[0-9a-f]{2}|=[0-9a-f]{2}|=\r?\n|&#x?[0-9a-f]+;)`)
	parts := []string{`\`, "u", "U", "x", "X", "{", "}", "+", "%", "=", "&", "#", ";", "\r", "\n", "0", "7", "8", "a",
		"F", "g", "é"}
	r := rand.New(rand.NewPCG(3, 4))
	found := 0
	for range 60_000 {
		text := pick(r, parts, 1+r.IntN(9))
		want := len(form.FindString(text))
		if got := escapeLen(text); got != want {
			t.Fatalf("escapeLen(%q) = %d, want %d", text, got, want)
		}
		found += min(want, 1)
	}
	if found < 200 {
		t.Errorf("only %d texts had escapes", found)
	}
}

// TestBracketsAreThoseOfTheExpressions compares the texts that tags gives with those of regular expressions.
func TestBracketsAreThoseOfTheExpressions(t *testing.T) {
	t.Parallel()
	forms := []*regexp.Regexp{
		regexp.MustCompile(`<[^<>]{1,200}>|\[[^\[\]]{1,40}\]|\[[0-9;]{1,8}m`),
		regexp.MustCompile(`\([^()]{0,80}\)|\{[^{}]{0,80}\}|\[[0-9;]{1,8}m`),
	}
	parts := []string{"<", ">", "[", "]", "(", ")", "{", "}", "1", ";", "m", "é", "a", "\n", strings.Repeat("b", 39),
		strings.Repeat("ö", 79)}
	r := rand.New(rand.NewPCG(5, 6))
	for range 10_000 {
		text := pick(r, parts, 1+r.IntN(20))
		var got []string
		tags(NewInput(text), func(out Output) bool {
			got = append(got, out.Text)
			return true
		})
		for i, form := range forms {
			if want := form.ReplaceAllString(text, ""); got[i] != want {
				t.Fatalf("%q: got %q, want %q", text, got[i], want)
			}
		}
	}
}
