package forwarded

import (
	"net/netip"
	"strconv"
	"strings"
)

// ParseAddr reads one address as proxies write it: IPv4 or IPv6, with or without brackets, a port (RFC 7239's hidden
// ports too), a zone, quotes or spaces around it. Ports and zones are dropped, and IPv4-mapped addresses become IPv4.
// It returns false for everything else: "unknown", hidden names, lists, host names and unspecified addresses.
func ParseAddr(text string) (netip.Addr, bool) {
	text = trim(text)
	if inner, ok := strings.CutPrefix(text, `"`); ok {
		if inner, ok = strings.CutSuffix(inner, `"`); !ok {
			return netip.Addr{}, false
		}
		text = trim(inner)
	}
	host := text
	if inner, ok := strings.CutPrefix(text, "["); ok {
		inner, port, closed := strings.Cut(inner, "]")
		if !closed || port != "" && !isPort(port) || !strings.Contains(inner, ":") {
			return netip.Addr{}, false
		}
		host = inner
	} else if strings.Count(text, ":") == 1 { // IPv6 has at least two
		var port string
		host, port, _ = strings.Cut(text, ":")
		if !isPort(":" + port) {
			return netip.Addr{}, false
		}
	}
	host, _, _ = strings.Cut(host, "%")
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.IsUnspecified() {
		return netip.Addr{}, false
	}
	return addr.Unmap(), true
}

// isPort reports whether text is a colon and a port, or a colon and a hidden port such as :_secret.
func isPort(text string) bool {
	port, ok := strings.CutPrefix(text, ":")
	if !ok {
		return false
	}
	if name, hidden := strings.CutPrefix(port, "_"); hidden {
		return name != "" && strings.Trim(name, tokenChars) == ""
	}
	_, err := strconv.ParseUint(port, 10, 16)
	return err == nil
}

func trim(text string) string { return strings.Trim(text, " \t") }
