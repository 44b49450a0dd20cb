package forwarded_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/forwarded"
)

var seeds = []string{
	"", "203.0.113.7", "203.0.113.7:51234, 10.0.0.2", "[2001:db8::1]:443", "unknown", ",,",
	"for=203.0.113.7;proto=https",
	`for="[2001:db8::1]:4711", for=10.0.0.2`, "for=_hidden, for=unknown", `for="`, `for="\"`, "for=a;for=b",
	`host="a,for=198.51.100.1;x=b";for=10.0.0.2`, "\x00", strings.Repeat("10.0.0.1,", 50),
}

// FuzzOrigin checks what holds for every X-Forwarded-For and Forwarded header.
func FuzzOrigin(f *testing.F) {
	f.Attr("case", "H01")
	for _, s := range seeds {
		f.Add(s, s, "", uint8(0))
		f.Add(s, "", s, uint8(2))
		f.Add("", s, "https, http", uint8(0))
	}
	f.Fuzz(func(t *testing.T, list, forwardedLine, proto string, hops uint8) {
		h := http.Header{"X-Forwarded-Proto": {proto}}
		if list != "" {
			h["X-Forwarded-For"] = []string{list}
		}
		if forwardedLine != "" {
			h["Forwarded"] = []string{forwardedLine}
		}
		for _, name := range []string{"", "X-Forwarded-For", "Forwarded", "Fly-Client-IP"} {
			cfg := forwarded.Config{Trusted: proxies, ClientHeader: name, Hops: int(hops % 4)}
			h["Fly-Client-Ip"] = []string{list}
			outside := originFrom(cfg, "198.51.100.9:1", h)
			if outside.HTTPS || outside.Client != netip.MustParseAddr("198.51.100.9") {
				t.Fatalf("an untrusted peer became %+v", outside)
			}
			got := originOf(cfg, h).Client
			if !got.IsValid() || got.Zone() != "" || got.Is4In6() {
				t.Fatalf("client %v", got)
			}
		}
		checkWritten(t, h)
	})
}

// checkWritten checks that whatever the client sent, a proxy that adds the client's address makes it the client.
func checkWritten(t *testing.T, sent http.Header) {
	t.Helper()
	for _, addr := range []string{"203.0.113.99", "2001:db8::99"} {
		for _, spelled := range spellings(addr) {
			line := strings.Join(append(slices.Clone(sent["X-Forwarded-For"]), spelled), ", ")
			h := http.Header{"X-Forwarded-For": {line}}
			if got := originOf(forwarded.Config{}, h).Client.String(); got != addr {
				t.Fatalf("X-Forwarded-For %q: client %s", h["X-Forwarded-For"], got)
			}
			// A proxy that continues the client's line cannot keep the client from making it malformed. Then the
			// proxy's own address has to do, never one that the client chose.
			element := fmt.Sprintf("for=%q;proto=https", strings.Trim(spelled, `"`))
			h = http.Header{"Forwarded": {strings.Join(append(slices.Clone(sent["Forwarded"]), element), ", ")}}
			if got := originOf(forwarded.Config{}, h).Client.String(); got != addr && got != "10.0.0.1" {
				t.Fatalf("Forwarded %q: client %s", h["Forwarded"], got)
			}
			h = http.Header{"Forwarded": append(slices.Clone(sent["Forwarded"]), element)}
			if got := originOf(forwarded.Config{}, h).Client.String(); got != addr {
				t.Fatalf("Forwarded %q: client %s", h["Forwarded"], got)
			}
		}
	}
}

// spellings returns how proxies may write an address.
func spellings(addr string) []string {
	if strings.Contains(addr, ":") {
		return []string{addr, strings.ToUpper(addr), "[" + addr + "]", "[" + addr + "]:443", `"[` + addr + `]:443"`,
			addr + "%eth0"}
	}
	return []string{addr, addr + ":443", "::ffff:" + addr, "[::ffff:" + addr + "]:443", `"` + addr + `"`}
}

// FuzzParseAddr checks that an address that was read is read again from every spelling of it.
func FuzzParseAddr(f *testing.F) {
	f.Attr("case", "H01")
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		addr, ok := forwarded.ParseAddr(text)
		if !ok {
			if addr.IsValid() {
				t.Fatalf("%q: %s, and not read", text, addr)
			}
			return
		}
		if addr.Zone() != "" || addr.Is4In6() || !addr.IsValid() {
			t.Fatalf("%q: %s", text, addr)
		}
		for _, spelled := range spellings(addr.String()) {
			if again, ok := forwarded.ParseAddr(spelled); !ok || again != addr {
				t.Fatalf("%q: %s, but %q: %s", text, addr, spelled, again)
			}
		}
	})
}
