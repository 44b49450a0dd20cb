package sanitize_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

// held returns the most bytes that were held back at any time after the first ones while text came in pieces of five bytes.
func held(f *sanitize.Filter, text string, first int) (worst int) {
	out := 0
	st := f.Scope().Stream(func(part string) error { out += len(part); return nil })
	for at := 0; at < len(text); at += 5 {
		end := min(len(text), at+5)
		_ = st.Write(text[at:end])
		if end > first {
			worst = max(worst, end-out)
		}
	}
	return worst
}

// TestProseIsHeldForAFewWords lets natural language through and expects never more than 64 characters to wait; 112 at an
// answer's beginning, where a few words tell little.
func TestProseIsHeldForAFewWords(t *testing.T) {
	t.Parallel()
	f := sanitize.New(bigSecrets()...)
	for _, text := range []string{
		"This week looks lighter than the last one. The printer has the proofs and expects a call before noon on Tuesday, since " +
			"the paper you like is only kept in small amounts. Anna wrote that the offer can go out once the second page names the new price.",
		"Thursday morning seems to be the only free stretch for both of you, so I would suggest nine o'clock in the small room upstairs.",
		"La riunione con il fornitore è stata spostata a venerdì pomeriggio, perché la sala grande era già occupata dalla direzione.",
		"Der Entwurf liegt seit gestern im gemeinsamen Ordner; wenn du magst, fasse ich die drei offenen Fragen für das Gespräch zusammen.",
		"Le devis est parti hier soir, et la cliente a répondu qu'elle souhaitait encore une variante avec un papier plus épais.",
	} {
		if worst := held(f, text, 0); worst > 112 {
			t.Errorf("%d bytes of %q waited", worst, text)
		}
		if worst := held(f, text, 112); worst > 64+4 { // bytes, of which some are accents
			t.Errorf("%d bytes of %q waited after its beginning", worst, text)
		}
	}
}

// TestHoldBackOfBenignAnswers tells how long benign answers wait; the figures stand in docs/prompt-protection.md.
func TestHoldBackOfBenignAnswers(t *testing.T) {
	t.Parallel()
	f := sanitize.New(bigSecrets()...)
	var waits []int
	for _, text := range leaktest.Benign() {
		if len(text) > 64 && !strings.Contains(text, "base64") {
			waits = append(waits, held(f, text, 0))
		}
	}
	slices.Sort(waits)
	within := 0
	for _, w := range waits {
		if w <= 64 {
			within++
		}
	}
	t.Logf("of %d answers %d were held for at most 64 bytes; half of the answers %d, nine in ten %d, all %d",
		len(waits), within, waits[len(waits)/2], waits[len(waits)*9/10], waits[len(waits)-1])
	if waits[len(waits)-1] > 4096 {
		t.Errorf("%d bytes waited", waits[len(waits)-1])
	}
}
