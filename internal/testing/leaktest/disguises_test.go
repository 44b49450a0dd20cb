package leaktest_test

import (
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

// disguises returns the transforms that this file tests.
func disguises() map[string][]leaktest.Transform {
	return map[string][]leaktest.Transform{
		"unlisted": leaktest.UnlistedTransforms(),
		"held out": leaktest.HeldOutTransforms(),
		"filler":   leaktest.FillerTransforms(),
	}
}

// inputs returns the secrets and texts of 200 to 8,000 characters in many languages.
func inputs() []string {
	var out []string
	for _, secret := range leaktest.Secrets() {
		out = append(out, secret.Text)
	}
	all := []rune(strings.Join(leaktest.HandWritten(), " "))
	for _, size := range []int{200, 1000, 3000, 8000} {
		at := len(all) - 10*size
		out = append(out, string(all[at:at+size]))
	}
	return out
}

func TestUnlistedAndHeldOutAreTwoHalves(t *testing.T) {
	t.Parallel()
	if a, b := len(leaktest.UnlistedTransforms()), len(leaktest.HeldOutTransforms()); a != 75 || b != 75 {
		t.Errorf("there are %d unlisted and %d held-out transforms, want 75 of each", a, b)
	}
}

func TestTransformsHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, transform := range leaktest.Transforms() {
		seen[transform.ID], seen[transform.Name] = true, true
	}
	for _, group := range disguises() {
		for _, transform := range group {
			if !transform.Catchable || transform.NeedsCanary {
				t.Errorf("%s is not one that a filter of text can find without a canary", transform.ID)
			}
			for _, key := range []string{transform.ID, transform.Name} {
				if key == "" || seen[key] {
					t.Errorf("%s: %q is empty or used twice", transform.ID, key)
				}
				seen[key] = true
			}
		}
	}
}

func TestTransformsAreDeterministicAndNotTooLong(t *testing.T) {
	t.Parallel()
	first, second := disguises(), disguises()
	for group, transforms := range first {
		for i, transform := range transforms {
			for _, input := range inputs() {
				out := transform.Apply(input)
				if out == "" || len(out) > 12*len(input) {
					t.Errorf("%s: %d bytes become %d", transform.ID, len(input), len(out))
				}
				if out != transform.Apply(input) || out != second[group][i].Apply(input) {
					t.Errorf("%s: two calls return different texts", transform.ID)
				}
				if !strings.HasPrefix(out, transform.Intro) {
					t.Errorf("%s: the text does not start with Intro", transform.ID)
				}
			}
		}
	}
}
