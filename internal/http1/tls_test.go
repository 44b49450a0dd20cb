package http1_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/http1"
)

// tlsServer is a server with a certificate for example.com.
type tlsServer struct {
	*httptest.Server
	handshakes atomic.Int64
}

// newTLSServer starts a server that speaks these protocols. Where HTTP/1.1 is not among them it refuses clients that do
// not offer HTTP/2, which Go's servers otherwise make an exception for.
func newTLSServer(t *testing.T, protocols ...string) *tlsServer {
	s := &tlsServer{Server: httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Proto+" "+r.Host+" "+string(body))
	}))}
	s.Config.ErrorLog = stdlog.New(io.Discard, "", 0)
	s.EnableHTTP2 = true // which is refused unless the protocols have it
	s.TLS = &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		s.handshakes.Add(1)
		refuses := len(protocols) == 1 && !slices.Contains(hello.SupportedProtos, protocols[0])
		if !refuses {
			return nil, nil
		}
		strict := s.TLS.Clone()
		strict.NextProtos = []string{"none of the client's"}
		return strict, nil
	}}
	s.StartTLS()
	s.TLS.NextProtos = protocols
	t.Cleanup(s.Close)
	return s
}

// settings returns settings that dial the server and trust it.
func (s *tlsServer) settings() *http.Transport {
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: 8, DisableCompression: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
		}}
}

func TestTLSSpeaksHTTP1(t *testing.T) {
	t.Parallel()
	for name, protocols := range map[string][]string{
		"both": {"h2", "http/1.1"}, "HTTP/1.1": {"http/1.1"}, "no ALPN": nil,
	} {
		s := newTLSServer(t, protocols...)
		rt := http1.New(s.settings())
		t.Cleanup(rt.CloseIdleConnections)
		for range 3 {
			resp := want(t, rt, newPost(t, "https://example.com/", "q"), "HTTP/1.1 example.com q")
			if resp.TLS == nil || resp.TLS.ServerName != "example.com" {
				t.Errorf("%s: state %+v", name, resp.TLS)
			}
		}
		long := strings.Repeat("x", 1<<20)
		want(t, rt, newPost(t, "https://example.com/", long), "HTTP/1.1 example.com "+long)
		if n := s.handshakes.Load(); n != 1 {
			t.Errorf("%s: %d handshakes", name, n)
		}
	}
}

// TestHTTP2OnlyHostIsLeft asks a server that refuses HTTP/1.1, which the first call finds out.
func TestHTTP2OnlyHostIsLeft(t *testing.T) {
	t.Parallel()
	s := newTLSServer(t, "h2")
	rt := http1.New(s.settings())
	t.Cleanup(rt.CloseIdleConnections)
	for range 3 {
		want(t, rt, newPost(t, "https://example.com/", "q"), "HTTP/2.0 example.com q")
	}
	if n := s.handshakes.Load(); n != 2 {
		t.Errorf("%d handshakes, want the refused one and that of net/http", n)
	}
}

func TestTLSVerifiesServer(t *testing.T) {
	t.Parallel()
	s := newTLSServer(t, "http/1.1")
	for name, change := range map[string]func(*http.Transport) string{
		"another name": func(*http.Transport) string { return "https://model.test/" },
		"unknown roots": func(base *http.Transport) string {
			base.TLSClientConfig = nil
			return "https://example.com/"
		},
	} {
		var address string
		base := func() *http.Transport {
			base := s.settings()
			address = change(base)
			return base
		}
		both(t, base, func(t *testing.T, rt transport) {
			var certificate *tls.CertificateVerificationError
			if _, err := do(rt, newPost(t, address, "q")); !errors.As(err, &certificate) {
				t.Errorf("%s: error %v", name, err)
			}
		})
	}
}

// TestHandshakeIsBounded has a server that never shakes hands.
func TestHandshakeIsBounded(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(_ int, c *serverConn) { c.wait() })
	base := func() *http.Transport {
		base := settings(s)
		base.TLSHandshakeTimeout = time.Millisecond
		return base
	}
	both(t, base, func(t *testing.T, rt transport) {
		if _, err := do(rt, newPost(t, "https://example.com/", "q")); err == nil {
			t.Error("no error")
		}
	})
}

// TestProxyIsUsed leaves requests to net/http where the settings have a proxy for them.
func TestProxyIsUsed(t *testing.T) {
	t.Parallel()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "by proxy to "+r.URL.Host)
	}))
	t.Cleanup(proxy.Close)
	direct := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "directly")
	}))
	t.Cleanup(direct.Close)
	through, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	base := func() *http.Transport {
		return &http.Transport{Proxy: func(r *http.Request) (*url.URL, error) {
			switch r.URL.Hostname() {
			case "model.test":
				return through, nil
			case "broken.test":
				return nil, errors.New("no proxy")
			}
			return nil, nil
		}}
	}
	both(t, base, func(t *testing.T, rt transport) {
		want(t, rt, newPost(t, "http://model.test/", "q"), "by proxy to model.test")
		want(t, rt, newPost(t, direct.URL, "q"), "directly")
		if _, err := do(rt, newPost(t, "http://broken.test/", "q")); err == nil {
			t.Error("no error where the proxy is not known")
		}
	})
}

func TestLaterConnectionsResumeTLS(t *testing.T) {
	t.Parallel()
	s := newTLSServer(t, "http/1.1")
	rt := http1.New(s.settings())
	t.Cleanup(rt.CloseIdleConnections)
	want(t, rt, newPost(t, "https://example.com/", "q"), "HTTP/1.1 example.com q")
	rt.CloseIdleConnections()
	if resp := want(t, rt, newPost(t, "https://example.com/", "q"), "HTTP/1.1 example.com q"); !resp.TLS.DidResume {
		t.Error("the second connection has a whole handshake")
	}
}
