package seal_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/adiuva/cloud-api/internal/seal"
)

func keys(t *testing.T, purpose string, secrets ...string) *seal.Keys {
	t.Helper()
	k, err := seal.New(purpose, secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSealedValuesOpenOnlyWhereTheyBelong(t *testing.T) {
	t.Parallel()
	plain, bound := []byte("three turns"), []byte("account 1")
	sealed := keys(t, "chat", "new").Seal(plain, bound)
	if bytes.Contains(sealed, plain) || len(sealed) != len(plain)+28 {
		t.Fatalf("sealed value %q", sealed)
	}
	for name, c := range map[string]struct {
		keys  *seal.Keys
		bound string
		opens bool
	}{
		"same":             {keys(t, "chat", "new"), "account 1", true},
		"after a rotation": {keys(t, "chat", "newer", "new"), "account 1", true},
		"other purpose":    {keys(t, "totp", "new"), "account 1", false},
		"other secret":     {keys(t, "chat", "other"), "account 1", false},
		"other account":    {keys(t, "chat", "new"), "account 2", false},
	} {
		got, err := c.keys.Open(sealed, []byte(c.bound))
		if c.opens && (err != nil || !bytes.Equal(got, plain)) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if !c.opens && (!errors.Is(err, seal.ErrInvalid) || got != nil) {
			t.Errorf("%s: %q, %v; want ErrInvalid", name, got, err)
		}
	}
}

func TestEveryChangedOrCutValueIsInvalid(t *testing.T) {
	t.Parallel()
	k := keys(t, "chat", "secret")
	sealed := k.Seal([]byte("x"), nil)
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := k.Open(changed, nil); !errors.Is(err, seal.ErrInvalid) {
			t.Errorf("byte %d changed: %v", i, err)
		}
		if _, err := k.Open(sealed[:i], nil); !errors.Is(err, seal.ErrInvalid) {
			t.Errorf("cut at %d: %v", i, err)
		}
	}
}

func TestDigestsDependOnSecretPurposeAndCut(t *testing.T) {
	t.Parallel()
	mac := func(purpose string, secrets ...string) *seal.MAC {
		m, err := seal.NewMAC(purpose, secrets...)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	digest := mac("code", "old").Sum("user 1", "12345678")
	for name, c := range map[string]struct {
		mac     *seal.MAC
		parts   []string
		matches bool
	}{
		"same":             {mac("code", "old"), []string{"user 1", "12345678"}, true},
		"after a rotation": {mac("code", "new", "old"), []string{"user 1", "12345678"}, true},
		"other code":       {mac("code", "old"), []string{"user 1", "12345679"}, false},
		"other cut":        {mac("code", "old"), []string{"user 112345678", ""}, false},
		"other purpose":    {mac("ticket", "old"), []string{"user 1", "12345678"}, false},
		"other secret":     {mac("code", "new"), []string{"user 1", "12345678"}, false},
	} {
		if c.mac.Matches(digest, c.parts...) != c.matches {
			t.Errorf("%s: matches is %t", name, !c.matches)
		}
	}
}

func TestNoSecretIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := seal.New("chat"); err == nil {
		t.Error("New without a secret succeeded")
	}
	if _, err := seal.NewMAC("chat"); err == nil {
		t.Error("NewMAC without a secret succeeded")
	}
}
