package network_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/adiuva/cloud-api/internal/network"
)

func TestAddressesOfOneNetworkCountAsOneCaller(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ addr, of, around string }{
		{"203.0.113.7", "203.0.113.7/32", "[]"},
		{"::ffff:203.0.113.7", "203.0.113.7/32", "[]"},
		{"64:ff9b::203.0.113.7", "203.0.113.7/32", "[]"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "[2001:db8:1::/56 2001:db8:1::/48]"},
		{"2001:db8:1:ff02::1%eth0", "2001:db8:1:ff02::/64", "[2001:db8:1:ff00::/56 2001:db8:1::/48]"},
	} {
		addr := netip.MustParseAddr(c.addr)
		if of, around := network.Of(addr).String(), fmt.Sprint(network.Around(addr)); of != c.of || around != c.around {
			t.Errorf("%s: %s and %s, want %s and %s", c.addr, of, around, c.of, c.around)
		}
	}
	if got := network.Of(netip.Addr{}); got.IsValid() || network.Around(netip.Addr{}) != nil {
		t.Errorf("no address: %v", got)
	}
}
