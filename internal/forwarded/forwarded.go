// Package forwarded finds out who sent a request that came through proxies, and whether it came over HTTPS. It believes
// only trusted proxies:
//
//	client ──► proxy ──► proxy ──► this service
//	  └── written into X-Forwarded-For, Forwarded or a header of the platform's own
//
// What a proxy writes about its own peer is true; what the peer had written before it may be forged.
package forwarded

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// The headers that list every hop. Any other client header has one address.
const (
	xForwardedFor = "X-Forwarded-For"
	forwardedName = "Forwarded"
)

// Config says which proxies are believed, and how they name the client.
type Config struct {
	// Trusted are the proxies' addresses. From all others, no header is believed.
	Trusted []netip.Prefix
	// ClientHeader is the header that names the client: one with a single address, such as CF-Connecting-IP, or one
	// of X-Forwarded-For and Forwarded. When it is empty, X-Forwarded-For is read, or Forwarded where there is none.
	ClientHeader string
	// Hops is the number of proxies that a request passes, the nearest one included, if their addresses are not known:
	// the client is then that many entries from the end of the list. 0 means that all of them are Trusted.
	Hops int
}

// Origin is where a request came from.
type Origin struct {
	// Client is the address of the client, without zone, or of the farthest trusted proxy if that did not name its
	// client readably. It is the zero Addr only if the connection itself has no IP address.
	Client netip.Addr
	// Hidden is the name by which that proxy knows a client whose address it hides, such as _x7f (RFC 7239, 6.3), or
	// empty.
	Hidden string
	HTTPS  bool // whether the client used HTTPS
}

// Reader reads the origins of requests. It is safe for concurrent use.
type Reader struct{ cfg Config }

// New returns a Reader.
func New(cfg Config) *Reader {
	trusted := make([]netip.Prefix, len(cfg.Trusted))
	for i, p := range cfg.Trusted {
		trusted[i] = unmap(p)
	}
	cfg.Trusted = trusted
	cfg.ClientHeader = http.CanonicalHeaderKey(cfg.ClientHeader)
	return &Reader{cfg: cfg}
}

// unmap turns a network of IPv4-mapped addresses into one of IPv4, because addresses are compared unmapped.
func unmap(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}

// Origin returns where r came from.
func (d *Reader) Origin(r *http.Request) Origin {
	peer := peerOf(r.RemoteAddr)
	origin := Origin{Client: peer, HTTPS: r.TLS != nil}
	if !d.Trusts(peer) {
		return origin
	}
	origin.Client, origin.Hidden = d.client(peer, r.Header)
	origin.HTTPS = origin.HTTPS || d.https(r.Header)
	return origin
}

// Trusts reports whether addr is a trusted proxy.
func (d *Reader) Trusts(addr netip.Addr) bool {
	for _, p := range d.cfg.Trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// peerOf returns the address at the other end of the connection.
func peerOf(remote string) netip.Addr {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	addr, _ := ParseAddr(host)
	return addr
}

// client returns the client that the trusted peer names, and the name of a hidden one.
func (d *Reader) client(peer netip.Addr, h http.Header) (client netip.Addr, hidden string) {
	switch name := d.cfg.ClientHeader; name {
	case "":
		if lines := h[xForwardedFor]; len(lines) > 0 {
			return d.last(peer, splitLines(lines))
		}
		return d.last(peer, clients(h))
	case xForwardedFor:
		return d.last(peer, splitLines(h[xForwardedFor]))
	case forwardedName:
		return d.last(peer, clients(h))
	default:
		values := h[name]
		if len(values) != 1 {
			return peer, ""
		}
		if addr, ok := ParseAddr(values[0]); ok {
			return addr, ""
		}
		return peer, ""
	}
}

// last follows hops, whose last was written by the peer, to the farthest address that can be believed: the first that
// is not a trusted proxy's, or with Hops the one at that distance. It stops before a hop that cannot be read.
func (d *Reader) last(peer netip.Addr, hops []string) (addr netip.Addr, hidden string) {
	if d.cfg.Hops > 0 {
		// A request that passed fewer proxies has a shorter list.
		hops = hops[max(len(hops)-d.cfg.Hops, 0):]
		hops = hops[:min(len(hops), 1)]
	}
	addr = peer
	for i := len(hops) - 1; i >= 0 && d.Trusts(addr); i-- {
		next, ok := ParseAddr(hops[i])
		if !ok {
			return addr, hiddenName(hops[i])
		}
		addr = next
	}
	return addr, ""
}

// maxHidden bounds a hidden name.
const maxHidden = 64

// hiddenName returns the hop if it is a hidden name, without its port.
func hiddenName(hop string) string {
	name, _, _ := strings.Cut(hop, ":")
	if strings.HasPrefix(name, "_") && len(name) <= maxHidden && strings.Trim(name, tokenChars) == "" {
		return name
	}
	return ""
}

// splitLines returns the entries of comma-separated lines without empty ones.
func splitLines(lines []string) []string {
	var list []string
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ",") {
			if part = trim(part); part != "" {
				list = append(list, part)
			}
		}
	}
	return list
}

// clients returns who sent the request to each proxy that is in the Forwarded headers.
func clients(h http.Header) []string {
	elements := parseForwarded(h[forwardedName])
	list := make([]string, len(elements))
	for i, e := range elements {
		list[i] = e.client
	}
	return list
}

// https reports whether the proxies say that the client used HTTPS. Where they list several schemes, the first is the
// client's.
func (d *Reader) https(h http.Header) bool {
	if d.cfg.ClientHeader != forwardedName {
		for _, scheme := range splitLines(h["X-Forwarded-Proto"]) {
			if secure, ok := isSecure(scheme); ok {
				return secure
			}
		}
	}
	for _, e := range parseForwarded(h[forwardedName]) {
		if secure, ok := isSecure(e.scheme); ok {
			return secure
		}
	}
	return false
}

// isSecure reports whether the scheme is encrypted; ok is false if it is none that this service is reached by.
func isSecure(scheme string) (secure, ok bool) {
	switch strings.ToLower(strings.Trim(scheme, `"`)) {
	case "https", "wss":
		return true, true
	case "http", "ws":
		return false, true
	}
	return false, false
}
