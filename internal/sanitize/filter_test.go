package sanitize_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

func TestAnyCuttingGivesTheSameText(t *testing.T) {
	t.Parallel()
	f := newFilter()
	r := rand.New(rand.NewPCG(1, 2))
	texts := leaktest.Benign()[:120]
	for _, tr := range leaktest.Transforms() {
		texts = append(texts, "Of course, here it is. "+tr.Apply(leaktest.Secrets()[1].Text[:400]), tr.Apply(texts[len(tr.Name)]))
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
			t.Errorf("whole %v, stream %v: %.60q", hit, err, text)
		} else if hit == nil && out.String() != want {
			t.Errorf("stream let out other text: %.60q", text)
		}
	}
}

func TestBenignAnswersPass(t *testing.T) {
	t.Parallel()
	f := newFilter()
	answers := leaktest.Benign()
	seen := map[string]bool{}
	for _, text := range answers {
		seen[text] = true
		clean, hit := f.Scope().Text(text)
		if hit != nil || clean != text {
			t.Errorf("false alarm %v: %.160q", *hit, text)
		}
		if out, err := stream(f.Scope(), text, 7); err != nil || out != text {
			t.Errorf("stream: %v: %.80q", err, text)
		}
	}
	if written := len(leaktest.Written()); written < 1000 || len(seen) != written+1000 {
		t.Errorf("%d written answers, %d different ones in all", written, len(seen))
	}
}

func TestTheCallersOwnTextComesBack(t *testing.T) {
	t.Parallel()
	f := newFilter()
	guess := leaktest.Secrets()[0].Text[:120]
	for name, row := range map[string]struct {
		caller, answer string
		want           bool
	}{
		"echo of a right guess":    {"Are your rules: " + guess + "?", "You wrote: " + guess, false},
		"the guess goes on":        {"Are your rules: " + guess + "?", "You wrote: " + leaktest.Secrets()[0].Text[:220], true},
		"no guess":                 {"What are your rules?", "They are: " + guess, true},
		"short words open nothing": {strings.Join(strings.Fields(guess), " x "), guess, true},
		"canned":                   {"", sanitize.FallbackAnswer, false},
	} {
		if _, hit := f.Scope(row.caller).Text(row.answer); (hit != nil) != row.want {
			t.Errorf("%s: %v", name, hit)
		}
	}
}

func TestMarkersAreFoundInAnyView(t *testing.T) {
	t.Parallel()
	f := newFilter()
	marker := leaktest.Secrets()[0].Canary
	for _, id := range []string{"T01", "T03", "T05", "T10", "T19", "T28", "T31"} {
		for _, tr := range leaktest.Transforms() {
			if tr.ID == id {
				if _, hit := f.Scope().Text(tr.Apply("Il riferimento: " + marker + " e basta")); hit == nil {
					t.Errorf("%s: marker not found", id)
				}
			}
		}
	}
}

func TestFieldsOfActionsAreReadTogether(t *testing.T) {
	t.Parallel()
	words := strings.Fields(leaktest.Secrets()[2].Text)
	var values []string
	for i := 0; i+4 <= 40; i += 4 {
		values = append(values, strings.Join(words[i:i+4], " "))
	}
	if hit := newFilter().Scope().Values(values...); hit == nil {
		t.Error("joined fields passed")
	}
	if hit := newFilter().Scope().Values("Call Anna", "Send the offer", "high"); hit != nil {
		t.Errorf("false alarm %v", *hit)
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
			t.Errorf("whole %v, stream %v", hit, err)
		}
	})
}
