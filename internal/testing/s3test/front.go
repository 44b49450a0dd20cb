package s3test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
)

// Front stands before a server, forwards what arrives, and fails what it is told to fail. Signatures stay right: the
// server sees the front's own address as its host.
type Front struct {
	URL string

	mu     sync.Mutex
	fail   func(r *http.Request, earlier int) bool
	seen   map[string]int
	failed int
}

// NewFront returns a front of the server that fails nothing yet.
func NewFront(t testing.TB, server *Server) *Front {
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	f := &Front{seen: map[string]int{}, fail: func(*http.Request, int) bool { return false }}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		Transport: client(server.RootCAs).Transport, FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.fails(r) {
			http.Error(w, "<Error><Code>SlowDown</Code></Error>", http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(ts.Close)
	f.URL = ts.URL
	return f
}

// Fail makes the front answer 503 to the requests for which fail returns true; earlier counts how often the same method
// and address were asked for before.
func (f *Front) Fail(fail func(r *http.Request, earlier int) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail, f.seen, f.failed = fail, map[string]int{}, 0
}

// Failed is how many requests were failed since the last Fail.
func (f *Front) Failed() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

func (f *Front) fails(r *http.Request) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := r.Method + " " + r.URL.RequestURI()
	fails := f.fail(r, f.seen[name])
	f.seen[name]++
	if fails {
		f.failed++
	}
	return fails
}
