package publicdial_test

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/publicdial"
	"github.com/adiuva/cloud-api/internal/testing/dnstest"
)

func TestOnlyAddressesOfThePublicInternetArePublic(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI01")
	for text, want := range map[string]bool{
		"8.8.8.8":                  true,
		"172.15.255.255":           true,
		"172.32.0.1":               true,
		"100.63.255.255":           true,
		"100.128.0.1":              true,
		"2606:4700::1111":          true,
		"2a00:1450:4001:80b::200e": true,
		"::ffff:8.8.8.8":           true,
		"64:ff9b::808:808":         true,

		"0.0.0.0":            false,
		"0.1.2.3":            false,
		"10.1.2.3":           false,
		"100.64.0.1":         false,
		"100.100.100.200":    false,
		"127.0.0.1":          false,
		"127.255.255.254":    false,
		"168.63.129.16":      false,
		"169.254.169.254":    false,
		"172.16.0.1":         false,
		"172.31.255.255":     false,
		"192.0.0.192":        false,
		"192.0.2.1":          false,
		"192.88.99.1":        false,
		"192.168.1.1":        false,
		"198.19.0.1":         false,
		"198.51.100.1":       false,
		"203.0.113.1":        false,
		"224.0.0.1":          false,
		"255.255.255.255":    false,
		"::":                 false,
		"::1":                false,
		"::127.0.0.1":        false,
		"::ffff:10.0.0.1":    false,
		"::ffff:127.0.0.1":   false,
		"64:ff9b::a00:1":     false,
		"64:ff9b::7f00:1":    false,
		"64:ff9b:1::808:808": false,
		"100::1":             false,
		"2001::1":            false,
		"2001:2::1":          false,
		"2001:db8::1":        false,
		"2002:0a00:0001::":   false,
		"2002:0808:0808::":   false,
		"3fff::1":            false,
		"5f00::1":            false,
		"fc00::1":            false,
		"fd00:ec2::254":      false,
		"fe80::1":            false,
		"fe80::1%eth0":       false,
		"2606:4700::1%eth0":  false,
		"fec0::1":            false,
		"ff02::1":            false,
	} {
		if got := publicdial.Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("Public(%s) = %t, want %t", text, got, want)
		}
	}
	if publicdial.Public(netip.Addr{}) {
		t.Error("the zero address is public")
	}
}

func TestDialRefusesNamesAndAddressesInOurNetwork(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI01")
	listener := listen(t)
	names := dnstest.New(t)
	names.Set("inside.test", "10.0.0.1", "fd00::1")
	names.Set("loop.test", "127.0.0.1")
	dialer := publicdial.Dialer{Resolver: names.Resolver()}
	for _, host := range []string{"inside.test", "loop.test", "127.0.0.1", "localhost", "::1", "0.0.0.0", "::",
		"10.0.0.1", "::ffff:127.0.0.1", "169.254.169.254", "2130706433.test"} {
		conn, err := dialer.DialContext(t.Context(), "tcp", net.JoinHostPort(host, port(listener)))
		if err == nil {
			conn.Close()
			t.Errorf("%s was connected to", host)
		}
		if _, missing := errors.AsType[*net.DNSError](err); !missing && !errors.Is(err, publicdial.ErrNotPublic) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if _, err := dialer.DialContext(t.Context(), "unix", "/run/a.sock"); err == nil {
		t.Error("a socket in the file system was dialed")
	}
}

func TestDialLooksAtEveryLookUp(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI02")
	listener := listen(t)
	names := dnstest.New(t)
	names.Set("turns.test", "127.0.0.1")
	dialer := publicdial.Dialer{Resolver: names.Resolver(), AllowLoopback: true}
	address := net.JoinHostPort("turns.test", port(listener))
	conn, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatalf("loop-back, allowed: %v", err)
	}
	conn.Close()
	names.Set("turns.test", "192.168.0.1")
	if _, err := dialer.DialContext(t.Context(), "tcp", address); !errors.Is(err, publicdial.ErrNotPublic) {
		t.Fatalf("after the name turned: %v", err)
	}
}

func TestDialTriesThePublicAddressesOfANameAlone(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI02")
	listener := listen(t)
	names := dnstest.New(t)
	names.Set("mixed.test", "10.0.0.1", "127.0.0.1")
	dialer := publicdial.Dialer{Resolver: names.Resolver(), AllowLoopback: true}
	start := time.Now()
	conn, err := dialer.DialContext(t.Context(), "tcp", net.JoinHostPort("mixed.test", port(listener)))
	if err != nil {
		t.Fatalf("after %v: %v", time.Since(start), err)
	}
	defer conn.Close()
	if got := conn.RemoteAddr().String(); got != listener.Addr().String() {
		t.Errorf("connected to %s", got)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

func port(listener net.Listener) string {
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		panic(err)
	}
	return port
}
