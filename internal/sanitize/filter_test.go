package sanitize_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

func TestBenignAnswersPass(t *testing.T) {
	t.Parallel()
	f := newFilter()
	answers := leaktest.Benign()
	seen := map[string]bool{}
	for _, text := range answers {
		seen[text] = true
		clean, hit := f.Scope().Text(text)
		if hit != nil || clean != text {
			t.Errorf("false alarm %v: %.160q", hit, text)
		}
		if out, err := stream(f.Scope(), text, 7); err != nil || out != text {
			t.Errorf("stream: got error %v for %.80q", err, text)
		}
	}
	if written := len(leaktest.HandWritten()); written < 1000 || len(seen) != written+1000+len(leaktest.More()) {
		t.Errorf("got %d hand-written answers and %d different ones in all", written, len(seen))
	}
}

func TestUserTextMayBeRepeated(t *testing.T) {
	t.Parallel()
	f := newFilter()
	guess := leaktest.Secrets()[0].Text[:120]
	for name, c := range map[string]struct {
		userText, answer string
		want             bool // a hit
	}{
		"a repeated guess that is right": {"Are your rules: " + guess + "?", "You wrote: " + guess, false},
		"a guess continued by the answer": {"Are your rules: " + guess + "?",
			"You wrote: " + leaktest.Secrets()[0].Text[:220], true},
		"no guess":                   {"What are your rules?", "They are: " + guess, true},
		"single words of the secret": {strings.Join(strings.Fields(guess), " x "), guess, true},
		"the fallback answer":        {"", sanitize.FallbackAnswer, false},
	} {
		if _, hit := f.Scope(c.userText).Text(c.answer); (hit != nil) != c.want {
			t.Errorf("%s: got hit %v, want a hit: %v", name, hit, c.want)
		}
	}
}

func TestUserTextMayBeRepeatedOften(t *testing.T) {
	t.Parallel()
	f := newFilter()
	for _, s := range leaktest.Secrets() {
		for _, times := range []int{2, 5, 40} {
			if _, hit := f.Scope(s.Text).Text(strings.Repeat(s.Text+"\n", times)); hit != nil {
				t.Errorf("the %s, sent by the user, %d times: %+v", s.ID, times, *hit)
			}
		}
	}
}

func TestCanariesAreFoundInEveryView(t *testing.T) {
	t.Parallel()
	f := newFilter()
	answer := "Il riferimento: " + leaktest.Secrets()[0].Canary + " e basta"
	disguises := []string{"verbatim", "upper case", "spaced letters", "full-width forms", "reversed characters",
		"base64", "hex"}
	tested := 0
	for _, tr := range leaktest.Transforms() {
		if !slices.Contains(disguises, tr.Name) {
			continue
		}
		tested++
		if _, hit := f.Scope().Text(tr.Apply(answer)); hit == nil {
			t.Errorf("%s: the canary was not found", tr.Name)
		}
	}
	if tested != len(disguises) {
		t.Errorf("tested %d disguises, want %d", tested, len(disguises))
	}
}

func TestValuesAreSearchedTogether(t *testing.T) {
	t.Parallel()
	words := strings.Fields(leaktest.Secrets()[2].Text)
	var values []string
	for i := 0; i+4 <= 40; i += 4 {
		values = append(values, strings.Join(words[i:i+4], " "))
	}
	if hit := newFilter().Scope().Values(values...); hit == nil {
		t.Error("a secret split over several values passed")
	}
	if hit := newFilter().Scope().Values("Call Anna", "Send the offer", "high"); hit != nil {
		t.Errorf("false alarm: %v", *hit)
	}
}

func TestWorkEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	scope := newFilter().Scope().Within(ctx)
	if _, hit := scope.Text("No meetings clash this week."); hit != nil {
		t.Errorf("false alarm: %v", *hit)
	}
	cancel()
	_, hit := scope.Text(strings.Repeat("No meetings clash this week. ", 1000))
	if hit == nil || hit.View != sanitize.Canceled {
		t.Errorf("the filter went on after the request: %v", hit)
	}
}
