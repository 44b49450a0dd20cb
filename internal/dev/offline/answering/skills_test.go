package answering_test

import (
	"testing"

	"github.com/adiuva/cloud-api/internal/dev/offline/answering"
	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
)

// TestEveryIntentHasASkill finds rules whose intent nothing answers.
func TestEveryIntentHasASkill(t *testing.T) {
	t.Parallel()
	r, err := reading.New()
	if err != nil {
		t.Fatal(err)
	}
	intents := r.Intents()
	if len(intents) < 50 {
		t.Fatalf("there are %d intents", len(intents))
	}
	for _, intent := range append(intents, reading.UnknownLanguage) {
		if !answering.Answers(intent) {
			t.Errorf("nothing answers %s", intent)
		}
	}
}
