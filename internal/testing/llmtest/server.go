package llmtest

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// Server is a Handler listening on a loopback port.
type Server struct {
	*Handler
	URL   string // the base URL to configure, ending in /v1
	conns *atomic.Int64
}

// NewServer starts a Server, which stops when t ends.
func NewServer(t testing.TB) *Server {
	t.Helper()
	s := &Server{Handler: NewHandler(), conns: new(atomic.Int64)}
	web := httptest.NewUnstartedServer(s.Handler)
	web.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.conns.Add(1)
		}
	}
	web.Start()
	t.Cleanup(func() {
		web.CloseClientConnections() // Close would wait for a step that stalls
		web.Close()
	})
	s.URL = web.URL + "/v1"
	return s
}

// Connections returns how many connections were opened so far.
func (s *Server) Connections() int { return int(s.conns.Load()) }
