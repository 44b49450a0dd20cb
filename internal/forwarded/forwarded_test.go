package forwarded_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/forwarded"
)

// proxies are trusted in these tests.
var proxies = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fdaa::/16"),
	netip.MustParsePrefix("::ffff:192.0.2.0/120"),
}

// originOf returns the origin of a request from the proxy 10.0.0.1.
func originOf(cfg forwarded.Config, h http.Header) forwarded.Origin {
	cfg.Trusted = proxies
	return originFrom(cfg, "10.0.0.1:4711", h)
}

func originFrom(cfg forwarded.Config, remote string, h http.Header) forwarded.Origin {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = remote
	for name, values := range h {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	return forwarded.New(cfg).Origin(r)
}

func TestEverySpellingOfAnAddressIsRead(t *testing.T) {
	t.Attr("case", "H01")
	t.Parallel()
	const v4, v6 = "203.0.113.7", "2001:db8::1"
	for text, want := range map[string]string{
		v4: v4, " " + v4 + "\t": v4, v4 + ":51234": v4, `"` + v4 + `"`: v4, `"` + v4 + `:80"`: v4, v4 + ":_port": v4,
		"::ffff:203.0.113.7": v4, "[::ffff:203.0.113.7]:80": v4, "::FFFF:CB00:7107": v4,
		v6: v6, "2001:DB8:0:0::1": v6, "2001:0db8:0000:0000:0000:0000:0000:0001": v6, "[" + v6 + "]": v6,
		"[" + v6 + "]:443": v6, `"[` + v6 + `]:4711"`: v6, v6 + "%eth0": v6, "[" + v6 + "%25eth0]:443": v6,
		"[" + v6 + "]:_http": v6,
		// What is no address:
		"": "", "unknown": "", "_hidden": "", "proxy.example.com": "", "203.0.113": "", "203.0.113.7:": "",
		"203.0.113.7:http": "", "203.0.113.7:99999": "", "203.0.113.7:_": "", "203.0.113.7/32": "", "[203.0.113.7]": "",
		"[2001:db8::1": "", "2001:db8::1]": "", "[2001:db8::1]443": "", `"203.0.113.7`: "", "203.0.113.7, 10.0.0.1": "",
		"0.0.0.0": "", "::": "", "[::]:80": "", "%eth0": "", ":80": "", "203.0.113.007": "", "\x00": "",
	} {
		addr, ok := forwarded.ParseAddr(text)
		if got := addr.String(); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %s, %v, want %q", text, got, ok, want)
		}
	}
}

