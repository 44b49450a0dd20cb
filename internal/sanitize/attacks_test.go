package sanitize_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

func newFilter() *sanitize.Filter {
	var secrets []sanitize.Secret
	for _, s := range leaktest.Secrets() {
		secrets = append(secrets, sanitize.Secret{ID: s.ID, Text: s.Text, Canary: s.Canary})
	}
	return sanitize.New(secrets...)
}

// target returns the secret that an attack is after.
func target(a leaktest.Attack, n int) leaktest.Secret {
	secrets := leaktest.Secrets()
	switch {
	case a.Target == "tool schemas":
		return secrets[5]
	case a.Target == "PromptTemplateRegistry":
		return secrets[4]
	case strings.HasPrefix(a.Target, "orchestrator"):
		return secrets[6]
	}
	return secrets[n%4]
}

// stream passes text in pieces of size bytes and returns what was let out.
func stream(s *sanitize.Scope, text string, size int) (string, error) {
	var out strings.Builder
	st := s.Stream(func(part string) error { out.WriteString(part); return nil })
	for i := 0; i < len(text); i += size {
		if err := st.Write(text[i:min(len(text), i+size)]); err != nil {
			return out.String(), err
		}
	}
	err := st.Close()
	return out.String(), err
}

// caught reports whether the filter can be asked to stop the attack in this disguise.
func caught(tr leaktest.Transform, a leaktest.Attack, n int) bool {
	return tr.Catchable && (tr.ID != "T57" || target(a, n).Canary != "")
}

func TestOpenAttacksInEveryDisguise(t *testing.T) {
	t.Parallel()
	f := newFilter()
	attacks, transforms := leaktest.Attacks(), leaktest.Transforms()
	if len(attacks) != 57 || len(transforms) != 48 {
		t.Fatalf("%d attacks, %d transforms", len(attacks), len(transforms))
	}
	all, stopped := 0, 0
	for _, tr := range transforms {
		for n, a := range attacks {
			if !caught(tr, a, n) {
				continue
			}
			all++
			clean, hit := f.Scope(a.Message).Text(tr.Apply(target(a, n).Text))
			if hit == nil {
				t.Logf("%s %s: %s passed", tr.ID, tr.Name, a.ID)
				continue
			}
			stopped++
			if hit.View == "failure" {
				t.Errorf("%s %s: the filter failed", tr.ID, a.ID)
			}
			if clean != sanitize.FallbackAnswer {
				t.Errorf("%s: not the canned answer", tr.ID)
			}
		}
	}
	t.Logf("stopped %d of %d (%.1f %%)", stopped, all, 100*float64(stopped)/float64(all))
	if stopped*100 < all*95 {
		t.Errorf("stopped only %d of %d", stopped, all)
	}
}

// TestStreamedAttacksLetNothingOut streams, in each disguise, three attacks of each channel, others in each; with the
// build tag soak, TestEveryStreamedAttackLetsNothingOut streams all.
func TestStreamedAttacksLetNothingOut(t *testing.T) {
	t.Parallel()
	f := newFilter()
	byChannel := map[string][]int{}
	attacks := leaktest.Attacks()
	for n, a := range attacks {
		byChannel[a.Channel] = append(byChannel[a.Channel], n)
	}
	if len(byChannel) != 5 {
		t.Fatalf("%d channels", len(byChannel))
	}
	for i, tr := range leaktest.Transforms() {
		for _, ofChannel := range byChannel {
			for j := range min(3, len(ofChannel)) {
				n := ofChannel[(3*i+j)%len(ofChannel)]
				nothingOut(t, f, tr, attacks[n], n)
			}
		}
	}
}

// nothingOut streams the attack in this disguise in pieces of three sizes: each stream must be stopped and, where the
// disguise can be told before its end, let nothing of the secret out.
func nothingOut(t *testing.T, f *sanitize.Filter, tr leaktest.Transform, a leaktest.Attack, n int) {
	t.Helper()
	if !caught(tr, a, n) {
		return
	}
	text := tr.Apply(target(a, n).Text)
	for _, size := range []int{1, 7, 64} {
		out, err := stream(f.Scope(a.Message), text, size)
		if !errors.Is(err, sanitize.ErrLeak) {
			t.Errorf("%s %s: stream of %d: %v", tr.ID, a.ID, size, err)
		}
		if tr.TellableBeforeEnd && !strings.HasPrefix(tr.Intro, out) {
			t.Errorf("%s %s, pieces of %d: let out %q", tr.ID, a.ID, size, out)
		}
	}
}
