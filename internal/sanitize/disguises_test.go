package sanitize_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

// blocked returns in how many of the disguises the secrets of leaktest are blocked, and the ids of those that passed.
func blocked(disguises []leaktest.Transform) (stopped, all int, passed map[string]int) {
	f := newFilter()
	passed = map[string]int{}
	for _, tr := range disguises {
		for _, s := range leaktest.Secrets() {
			if !tr.Catchable || tr.NeedsCanary && s.Canary == "" {
				continue
			}
			all++
			if _, err := stream(f.Scope(), tr.Apply(s.Text), 7); errors.Is(err, sanitize.ErrLeak) {
				stopped++
			} else {
				passed[tr.ID]++
			}
		}
	}
	return stopped, all, passed
}

// TestDisguisesOfAStrangerAreBlocked tries disguises by somebody who had not read the filter. Nobody who works on the
// filter reads the second half of them. docs/prompt-protection.md has the figures.
func TestDisguisesOfAStrangerAreBlocked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		disguises []leaktest.Transform
		percent   int
	}{
		"open":                    {leaktest.UnlistedTransforms(), 99},
		"held out":                {leaktest.HeldOutTransforms(), 90},
		"fillers and other texts": {leaktest.FillerTransforms(), 100},
	} {
		stopped, all, passed := blocked(c.disguises)
		rate := 100 * float64(stopped) / float64(all)
		t.Logf("%s: blocked %d of %d (%.1f %%); passed %v", name, stopped, all, rate, passed)
		if stopped*100 < all*c.percent {
			t.Errorf("%s: blocked only %d of %d", name, stopped, all)
		}
	}
}

// TestFewLettersOfAPieceByPieceLeakAreSent counts the letters of a secret that were emitted before an answer was
// blocked that has the secret in short pieces. All letters of its words that were emitted count.
func TestFewLettersOfAPieceByPieceLeakAreSent(t *testing.T) {
	t.Parallel()
	f := newFilter()
	most := 0
	for _, tr := range leaktest.FillerTransforms() {
		for _, s := range leaktest.Secrets() {
			out, _ := stream(f.Scope(), tr.Apply(s.Text), 5)
			letters := 0
			emitted := strings.Fields(strings.ToLower(out))
			for _, w := range strings.Fields(strings.ToLower(s.Text)) { // in order, each once
				for i, e := range emitted {
					if e == w {
						letters += len(lettersOf(w))
						emitted = emitted[i+1:]
						break
					}
				}
			}
			most = max(most, letters)
			if letters > 120 {
				t.Errorf("%s %s: %d letters of the %s were emitted", tr.ID, tr.Name, letters, s.ID)
			}
		}
	}
	t.Logf("at most %d letters were emitted", most)
}

func TestQuotedDocumentsPass(t *testing.T) {
	t.Parallel()
	f := newFilter()
	for _, q := range leaktest.QuotedAnswers() {
		if _, hit := f.Scope(q.Document).Text(q.Answer); hit != nil {
			t.Errorf("false alarm %+v: %.100q", *hit, q.Answer)
		}
	}
}

// TestWorkGrowsWithTheText filters the worst texts for the views, and twice as much of each. The steps are counted, so
// that the result is the same on every machine.
func TestWorkGrowsWithTheText(t *testing.T) {
	t.Parallel()
	f := newFilter()
	secret := leaktest.Secrets()[0].Text
	beginnings := ""
	for _, s := range leaktest.Secrets() {
		beginnings += s.Text[:15] + " "
	}
	for name, unit := range map[string]string{
		"one letter":         "a",
		"beginnings":         beginnings,
		"the caller's guess": secret + "\n",
		"percent encoding":   "%41%42%43",
		"combining marks":    "a\u0301\u0302\u0303",
		"invalid UTF-8":      "\xff\xfe\xc3",
		"brackets":           "[{[{",
		"base64":             "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo",
		"long numbers":       "9081726354",
		"spaced letters":     "q w e r t ",
		"base64 in base64":   toBase64(toBase64(strings.Repeat("abcdefgh ", 40))) + "\n",
		"packed zeros":       toBase64(gzipped(strings.Repeat("a", 60<<10))) + "\n",
		"packed words":       toBase64(gzipped(strings.Repeat(secret[:20]+" or else ", 2<<10))) + "\n",
	} {
		steps := func(size int) int {
			return sanitize.Steps(f.Scope(secret), strings.Repeat(unit, size/len(unit)+1))
		}
		for _, size := range []int{4 << 10, 17 << 10} { // the whole of a text up to 16 KB is read in other orders
			once, twice := steps(size), steps(2*size)
			t.Logf("%s, %d KB: %d and %d steps a byte", name, size>>10, once/size, twice/size/2)
			if twice > once*22/10+8*size || once > 3000*size {
				t.Errorf("%s: %d steps for %d KB, %d for twice as much", name, once, size>>10, twice)
			}
		}
	}
}

func toBase64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func gzipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.String()
}

// FuzzWorkGrowsWithTheText looks for a text that costs more than twice as many steps when it is twice as long.
func FuzzWorkGrowsWithTheText(f *testing.F) {
	filter := newFilter()
	units := []string{"a", "%41%42", "QUJDREVG", "q w e r t ", "[{", "<b>", "0101 ", "+AEEAQg-", "x1y22z333"}
	for _, unit := range units {
		f.Add(unit)
	}
	f.Fuzz(func(t *testing.T, unit string) {
		if len(unit) == 0 || len(unit) > 512 {
			return
		}
		const size = 20 << 10 // longer than the texts that are read in other orders
		steps := func(size int) int {
			return sanitize.Steps(filter.Scope(), strings.Repeat(unit, size/len(unit)+1))
		}
		once, twice := steps(size), steps(2*size)
		if twice > once*5/2+64*size {
			t.Errorf("%d steps for %d bytes of %q, %d for twice as many", once, size, unit, twice)
		}
	})
}
