// Package network says which addresses count as one caller. Limits and lock-outs count networks, not addresses: whoever
// has one IPv6 address has at least a /64 of them.
package network

import "net/netip"

// Of returns the network that counts as one caller: the address itself for IPv4, the /64 for IPv6. An address that is
// not valid has the zero Prefix, whose text is "invalid Prefix".
func Of(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
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
	addr = addr.Unmap().WithZone("")
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
