// Package publicdial connects to servers whose names come from customers. It looks at each address just before it
// connects, after the name was resolved, and refuses those that are not on the public internet: our own network, this
// machine, a cloud's metadata service. A name that resolves to a public address first and to a private one later gains
// nothing by it.
package publicdial

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// timeout bounds a look-up and the connects after it. The addresses of a name share it.
const timeout = 3 * time.Second

// ErrNotPublic is returned, wrapped, for an address that is not on the public internet.
var ErrNotPublic = errors.New("the address is not public")

// Dialer connects to public addresses. The zero value uses the system's resolver.
type Dialer struct {
	// Resolver looks names up; nil means the system's.
	Resolver *net.Resolver
	// AllowLoopback accepts this machine's loop-back addresses too, for development.
	AllowLoopback bool
}

// DialContext connects to host and port over TCP. Of a name with several addresses it tries the public ones alone.
func (d Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return nil, net.UnknownNetworkError(network)
	}
	dialer := net.Dialer{Timeout: timeout, Resolver: d.Resolver, ControlContext: d.check}
	return dialer.DialContext(ctx, network, address)
}

// check runs with the address that the socket is about to connect to.
func (d Dialer) check(_ context.Context, _, address string, _ syscall.RawConn) error {
	connecting, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrNotPublic
	}
	addr := connecting.Addr()
	if d.AllowLoopback && addr.Unmap().IsLoopback() || Public(addr) {
		return nil
	}
	return ErrNotPublic
}

// Public reports whether the address belongs to one host on the public internet. An IPv6 address that stands for an
// IPv4 address is public if that is; addresses of tunnels (6to4, Teredo), whose far end we can't judge, are not.
func Public(addr netip.Addr) bool {
	if addr.Zone() != "" {
		return false
	}
	addr = addr.Unmap()
	if nat64.Contains(addr) {
		bytes := addr.As16()
		addr = netip.AddrFrom4([4]byte(bytes[12:]))
	}
	if addr.Is6() && !globalUnicast.Contains(addr) {
		return false
	}
	for _, prefix := range special {
		if prefix.Contains(addr) {
			return false
		}
	}
	return addr.IsValid()
}

// nat64 has every IPv4 address in its last 32 bits (RFC 6052).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// globalUnicast holds all IPv6 addresses of the public internet (RFC 4291). Loop-back, link-local, unique local
// (fd00:ec2::254 of a metadata service too) and multicast addresses are outside.
var globalUnicast = netip.MustParsePrefix("2000::/3")

// special is what IANA's registries of special-purpose addresses take out of the public internet.
var special = [...]netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),         // this network; 0.0.0.0 is this host
	netip.MustParsePrefix("10.0.0.0/8"),        // private
	netip.MustParsePrefix("100.64.0.0/10"),     // carrier-grade NAT; metadata of one cloud
	netip.MustParsePrefix("127.0.0.0/8"),       // loop-back
	netip.MustParsePrefix("168.63.129.16/32"),  // the host of a virtual machine, in one cloud
	netip.MustParsePrefix("169.254.0.0/16"),    // link-local; metadata of most clouds
	netip.MustParsePrefix("172.16.0.0/12"),     // private
	netip.MustParsePrefix("192.0.0.0/24"),      // protocol assignments; metadata of one cloud
	netip.MustParsePrefix("192.0.2.0/24"),      // documentation
	netip.MustParsePrefix("192.88.99.0/24"),    // relays of 6to4
	netip.MustParsePrefix("192.168.0.0/16"),    // private
	netip.MustParsePrefix("198.18.0.0/15"),     // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"),   // documentation
	netip.MustParsePrefix("203.0.113.0/24"),    // documentation
	netip.MustParsePrefix("224.0.0.0/4"),       // multicast
	netip.MustParsePrefix("240.0.0.0/4"),       // reserved, broadcast
	netip.MustParsePrefix("2001::/23"),         // protocol assignments: Teredo, benchmarks, ORCHID
	netip.MustParsePrefix("2001:db8::/32"),     // documentation
	netip.MustParsePrefix("2002::/16"),         // 6to4
	netip.MustParsePrefix("2620:4f:8000::/48"), // AS112
	netip.MustParsePrefix("3fff::/20"),         // documentation
}
