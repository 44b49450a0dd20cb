package httpapi

import "net/http"

// strictTransport makes browsers use HTTPS for a year. Other hosts of the domain are not ours to decide about.
const strictTransport = "max-age=31536000"

// setSecurityHeaders sets the headers that every answer has. A handler may replace them: the pages under /docs, which
// are the same for everyone, have a Cache-Control and a Content-Security-Policy of their own.
func setSecurityHeaders(h http.Header, https bool) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	if https {
		h.Set("Strict-Transport-Security", strictTransport)
	}
}
