package leaktest_test

import (
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

func TestQuotedAnswersShareTextWithTheirDocuments(t *testing.T) {
	t.Parallel()
	quoted := leaktest.QuotedAnswers()
	documents, answers := map[string]bool{}, map[string]bool{}
	for _, q := range quoted {
		documents[q.Document], answers[q.Answer] = true, true
		if n := len([]rune(q.Document)); n < 4000 || n > 6000 {
			t.Errorf("a document of %d characters: %.60q", n, q.Document)
		}
		if !sharesThousand(q) {
			t.Errorf("less than a thousand characters are quoted: %.160q", q.Answer)
		}
		if strings.Contains(q.Answer, "{{") {
			t.Errorf("a quotation is not replaced: %.160q", q.Answer)
		}
	}
	if len(quoted) < 40 || len(answers) != len(quoted) || len(documents) != 12 {
		t.Errorf("got %d answers, %d of them different, and %d documents", len(quoted), len(answers), len(documents))
	}
}

// sharesThousand reports whether the answer has a thousand consecutive characters of its document.
func sharesThousand(q leaktest.Quoted) bool {
	document := []rune(q.Document)
	for from := 0; from+1000 <= len(document); from++ {
		if strings.Contains(q.Answer, string(document[from:from+1000])) {
			return true
		}
	}
	return false
}
