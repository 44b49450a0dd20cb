package leaktest_test

import (
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

func TestAnswersHaveKinds(t *testing.T) {
	t.Parallel()
	answers := leaktest.Answers()
	if want := len(leaktest.Benign()); len(answers) != want {
		t.Errorf("got %d answers, want %d", len(answers), want)
	}
	kinds := map[string]int{}
	for _, a := range answers {
		kinds[a.Kind]++
	}
	t.Log(kinds)
	for _, kind := range []string{"prose", "list", "table", "code", "json", "schedule", "data", "mixed"} {
		if kinds[kind] == 0 {
			t.Errorf("no answer of the kind %q", kind)
		}
		delete(kinds, kind)
	}
	if len(kinds) > 0 {
		t.Errorf("unknown kinds: %v", kinds)
	}
}
