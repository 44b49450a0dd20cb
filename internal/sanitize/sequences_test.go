package sanitize_test

import (
	"slices"
	"testing"

	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

// TestSecretsAreReadLikeTexts compares the sequences that are made from the letters of secrets with what the views read
// in the same letters.
func TestSecretsAreReadLikeTexts(t *testing.T) {
	t.Parallel()
	f := newFilter()
	for i, s := range leaktest.Secrets() {
		sequences := sanitize.Sequences(f, i, s.Text)
		if len(sequences) < 12 {
			t.Fatalf("only %d sequences are made", len(sequences))
		}
		for number, symbols := range sequences {
			if !slices.Equal(symbols.Secret, symbols.Text) {
				t.Errorf("sequence %d of %s is not that of the text", number, s.ID)
			}
		}
	}
}
