package sanitize_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

// maxHeld writes text in pieces of five bytes and returns the most bytes held back after any piece beyond the first
// bytes.
func maxHeld(f *sanitize.Filter, text string, first int) (most int) {
	emitted := 0
	st := f.Scope().Stream(func(part string) error { emitted += len(part); return nil })
	for at := 0; at < len(text); at += 5 {
		end := min(len(text), at+5)
		_ = st.Write(text[at:end])
		if end > first {
			most = max(most, end-emitted)
		}
	}
	return most
}

// TestNaturalLanguageIsHeldBackBriefly expects at most 64 characters to be held back, and 112 at the beginning of
// an answer.
func TestNaturalLanguageIsHeldBackBriefly(t *testing.T) {
	t.Parallel()
	f := sanitize.New(bigSecrets()...)
	for _, text := range []string{
		"This week looks lighter than the last one. The printer has the proofs and expects a call before noon on " +
			"Tuesday, since the paper you like is only kept in small amounts. Anna wrote that the offer can go out " +
			"once the second page names the new price.",
		"Thursday morning seems to be the only free stretch for both of you, so I would suggest nine o'clock in the " +
			"small room upstairs.",
		"La riunione con il fornitore è stata spostata a venerdì pomeriggio, perché la sala grande era già occupata " +
			"dalla direzione.",
		"Der Entwurf liegt seit gestern im gemeinsamen Ordner; wenn du magst, fasse ich die drei offenen Fragen für " +
			"das Gespräch zusammen.",
		"Le devis est parti hier soir, et la cliente a répondu qu'elle souhaitait encore une variante avec un papier " +
			"plus épais.",
	} {
		if held := maxHeld(f, text, 0); held > 112 {
			t.Errorf("%d bytes of %q were held back", held, text)
		}
		if held := maxHeld(f, text, 112); held > 64+4 { // bytes, some of which belong to accented letters
			t.Errorf("%d bytes of %q were held back after its beginning", held, text)
		}
	}
}

// TestHoldBackOfBenignAnswersIsBounded logs how much of benign answers is held back. The figures are quoted in
// docs/prompt-protection.md.
func TestHoldBackOfBenignAnswersIsBounded(t *testing.T) {
	t.Parallel()
	f := sanitize.New(bigSecrets()...)
	var held []int
	for _, text := range leaktest.Benign() {
		if len(text) > 64 && !strings.Contains(text, "base64") {
			held = append(held, maxHeld(f, text, 0))
		}
	}
	slices.Sort(held)
	atMost64, _ := slices.BinarySearch(held, 65)
	most := held[len(held)-1]
	t.Logf("%d of %d answers were held back by at most 64 bytes; median %d, 90th percentile %d, maximum %d",
		atMost64, len(held), held[len(held)/2], held[len(held)*9/10], most)
	if most > 4096 {
		t.Errorf("%d bytes were held back, want at most 4096", most)
	}
}

// TestStreamEqualsTextForAnySplit compares streams in pieces of random sizes with the whole text.
func TestStreamEqualsTextForAnySplit(t *testing.T) {
	t.Parallel()
	f := newFilter()
	r := rand.New(rand.NewPCG(1, 2))
	texts := leaktest.Benign()[:120]
	for _, tr := range leaktest.Transforms() {
		texts = append(texts,
			"Of course, here it is. "+tr.Apply(leaktest.Secrets()[1].Text[:400]),
			tr.Apply(texts[len(tr.Name)])) // some benign text
	}
	for _, text := range texts {
		want, hit := f.Scope().Text(text)
		var out strings.Builder
		st := f.Scope().Stream(func(part string) error { out.WriteString(part); return nil })
		var err error
		for rest := text; rest != "" && err == nil; {
			n := 1 + r.IntN(min(len(rest), 90))
			err = st.Write(rest[:n])
			rest = rest[n:]
		}
		if err == nil {
			err = st.Close()
		}
		if (hit != nil) != (err != nil) {
			t.Errorf("the whole text gave hit %v, the stream error %v: %.60q", hit, err, text)
		} else if hit == nil && out.String() != want {
			t.Errorf("the stream emitted another text: %.60q", text)
		}
	}
}

func FuzzStreamEqualsText(f *testing.F) {
	filter := newFilter()
	for _, tr := range leaktest.Transforms() {
		f.Add(tr.Apply(leaktest.Secrets()[0].Text[:90]), 5)
	}
	f.Fuzz(func(t *testing.T, text string, size int) {
		size = 1 + max(size, -size)&63
		want, hit := filter.Scope().Text(text)
		out, err := stream(filter.Scope(), text, size)
		if (hit != nil) != (err != nil) || hit == nil && out != want || hit != nil && hit.View == "failure" {
			t.Errorf("the whole text gave hit %v, the stream error %v", hit, err)
		}
	})
}

// TestMostOfAnAnswerIsShownBeforeItsEnd streams benign answers of at least 300 bytes in pieces of five, and measures
// which share of each was emitted before its end.
func TestMostOfAnAnswerIsShownBeforeItsEnd(t *testing.T) {
	t.Parallel()
	f := newFilter()
	shares := map[string][]float64{}
	for _, a := range leaktest.Answers() {
		if len(a.Text) < 300 {
			continue
		}
		shown := 0
		st := f.Scope().Stream(func(part string) error { shown += len(part); return nil })
		for rest := a.Text; rest != ""; {
			n := min(5, len(rest))
			if err := st.Write(rest[:n]); err != nil {
				t.Fatalf("%v: %.60q", err, a.Text)
			}
			rest = rest[n:]
		}
		shares[a.Kind] = append(shares[a.Kind], float64(shown)/float64(len(a.Text)))
	}
	for kind, list := range shares {
		slices.Sort(list)
		median := list[len(list)/2]
		t.Logf("%s: %d answers, median share %.3f", kind, len(list), median)
		if median < 0.9 && kind != "data" {
			t.Errorf("%s: a median share of %.3f is shown before the end, want 0.9", kind, median)
		}
	}
}

// TestVerdictDoesNotDependOnPieces streams texts that a filter judges by the sum of their pieces, and texts that it
// passes, in pieces of several sizes. Each must end alike: stopped for the same secret, or passed at the same cost with
// the same letters counted.
func TestVerdictDoesNotDependOnPieces(t *testing.T) {
	t.Parallel()
	f := newFilter()
	texts := leaktest.Benign()[:300]
	for _, tr := range leaktest.FillerTransforms() {
		for _, s := range leaktest.Secrets() {
			for _, size := range []int{160, 320, 700} {
				texts = append(texts, tr.Apply(s.Text[:min(len(s.Text), size)]))
			}
		}
	}
	passed, counted := 0, 0
	for _, text := range texts {
		hit, steps, letters := sanitize.Measure(f.Scope(), len(text)+1, text)
		if hit == nil {
			passed++
			counted += letters
		}
		for _, size := range []int{1, 7, 64, 161} {
			h, s, l := sanitize.Measure(f.Scope(), size, text)
			switch {
			case (h == nil) != (hit == nil) || h != nil && h.SecretID != hit.SecretID:
				t.Errorf("the whole text gave %v, pieces of %d bytes %v: %.60q", hit, size, h, text)
			case h == nil && (s != steps || l != letters):
				t.Errorf("the whole text cost %d steps and has %d letters, pieces of %d bytes %d and %d: %.60q",
					steps, letters, size, s, l, text)
			}
		}
	}
	if passed == len(texts) || counted == 0 {
		t.Errorf("%d of %d texts passed with %d letters: the comparison shows little", passed, len(texts), counted)
	}
}
