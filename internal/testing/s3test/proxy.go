package s3test

import (
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Proxy forwards requests to a server and makes some of them fail. Signatures stay valid: the server sees the
// address of the proxy as its host.
type Proxy struct {
	URL     string
	RootCAs *x509.CertPool // for clients of a TLS proxy; otherwise nil
	CAFile  string         // with the certificate of a TLS proxy in PEM; otherwise ""

	mu     sync.Mutex
	fail   func(r *http.Request, earlier int) bool
	refuse func(r *http.Request) (status int, code string)
	seen   map[string]int
	failed int
}

// NewProxy returns a proxy for the server. Without a call of Fail it forwards everything.
func NewProxy(t testing.TB, server *Server) *Proxy {
	t.Helper()
	return newProxy(t, server, false)
}

// NewTLSProxy is like NewProxy, on HTTPS with a self-signed certificate.
func NewTLSProxy(t testing.TB, server *Server) *Proxy {
	t.Helper()
	return newProxy(t, server, true)
}

func newProxy(t testing.TB, server *Server, secure bool) *Proxy {
	t.Helper()
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{seen: map[string]int{}, fail: func(*http.Request, int) bool { return false }}
	p.Refuse(func(*http.Request) (int, string) { return 0, "" })
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		Transport: httpClient(server.RootCAs).Transport, FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	ts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status, code := p.refusal(r); status != 0 {
			http.Error(w, "<Error><Code>"+code+"</Code></Error>", status)
			return
		}
		if p.shouldFail(r) {
			http.Error(w, "<Error><Code>SlowDown</Code></Error>", http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	if secure {
		ts.StartTLS()
		p.RootCAs = x509.NewCertPool()
		p.RootCAs.AddCert(ts.Certificate())
		p.CAFile = writePEM(t, "proxy.pem", "CERTIFICATE", ts.Certificate().Raw)
	} else {
		ts.Start()
	}
	t.Cleanup(ts.Close)
	p.URL = ts.URL
	return p
}

// Refuse makes the proxy respond with that status and S3 error code where refuse returns a status other than 0.
func (p *Proxy) Refuse(refuse func(r *http.Request) (status int, code string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = refuse
}

// RefuseTrailers makes the proxy a server that does not know bodies with checksums in trailers.
func (p *Proxy) RefuseTrailers() {
	p.Refuse(func(r *http.Request) (int, string) {
		if r.Header.Get("X-Amz-Trailer") != "" || strings.Contains(r.Header.Get("Content-Encoding"), "aws-chunked") {
			return http.StatusNotImplemented, "NotImplemented"
		}
		return 0, ""
	})
}

func (p *Proxy) refusal(r *http.Request) (status int, code string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refuse(r)
}

// Fail makes the proxy respond 503 to the requests for which fail returns true; earlier is the number of previous
// requests with the same method and URL.
func (p *Proxy) Fail(fail func(r *http.Request, earlier int) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail, p.seen, p.failed = fail, map[string]int{}, 0
}

// Failed returns how many requests failed since the last call of Fail.
func (p *Proxy) Failed() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed
}

// shouldFail counts the request and decides whether it fails.
func (p *Proxy) shouldFail(r *http.Request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	request := r.Method + " " + r.URL.RequestURI()
	fails := p.fail(r, p.seen[request])
	p.seen[request]++
	if fails {
		p.failed++
	}
	return fails
}
