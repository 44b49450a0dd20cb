package reading_test

import (
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
)

func TestIntentsOfClauses(t *testing.T) {
	t.Parallel()
	r, err := reading.New()
	if err != nil {
		t.Fatal(err)
	}
	today := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"mark the chairs as done and remind me about Bob on Friday at 3pm": "en change remind",
		"Was ist überfällig und gibt es Konflikte?":                        "de tasks conflicts",
		"e la seconda?": "it reference",
	} {
		m := r.Read(text, "", nil, today)
		got := []string{m.Language.Code}
		for _, c := range m.Clauses {
			got = append(got, c.Intent)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %v, not %s", text, got, want)
		}
	}
}