func TestClientIsTheNearestAddressOutsideTheProxies(t *testing.T) {
	t.Attr("case", "H01")
	t.Parallel()
	const client, v6, proxy = "203.0.113.7", "2001:db8::1", "10.0.0.1"
	for name, c := range map[string]struct {
		headers http.Header
		want    string
	}{
		"none":                  {nil, proxy},
		"one":                   {http.Header{"X-Forwarded-For": {"203.0.113.7"}}, client},
		"port":                  {http.Header{"X-Forwarded-For": {"203.0.113.7:51234"}}, client},
		"forged":                {http.Header{"X-Forwarded-For": {"198.51.100.1, 203.0.113.7"}}, client},
		"two proxies":           {http.Header{"X-Forwarded-For": {"203.0.113.7:9,10.9.9.9"}}, client},
		"mapped proxy":          {http.Header{"X-Forwarded-For": {"203.0.113.7, 192.0.2.9"}}, client},
		"IPv6 proxy, port":      {http.Header{"X-Forwarded-For": {"203.0.113.7, [fdaa::9]:80"}}, client},
		"several lines":         {http.Header{"X-Forwarded-For": {"198.51.100.1", "203.0.113.7", "10.9.9.9"}}, client},
		"empty entries":         {http.Header{"X-Forwarded-For": {", 203.0.113.7 , ,", ""}}, client},
		"unknown behind a hop":  {http.Header{"X-Forwarded-For": {"unknown, 203.0.113.7"}}, client},
		"unknown":               {http.Header{"X-Forwarded-For": {"198.51.100.1, unknown"}}, proxy},
		"unknown of the second": {http.Header{"X-Forwarded-For": {"198.51.100.1, unknown, 10.9.9.9"}}, "10.9.9.9"},
		"proxies alone":         {http.Header{"X-Forwarded-For": {"10.7.7.7, 10.8.8.8"}}, "10.7.7.7"},
		"Forwarded":             {http.Header{"Forwarded": {"for=203.0.113.7;proto=https"}}, client},
		"Forwarded IPv6":        {http.Header{"Forwarded": {`For="[2001:db8::1]:4711"`}}, v6},
		"Forwarded bare IPv6":   {http.Header{"Forwarded": {"for=[2001:db8::1]:4711;by=_x"}}, v6},
		"Forwarded list": {
			http.Header{"Forwarded": {`for=198.51.100.1;host="a,b;for=c", FOR="203.0.113.7:1" ; by=x , for=10.9.9.9`}},
			client,
		},
		"Forwarded lines":      {http.Header{"Forwarded": {"for=x", "for=203.0.113.7, , for=10.9.9.9"}}, client},
		"Forwarded escapes":    {http.Header{"Forwarded": {`host="\"for=a";for="203.0.113.\7"`}}, client},
		"Forwarded unknown":    {http.Header{"Forwarded": {"for=198.51.100.1, for=unknown"}}, proxy},
		"Forwarded hidden":     {http.Header{"Forwarded": {"for=198.51.100.1, for=_hidden"}}, proxy},
		"Forwarded without":    {http.Header{"Forwarded": {"for=198.51.100.1, proto=https"}}, proxy},
		"Forwarded open quote": {http.Header{"Forwarded": {`for=198.51.100.1;x=", for=a`}}, proxy},
		"open quote before":    {http.Header{"Forwarded": {`for="198.51.100.1`, "for=203.0.113.7"}}, client},
		"for twice":            {http.Header{"Forwarded": {"for=198.51.100.1;for=203.0.113.7"}}, proxy},
		"both headers": {
			http.Header{"X-Forwarded-For": {"203.0.113.7"}, "Forwarded": {"for=198.51.100.1"}}, client,
		},
		"headers of other platforms": {
			http.Header{"X-Real-Ip": {"198.51.100.1"}, "Cf-Connecting-Ip": {"198.51.100.1"}}, proxy,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := originOf(forwarded.Config{}, c.headers).Client.String(); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			got := originFrom(forwarded.Config{Trusted: proxies}, "198.51.100.9:1", c.headers)
			if got.Client.String() != "198.51.100.9" || got.HTTPS {
				t.Errorf("without a trusted proxy: %+v", got)
			}
		})
	}
}

func TestHiddenClientsHaveNames(t *testing.T) {
	t.Attr("case", "H01")
	t.Parallel()
	for line, want := range map[string]string{
		"for=_x7f": "_x7f", `for="_x7f:_port"`: "_x7f", "for=_a, for=_b;by=_c": "_b", "for=_x7f, for=10.9.9.9": "_x7f",
		"for=_x7f, for=203.0.113.7": "", "for=unknown": "", "for=_a, for=unknown": "", `for="_a b"`: "",
		"for=_" + strings.Repeat("a", 64): "",
	} {
		h := http.Header{"Forwarded": {line}}
		if got := originOf(forwarded.Config{}, h).Hidden; got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
		if got := originFrom(forwarded.Config{Trusted: proxies}, "198.51.100.9:1", h).Hidden; got != "" {
			t.Errorf("%s without a trusted proxy: %q", line, got)
		}
	}
}

