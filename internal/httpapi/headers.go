package httpapi

import (
	"maps"
	"net/http"
)

// strictTransport makes browsers use HTTPS for a year. Other hosts of the domain are not ours to decide about.
const strictTransport = "max-age=31536000"

// securityHeaders are the headers that every answer has. A handler may replace them: the pages under /docs, which are
// the same for everyone, have a Cache-Control and a Content-Security-Policy of their own. Answers share the values, so
// that they need no memory of their own.
type securityHeaders struct{ plain, https http.Header }

func newSecurityHeaders() securityHeaders {
	plain := http.Header{
		"Cache-Control":           {"no-store"},
		"Content-Security-Policy": {"default-src 'none'; frame-ancestors 'none'"},
		"Referrer-Policy":         {"no-referrer"},
		"X-Content-Type-Options":  {"nosniff"},
	}
	https := maps.Clone(plain)
	https["Strict-Transport-Security"] = []string{strictTransport}
	return securityHeaders{plain, https}
}

// set sets them. The values have no room, so that Header.Add copies them.
func (s securityHeaders) set(h http.Header, https bool) {
	if https {
		maps.Copy(h, s.https)
		return
	}
	maps.Copy(h, s.plain)
}
