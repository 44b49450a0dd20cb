package s3test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
)

// Proxy forwards requests to a server and makes some of them fail. Signatures stay valid: the server sees the
// address of the proxy as its host.
type Proxy struct {
	URL string

	mu     sync.Mutex
	fail   func(r *http.Request, earlier int) bool
	seen   map[string]int
	failed int
}

// NewProxy returns a proxy for the server. Without a call of Fail it forwards everything.
func NewProxy(t testing.TB, server *Server) *Proxy {
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{seen: map[string]int{}, fail: func(*http.Request, int) bool { return false }}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		Transport: httpClient(server.RootCAs).Transport, FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.shouldFail(r) {
			http.Error(w, "<Error><Code>SlowDown</Code></Error>", http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(ts.Close)
	p.URL = ts.URL
	return p
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
