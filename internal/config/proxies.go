package config

import "strings"

// maxProxyHops is more than any deployment has. A larger number would let callers choose their address.
const maxProxyHops = 10

// validateProxies returns the faults of the variables about proxies.
func (c Config) validateProxies(set map[string]bool) []string {
	var faults []string
	reject := func(invalid bool, fault string) {
		if invalid {
			faults = append(faults, fault)
		}
	}
	const missing = "TRUSTED_PROXIES is missing: only the proxies it lists may say who the client is, so without it "
	trusted := set["TRUSTED_PROXIES"]
	reject(c.ClientIPHeader != "" && !trusted, missing+"CLIENT_IP_HEADER has no effect")
	reject(c.TrustedProxyHops != 0 && !trusted, missing+"TRUSTED_PROXY_HOPS has no effect")
	reject(!isHeaderName(c.ClientIPHeader),
		"CLIENT_IP_HEADER is wrong: it must be the name of one header, such as CF-Connecting-IP")
	reject(c.TrustedProxyHops < 0 || c.TrustedProxyHops > maxProxyHops,
		"TRUSTED_PROXY_HOPS is wrong: it must be 1 to 10, or 0 for none")
	reject(c.TrustedProxyHops != 0 && c.ClientIPHeader != "" && !isListHeader(c.ClientIPHeader),
		"TRUSTED_PROXY_HOPS and CLIENT_IP_HEADER are both set: keep one, because hops are counted in X-Forwarded-For "+
			"and Forwarded only")
	return faults
}

func isListHeader(name string) bool {
	return strings.EqualFold(name, "X-Forwarded-For") || strings.EqualFold(name, "Forwarded")
}

func isHeaderName(name string) bool {
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}
