package passkey

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// knownTransports are the ways to reach an authenticator that are kept. Any others are for browsers that are newer.
func knownTransports() []protocol.AuthenticatorTransport {
	return []protocol.AuthenticatorTransport{protocol.USB, protocol.NFC, protocol.BLE, protocol.SmartCard,
		protocol.Hybrid, protocol.Internal}
}

// site is what passkeys are bound to: the host of the public URL, and the origin of the page.
type site struct {
	origin   string
	webauthn *webauthn.WebAuthn
}

// site returns the site of the public URL, or of base where none is configured.
func (s *Service) site(base string) (site, error) { return siteOf(cmp.Or(s.publicURL, base)) }

// siteOf fails where the host is no name, which WebAuthn needs. Loopback addresses become localhost.
func siteOf(base string) (site, error) {
	u, err := url.Parse(base)
	if err != nil {
		return site{}, fmt.Errorf("passkeys: %w", err)
	}
	host := u.Hostname()
	if address, err := netip.ParseAddr(host); err == nil && address.IsLoopback() {
		host = "localhost"
	}
	origin := url.URL{Scheme: u.Scheme, Host: host}
	if port := u.Port(); port != "" {
		origin.Host = net.JoinHostPort(host, port)
	}
	if err := protocol.ValidateRPID(host); err != nil {
		return site{}, fmt.Errorf("passkeys need a host name and %q is none: %w", host, err)
	}
	w, err := webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: displayName, RPOrigins: []string{origin.String()},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey:        protocol.ResidentKeyRequirementRequired,
			RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification:   protocol.VerificationRequired,
		},
	})
	if err != nil {
		return site{}, fmt.Errorf("passkeys at %s: %w", origin.String(), err)
	}
	return site{origin: origin.String(), webauthn: w}, nil
}

// transports returns the library's form of what was stored.
func transports(names []string) (list []protocol.AuthenticatorTransport) {
	for _, name := range names {
		list = append(list, protocol.AuthenticatorTransport(name))
	}
	return list
}
