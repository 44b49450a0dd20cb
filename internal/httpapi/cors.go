package httpapi

import (
	"net/http"
	"net/url"
	"strings"
)

// What browsers may send and read; the list is part of the contract.
const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	corsHeaders = "Authorization, Content-Type, Idempotency-Key, If-Match, If-Modified-Since, If-None-Match, " +
		"If-Range, If-Unmodified-Since, Range, " +
		"X-Backup-Checksum, X-Backup-Chunk-Count, X-Backup-Size, X-Backup-Timestamp, X-Backup-Version, " +
		"X-Client-Info, X-Request-Id"
	corsExposed = "X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, ETag, Last-Modified, Content-Range, Date, " +
		"X-Backup-Id, X-Backup-Version, X-Backup-Timestamp, X-Backup-Checksum"
	corsMaxAge = "600" // seconds
)

// cors answers preflights and refuses pages of other origins. A request without an Origin does not come from a page. No
// credentials are ever allowed: the API knows bearer tokens only.
func (s *Server) cors(next http.Handler) http.Handler {
	vary := []string{"Origin"} // which all answers share
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Vary"] = vary
		origins := r.Header.Values("Origin")
		if len(origins) == 0 {
			next.ServeHTTP(w, r)
			return
		}
		if len(origins) > 1 || !s.allows(r, origins[0]) {
			s.problem(w, r, errOrigin)
			return
		}
		h.Set("Access-Control-Allow-Origin", origins[0])
		h.Set("Access-Control-Expose-Headers", corsExposed)
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			requestInfoFrom(r.Context()).route = "preflight"
			h.Set("Access-Control-Allow-Methods", corsMethods)
			h.Set("Access-Control-Allow-Headers", corsHeaders)
			h.Set("Access-Control-Max-Age", corsMaxAge)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// allows reports whether pages of origin may call: those on the list, and our own.
func (s *Server) allows(r *http.Request, origin string) bool {
	if origin == baseURL(r) || origin == s.publicOrigin {
		return true
	}
	for _, allowed := range s.cfg.CORSOrigins {
		if origin == allowed || anyPort(allowed, origin) {
			return true
		}
	}
	return false
}

// anyPort matches an allowed origin whose port is *, such as http://localhost:*; the port may be absent.
func anyPort(allowed, origin string) bool {
	base, ok := strings.CutSuffix(allowed, ":*")
	if !ok {
		return false
	}
	if origin == base {
		return true
	}
	port, ok := strings.CutPrefix(origin, base+":")
	if !ok || port == "" || strings.Trim(port, "0123456789") != "" {
		return false
	}
	_, err := url.Parse(origin)
	return err == nil
}
