package oidc_test

import (
	"net/netip"
	"net/url"
	"testing"

	"github.com/adiuva/cloud-api/internal/oidc"
	"github.com/adiuva/cloud-api/internal/publicdial"
)

func FuzzEndpoint(f *testing.F) {
	for _, seed := range []string{"https://idp.example.com/token", "http://127.0.0.1:1/", "https://[::1]", "//a",
		"https://a@10.0.0.1", "https://[fe80::1%25eth0]/", "https://0x7f.1/", "javascript:alert(1)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if oidc.CheckURL(raw, false) != nil {
			return
		}
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Hostname() == "localhost" {
			t.Errorf("%q is accepted", raw)
		}
		if addr, err := netip.ParseAddr(u.Hostname()); err == nil && !publicdial.Public(addr) {
			t.Errorf("%q is accepted", raw)
		}
	})
}

func FuzzKeySet(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"one","use":"sig"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},{"kty":"oct","k":"AA"},{"kty":"OKP"},null,5]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"","e":"","x5c":["AA"],"x5u":"http://a"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, err := oidc.ParseKeys(body)
		if err != nil {
			return
		}
		for _, key := range keys {
			if !key.IsPublic() || len(key.Certificates) > 0 {
				t.Errorf("kept %+v", key)
			}
		}
	})
}
