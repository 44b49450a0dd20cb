package config

import (
	"fmt"
	"math"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Bounds of lifetimes in production. A stolen access token works until it expires, whatever its owner does.
const (
	maxAccessTTL  = 24 * time.Hour
	longAccessTTL = time.Hour
	longRefresh   = 365 * 24 * time.Hour
)

// finding is what production refuses or warns of. Its text names the variable and the fix.
type finding struct {
	refused bool
	text    string
}

// Warnings returns what production accepts although it is rarely meant. Each text names the variable and the fix. In
// dev there are none.
func (c Config) Warnings() []string {
	if !c.IsProd() {
		return nil
	}
	var list []string
	for _, f := range c.findings() {
		if !f.refused {
			list = append(list, f.text)
		}
	}
	return list
}

// findings returns everything about the values of a production configuration that is unsafe.
func (c Config) findings() []finding {
	return slices.Concat(c.weakSecrets(), c.plainConnections(), c.testSettings(), c.wideProxies(), c.openListener(),
		c.longLifetimes())
}

// Secrets vary too little when they have fewer different bytes, or less entropy by the frequency of their bytes. 32
// random hexadecimal digits have about 14 different ones and 115 bits.
const (
	minLength  = 24 // bytes; of shorter ones their length says enough
	minVariety = 9
	minEntropy = 80 // bits
)

func (c Config) weakSecrets() (list []finding) {
	for _, f := range fields(&c) {
		if f.min == 0 {
			continue
		}
		for _, value := range f.secrets() {
			if variesTooLittle(strings.TrimPrefix(value, "whsec_")) {
				list = append(list, finding{true,
					f.name + " varies too little to be a secret: make a random one (try: openssl rand -base64 48)"})
			}
		}
	}
	return list
}

func variesTooLittle(secret string) bool {
	if len(secret) < minLength {
		return false
	}
	counts := map[byte]float64{}
	for i := range len(secret) {
		counts[secret[i]]++
	}
	bits := 0.0
	for _, n := range counts {
		bits += n * math.Log2(float64(len(secret))/n)
	}
	return len(counts) < minVariety || bits < minEntropy
}

// plainConnections finds what crosses a network unencrypted. It is a warning inside a private network, where somebody
// may mean it.
func (c Config) plainConnections() (list []finding) {
	plain := func(name, text, scheme, what, remedy string) {
		u, err := url.Parse(text)
		if err != nil || u.Scheme != scheme {
			return
		}
		if where := reachOf(u.Hostname()); where != loopback {
			list = append(list, finding{where == public, fmt.Sprintf("%s sends %s unencrypted over %s: %s", name, what,
				where, remedy)})
		}
	}
	list = append(list, c.plainDatabase()...)
	plain("REDIS_URL", c.RedisURL.value, "redis", "its password and the limits", "use a rediss:// URL")
	plain("OPENAI_BASE_URL", c.OpenAIBaseURL, "http", "the key and what people write", "use an https:// URL")
	plain("S3_ENDPOINT", c.S3Endpoint, "http", "backups", "use an https:// URL")
	plain("BILLING_SUCCESS_URL", c.BillingSuccessURL, "http", "people who paid", "use an https:// URL")
	plain("PUBLIC_URL", c.PublicURL, "http", "tokens and what people write", "use an https:// URL")
	plain("BILLING_CANCEL_URL", c.BillingCancelURL, "http", "people who did not pay", "use an https:// URL")
	if skipsVerification(c.RedisURL.value) {
		list = append(list, finding{false,
			"REDIS_URL does not check the server's certificate: remove skip_verify"})
	}
	return list
}

// SendsInTheClear reports whether a provider's base URL sends the key and what people write unencrypted over a public
// network, which production refuses.
func (c Config) SendsInTheClear(baseURL string) bool {
	u, err := url.Parse(baseURL)
	return c.IsProd() && err == nil && u.Scheme == "http" && reachOf(u.Hostname()) == public
}

// skipsVerification reports whether a Redis URL says so, as the client library reads it: the last value counts.
func skipsVerification(redisURL string) bool {
	u, err := url.Parse(redisURL)
	if err != nil {
		return false
	}
	values := u.Query()["skip_verify"]
	return len(values) > 0 && slices.Contains([]string{"true", "1"}, values[len(values)-1])
}

// plainDatabase checks the sslmode of DATABASE_URL. With prefer, which is the default, and allow, whoever is between us
// and the server decides whether there is TLS.
func (c Config) plainDatabase() []finding {
	u, err := url.Parse(c.DatabaseURL.value)
	if err != nil {
		return nil
	}
	query := u.Query()
	hosts := strings.Split(u.Host, ",")
	if text := query.Get("host"); text != "" {
		hosts = strings.Split(text, ",")
	}
	remote := slices.ContainsFunc(hosts, func(host string) bool {
		return !strings.HasPrefix(host, "/") && reachOf(hostOnly(host)) != loopback
	})
	switch mode := query.Get("sslmode"); {
	case !remote:
	case mode == "disable":
		return []finding{{true,
			"DATABASE_URL has sslmode=disable over a network: use sslmode=verify-full, or require"}}
	case mode == "", mode == "prefer", mode == "allow":
		return []finding{{false, "DATABASE_URL does not insist on TLS: add sslmode=verify-full, or require"}}
	}
	return nil
}

// hostOnly returns a host without its port, if it has one.
func hostOnly(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

// reach says how far away a host is. Its text continues "over".
type reach string

const (
	loopback reach = "loopback"
	private  reach = "a private network"
	public   reach = "a public network"
)

// reachOf returns how far away the host is, by its address or, without asking anybody, by its name: names with one
// label and those under the usual private domains are of a private network.
func reachOf(host string) reach {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if addr, err := netip.ParseAddr(host); err == nil {
		switch addr = addr.Unmap(); {
		case addr.IsLoopback(), addr.IsUnspecified():
			return loopback
		case addr.IsPrivate(), addr.IsLinkLocalUnicast(), netip.MustParsePrefix("100.64.0.0/10").Contains(addr):
			return private
		}
		return public
	}
	switch {
	case host == "", host == "localhost", strings.HasSuffix(host, ".localhost"):
		return loopback
	case !strings.Contains(host, "."):
		return private
	}
	for _, suffix := range []string{".internal", ".local", ".svc", ".lan", ".home.arpa", ".flycast"} {
		if strings.HasSuffix(host, suffix) {
			return private
		}
	}
	return public
}

// testSettings finds what belongs to tests of the service.
func (c Config) testSettings() (list []finding) {
	if key := c.StripeSecretKey.value; strings.HasPrefix(key, "sk_test_") || strings.HasPrefix(key, "rk_test_") {
		list = append(list, finding{false, "STRIPE_SECRET_KEY is a key of Stripe's test mode, in which nobody pays: " +
			"use a live key, unless this is no more than a rehearsal"})
	}
	u, err := url.Parse(c.StripeAPIBase)
	stripeItself := err == nil && u.Scheme == "https" && strings.EqualFold(u.Hostname(), "api.stripe.com")
	if err == nil && c.StripeAPIBase != "" && !stripeItself {
		list = append(list, finding{reachOf(u.Hostname()) != loopback,
			"STRIPE_API_BASE sends Stripe's key and payments to another server: leave it empty"})
	}
	return list
}

// Networks wider than these are nobody's proxies, unless they are private. Together, the public networks may hold an
// eighth of all addresses.
const (
	minBitsIPv4 = 8
	minBitsIPv6 = 16
	maxShare    = 1.0 / 8
)

// wideProxies finds networks in TRUSTED_PROXIES from which callers could claim any address.
func (c Config) wideProxies() []finding {
	share := map[bool]float64{} // of all addresses, by "is IPv4"
	tooWide := false
	for _, p := range c.TrustedProxies {
		bits, least := p.Bits(), minBitsIPv6
		isIPv4 := p.Addr().Unmap().Is4()
		if isIPv4 {
			bits, least = bits-p.Addr().BitLen()+32, minBitsIPv4
		}
		if netip.MustParsePrefix("fc00::/7").Contains(p.Addr()) && bits >= 7 {
			continue
		}
		share[isIPv4] += math.Pow(2, float64(-bits))
		tooWide = tooWide || bits < least
	}
	if tooWide || share[true] > maxShare || share[false] > maxShare {
		return []finding{{true, "TRUSTED_PROXIES trusts so many addresses that callers can claim any address: " +
			"name only the networks of your load balancer"}}
	}
	return nil
}

// openListener warns of an admin listener that is reached from elsewhere: it asks for no password.
func (c Config) openListener() []finding {
	host, _, err := net.SplitHostPort(c.AdminAddr)
	if c.AdminAddr == "" || err != nil {
		return nil
	}
	addr, err := netip.ParseAddr(host)
	if host == "" || err == nil && (addr.IsUnspecified() || reachOf(host) == public) {
		return []finding{{false, "ADMIN_ADDR listens on all or on public addresses and asks for no password: use " +
			"127.0.0.1 or an address of a private network"}}
	}
	return nil
}

func (c Config) longLifetimes() (list []finding) {
	switch {
	case c.JWTAccessTTL > maxAccessTTL:
		list = append(list, finding{true, "JWT_ACCESS_TTL is too long: ENV=prod allows at most 24h (15m is usual), " +
			"because a stolen access token works until it expires"})
	case c.JWTAccessTTL > longAccessTTL:
		list = append(list, finding{false, "JWT_ACCESS_TTL is long: a stolen access token works until it expires " +
			"(15m is usual)"})
	}
	if c.JWTRefreshTTL > longRefresh {
		list = append(list, finding{false, "JWT_REFRESH_TTL is longer than a year: a lost device stays signed in " +
			"as long (720h is usual)"})
	}
	if c.JWTRefreshTTL < c.JWTAccessTTL {
		list = append(list, finding{false, "JWT_REFRESH_TTL is shorter than JWT_ACCESS_TTL: people are signed out " +
			"when it ends, so make it longer"})
	}
	return list
}
