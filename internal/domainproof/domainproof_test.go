package domainproof_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/domainproof"
	"github.com/adiuva/cloud-api/internal/testing/dnstest"
)

func TestDomainsHaveOneForm(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI03")
	for domain, want := range map[string]string{
		"example.com":                     "example.com",
		"Example.COM.":                    "example.com",
		"mail.example.co.uk":              "mail.example.co.uk",
		"bücher.example":                  "xn--bcher-kva.example",
		"BU\u0308CHER.example":            "xn--bcher-kva.example",
		"xn--bcher-kva.example":           "xn--bcher-kva.example",
		"example。com":                     "example.com",
		"ｅｘａｍｐｌｅ.com":                     "example.com",
		"пример.рф":                       "xn--e1afmkfd.xn--p1ai",
		"日本語ひらがなカタカナ.jp":                  "xn--v8j0cwa6gzha3lrd1032dpxc355l.jp",
		"日本news.jp":                       "xn--news-f79hm9d.jp",
		"adiuva.test":                     "adiuva.test",
		"customer.github.io":              "customer.github.io",
		strings.Repeat("a.", 121) + "com": strings.Repeat("a.", 121) + "com",
	} {
		got, err := domainproof.Normalize(domain)
		if err != nil || got != want {
			t.Errorf("Normalize(%q) = %q, %v; want %q", domain, got, err, want)
		}
		if again, err := domainproof.Normalize(got); again != got || err != nil {
			t.Errorf("again: Normalize(%q) = %q, %v", got, again, err)
		}
	}
}

func TestNamesThatNobodyCanProveAreRefused(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI03")
	for domain, want := range map[string]error{
		"":                                 domainproof.ErrNotDomain,
		".":                                domainproof.ErrNotDomain,
		"localhost":                        domainproof.ErrNotDomain,
		"example..com":                     domainproof.ErrNotDomain,
		".example.com":                     domainproof.ErrNotDomain,
		"*.example.com":                    domainproof.ErrNotDomain,
		"exa mple.com":                     domainproof.ErrNotDomain,
		"-example.com":                     domainproof.ErrNotDomain,
		"_adiuva.example.com":              domainproof.ErrNotDomain,
		"user@example.com":                 domainproof.ErrNotDomain,
		"https://example.com":              domainproof.ErrNotDomain,
		"example.com:443":                  domainproof.ErrNotDomain,
		"example.com\x00":                  domainproof.ErrNotDomain,
		"example.com\nevil.com":            domainproof.ErrNotDomain,
		"\xff.com":                         domainproof.ErrNotDomain,
		"xn--a.com":                        domainproof.ErrNotDomain,
		"127.0.0.1":                        domainproof.ErrAddress,
		"１２７.0.0.1":                        domainproof.ErrAddress,
		"::1":                              domainproof.ErrAddress,
		"[::1]":                            domainproof.ErrAddress,
		"1.2.3":                            domainproof.ErrAddress,
		"co.uk":                            domainproof.ErrPublicSuffix,
		"CO.UK.":                           domainproof.ErrPublicSuffix,
		"github.io":                        domainproof.ErrPublicSuffix,
		"s3.amazonaws.com":                 domainproof.ErrPublicSuffix,
		"аpple.com":                        domainproof.ErrMixedScripts, // Cyrillic а
		"xn--pple-43d.com":                 domainproof.ErrMixedScripts,
		"gοogle.com":                       domainproof.ErrMixedScripts, // Greek ο
		"日本а.jp":                           domainproof.ErrMixedScripts,
		strings.Repeat("a", 64) + ".com":   domainproof.ErrNotDomain,
		strings.Repeat("abc.", 62) + "com": domainproof.ErrTooLong,
		strings.Repeat("a.", 5000) + "com": domainproof.ErrTooLong,
	} {
		if got, err := domainproof.Normalize(domain); !errors.Is(err, want) {
			t.Errorf("Normalize(%.60q) = %q, %v; want %v", domain, got, err, want)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	seeds := []string{"example.com", "bücher.example", "xn--pple-43d.com", "1.2.3.4", "a。b", "co.uk", "ß.de"}
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, domain string) {
		normal, err := domainproof.Normalize(domain)
		if err != nil {
			if normal != "" {
				t.Errorf("%q: both %q and %v", domain, normal, err)
			}
			return
		}
		if len(normal) > 245 || strings.Trim(normal, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" ||
			!strings.Contains(normal, ".") || net.ParseIP(normal) != nil {
			t.Errorf("Normalize(%q) = %q", domain, normal)
		}
		if again, err := domainproof.Normalize(normal); again != normal || err != nil {
			t.Errorf("Normalize(%q) = %q, %v, from %q", normal, again, err, domain)
		}
	})
}

func TestTheTokenInTheRecordOfADomainProvesIt(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI04")
	names := dnstest.New(t)
	names.SetTXT("_adiuva.example.com", "something else", " token-of-ours ")
	names.SetTXT("_adiuva.long.test", strings.Repeat("t", 300))
	names.SetTXT("apex.test", "token-of-ours")
	names.SetTXT("_adiuva.near.test", "token-of-ours2", "x token-of-ours", "TOKEN-OF-OURS")
	names.SetTXT("_adiuva.empty.test", "")
	names.Set("_adiuva.address.test", "192.0.2.1")
	prover := domainproof.New(names.Resolver())
	for _, c := range []struct {
		domain, token string
		want          bool
	}{
		{"example.com", "token-of-ours", true},
		{"long.test", strings.Repeat("t", 300), true},
		{"example.com", "another", false},
		{"sub.example.com", "token-of-ours", false},
		{"apex.test", "token-of-ours", false},
		{"near.test", "token-of-ours", false},
		{"empty.test", "", false},
		{"address.test", "token-of-ours", false},
		{"unknown.test", "token-of-ours", false},
	} {
		if got, err := prover.Proven(t.Context(), c.domain, c.token); got != c.want || err != nil {
			t.Errorf("Proven(%s, %.20s) = %t, %v; want %t", c.domain, c.token, got, err, c.want)
		}
	}
}

func TestNameServersThatFailProveNothingAndRefuteNothing(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI04")
	names := dnstest.New(t)
	names.SetTXT("_adiuva.example.com", "token")
	names.Break(true)
	if got, err := domainproof.New(names.Resolver()).Proven(t.Context(), "example.com", "token"); got || err == nil {
		t.Errorf("Proven() = %t, %v with a broken name server", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got, err := domainproof.New(silent{}).Proven(ctx, "example.com", "token")
	if got || !errors.Is(err, context.Canceled) {
		t.Errorf("Proven() = %t, %v after the caller left", got, err)
	}
}

func TestALookUpHasADeadline(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI04")
	_, err := domainproof.New(deadline{t}).Proven(t.Context(), "example.com", "token")
	if !errors.Is(err, errLooked) {
		t.Error(err)
	}
}

// silent never answers.
type silent struct{}

func (silent) LookupTXT(ctx context.Context, _ string) ([]string, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

var errLooked = errors.New("looked")

// deadline looks at the deadline it is given.
type deadline struct{ t *testing.T }

func (d deadline) LookupTXT(ctx context.Context, name string) ([]string, error) {
	if ends, ok := ctx.Deadline(); !ok || time.Until(ends) > 5*time.Second {
		d.t.Errorf("the look-up of %s ends %v, %t", name, ends, ok)
	}
	return nil, errLooked
}
