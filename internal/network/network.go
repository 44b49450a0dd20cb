// Package network says which addresses count as one caller. Limits and lock-outs count networks, not addresses: whoever
// has one IPv6 address has at least a /64 of them.
package network

import "net/netip"

// nat64 has every IPv4 address in its last 32 bits (RFC 6052). Where a gateway translates IPv4 into it, callers are as
// different as their IPv4 addresses, although all of it is one /64.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// plain returns the address without zone, and as IPv4 if it stands for an IPv4 address.
func plain(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if nat64.Contains(addr) {
		bytes := addr.As16()
		return netip.AddrFrom4([4]byte(bytes[12:]))
	}
	return addr
}

// Of returns the network that counts as one caller: the address itself for IPv4, the /64 for IPv6. An address that is
// not valid has the zero Prefix, whose text is "invalid Prefix".
func Of(addr netip.Addr) netip.Prefix {
	addr = plain(addr)
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}

// Around returns the wider networks that hold addr, the narrowest first, because one host may own many networks: /56
// and /48 for IPv6, none for IPv4.
func Around(addr netip.Addr) []netip.Prefix {
	addr = plain(addr)
	if !addr.Is6() {
		return nil
	}
	wider := make([]netip.Prefix, 0, 2)
	for _, bits := range []int{56, 48} {
		if prefix, err := addr.Prefix(bits); err == nil {
			wider = append(wider, prefix)
		}
	}
	return wider
}
