package oidc

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/adiuva/cloud-api/internal/publicdial"
)

const (
	maxAnswer = 1 << 20
	maxHeader = 64 << 10
	maxURL    = 2048
)

// newHTTPClient returns the client for every request to an issuer. It uses no proxy, which would resolve names itself.
func newHTTPClient(cfg Config) *http.Client {
	return &http.Client{Transport: &transport{base: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, timeout) // a dial does not end with the request it is for
			defer cancel()
			return cfg.Dial(ctx, network, address)
		},
		TLSClientConfig:        &tls.Config{RootCAs: cfg.RootCAs, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    timeout,
		ResponseHeaderTimeout:  timeout,
		MaxResponseHeaderBytes: maxHeader,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // so that maxAnswer is what arrives and what is kept
		MaxIdleConnsPerHost:    1,
		MaxIdleConns:           20,
		IdleConnTimeout:        30 * time.Second,
	}}}
}

// transport reads whole answers, with a limit, and lets no redirect through.
type transport struct {
	base http.RoundTripper
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return nil, Refused{ReasonRedirect}
	}
	if resp.ContentLength > maxAnswer {
		return nil, Refused{ReasonTooLarge}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxAnswer {
		return nil, Refused{ReasonTooLarge}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// checkURL returns a Refused unless raw is an https URL with a host, and no address in our network. For development it
// may be an http URL of this machine.
func checkURL(raw string, allowLoopback bool) error {
	u, err := url.Parse(raw)
	if err != nil || len(raw) > maxURL || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return Refused{ReasonEndpoint}
	}
	addr, err := netip.ParseAddr(u.Hostname())
	isAddress := err == nil
	loopback := isAddress && addr.IsLoopback() || u.Hostname() == "localhost"
	switch {
	case loopback && allowLoopback && (u.Scheme == "http" || u.Scheme == "https"):
		return nil
	case u.Scheme != "https":
		return Refused{ReasonEndpoint}
	case loopback, isAddress && !publicdial.Public(addr):
		return Refused{ReasonAddress}
	}
	return nil
}
