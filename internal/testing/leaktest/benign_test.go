package leaktest_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

func TestBenignAnswersAreManyAndDifferent(t *testing.T) {
	t.Parallel()
	benign, written, more := leaktest.Benign(), leaktest.HandWritten(), leaktest.More()
	if len(written) != 1233 || len(more) < 900 || len(benign) != len(written)+1000+len(more) {
		t.Errorf("got %d answers, %d of benign.txt, %d more", len(benign), len(written), len(more))
	}
	seen := map[string]bool{}
	for _, text := range benign {
		if seen[text] {
			t.Errorf("twice: %.160q", text)
		}
		seen[text] = true
		if strings.TrimSpace(text) == "" || !utf8.ValidString(text) {
			t.Errorf("not a text: %.160q", text)
		}
	}
	if !slices.Equal(more, leaktest.More()) {
		t.Error("More differs from call to call")
	}
}