func TestConfiguredHeaderNamesTheClient(t *testing.T) {
	t.Attr("case", "S4")
	t.Parallel()
	list := http.Header{"X-Forwarded-For": {"203.0.113.7, 66.241.124.1"}}
	with := func(name string, values ...string) http.Header {
		h := list.Clone()
		h[name] = values
		return h
	}
	fly, both := forwarded.Config{ClientHeader: "fly-client-ip"}, with("Forwarded", "for=198.51.100.1")
	for name, c := range map[string]struct {
		cfg     forwarded.Config
		headers http.Header
		want    string
	}{
		"one address":       {fly, with("Fly-Client-Ip", "203.0.113.9"), "203.0.113.9"},
		"with a port":       {fly, with("Fly-Client-Ip", "[2001:db8::1]:443"), "2001:db8::1"},
		"missing":           {fly, list, "10.0.0.1"},
		"a list":            {fly, with("Fly-Client-Ip", "203.0.113.9, 203.0.113.8"), "10.0.0.1"},
		"twice":             {fly, with("Fly-Client-Ip", "203.0.113.9", "203.0.113.8"), "10.0.0.1"},
		"garbage":           {fly, with("Fly-Client-Ip", "x"), "10.0.0.1"},
		"X-Forwarded-For":   {forwarded.Config{ClientHeader: "x-forwarded-for"}, both, "66.241.124.1"},
		"Forwarded":         {forwarded.Config{ClientHeader: "forwarded"}, both, "198.51.100.1"},
		"no Forwarded":      {forwarded.Config{ClientHeader: "forwarded"}, list, "10.0.0.1"},
		"one hop":           {forwarded.Config{Hops: 1}, list, "66.241.124.1"},
		"two hops":          {forwarded.Config{Hops: 2}, list, "203.0.113.7"},
		"more hops":         {forwarded.Config{Hops: 9}, list, "203.0.113.7"},
		"hops, none listed": {forwarded.Config{Hops: 2}, nil, "10.0.0.1"},
		"two hops, the nearest unreadable": {
			forwarded.Config{Hops: 2}, http.Header{"X-Forwarded-For": {"203.0.113.7, unknown"}}, "203.0.113.7",
		},
		"two hops, forged": {
			forwarded.Config{Hops: 2}, http.Header{"X-Forwarded-For": {"198.51.100.1, 203.0.113.7, 66.241.124.1"}},
			"203.0.113.7",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := originOf(c.cfg, c.headers).Client.String(); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			c.cfg.Trusted = proxies
			if got := originFrom(c.cfg, "198.51.100.9:1", c.headers).Client.String(); got != "198.51.100.9" {
				t.Errorf("without a trusted proxy: %s", got)
			}
		})
	}
}

func TestSchemeIsTheClients(t *testing.T) {
	t.Attr("case", "H06")
	t.Parallel()
	xfp := func(values ...string) http.Header { return http.Header{"X-Forwarded-Proto": values} }
	for name, c := range map[string]struct {
		headers http.Header
		https   bool
	}{
		"none":                {nil, false},
		"https":               {xfp("https"), true},
		"HTTPS":               {xfp(" HTTPS "), true},
		"http":                {xfp("http"), false},
		"https, http":         {xfp("https, http"), true},
		"https,http":          {xfp("https,http"), true},
		"http, https":         {xfp("http, https"), false},
		"two lines":           {xfp("https", "http"), true},
		"empty first":         {xfp("", ", https"), true},
		"quoted":              {xfp(`"https"`), true},
		"wss":                 {xfp("wss"), true},
		"ws":                  {xfp("ws"), false},
		"nonsense":            {xfp("httpss"), false},
		"Forwarded":           {http.Header{"Forwarded": {"for=a;proto=https, for=10.0.0.2;proto=http"}}, true},
		"Forwarded, quoted":   {http.Header{"Forwarded": {`Proto="HTTPS";for=203.0.113.7`}}, true},
		"Forwarded http":      {http.Header{"Forwarded": {"proto=http, proto=https"}}, false},
		"Forwarded, open end": {http.Header{"Forwarded": {"proto=https;"}, "X-Forwarded-Proto": {"x"}}, true},
		"both":                {http.Header{"Forwarded": {"proto=http"}, "X-Forwarded-Proto": {"https"}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := originOf(forwarded.Config{}, c.headers).HTTPS; got != c.https {
				t.Errorf("HTTPS is %v", got)
			}
			if originFrom(forwarded.Config{Trusted: proxies}, "198.51.100.9:1", c.headers).HTTPS {
				t.Error("believed without a trusted proxy")
			}
		})
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.TLS = &tls.ConnectionState{}
	if !forwarded.New(forwarded.Config{}).Origin(r).HTTPS {
		t.Error("a TLS connection is not HTTPS")
	}
}

func TestConnectionWithoutAnAddress(t *testing.T) {
	t.Parallel()
	for _, remote := range []string{"", "@", "/run/socket", "10.0.0.1"} {
		if got := originFrom(forwarded.Config{Trusted: proxies}, remote,
			http.Header{"X-Forwarded-For": {"203.0.113.7"}}); got.Client.IsValid() {
			t.Errorf("%q: %s", remote, got.Client)
		}
	}
}
