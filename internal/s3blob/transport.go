package s3blob

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/adiuva/cloud-api/internal/backup"
)

const (
	dialTimeout         = 5 * time.Second
	defaultStallTimeout = 30 * time.Second
	idlePerHost         = 32
)

// newHTTPClient returns a client without a limit on the duration of a request, since a download may take hours, and
// with a limit on each read and write.
func newHTTPClient(cfg Config) *http.Client {
	stall := cfg.StallTimeout
	if stall <= 0 {
		stall = defaultStallTimeout
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &deadlineConn{Conn: conn, timeout: stall}, nil
		},
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.RootCAs},
		TLSHandshakeTimeout: dialTimeout,
		MaxIdleConnsPerHost: idlePerHost,
		IdleConnTimeout:     stall,
		WriteBufferSize:     64 << 10,
		ReadBufferSize:      64 << 10,
		DisableCompression:  true,
	}}
}

// deadlineConn is a connection with a time limit on each single read and write.
type deadlineConn struct {
	net.Conn
	timeout time.Duration
}

func (c *deadlineConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c *deadlineConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// translate turns an error of the SDK into one that is fit for a log: the SDK's own texts name hosts, buckets and keys.
func translate(err error) error {
	var noKey *types.NoSuchKey
	var notFound *types.NotFound
	switch {
	case err == nil:
		return nil
	case errors.As(err, &noKey), errors.As(err, &notFound):
		return backup.ErrNoObject
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	}
	return &safeError{text: reason(err), cause: err}
}

// reason describes err without naming a host, bucket or key.
func reason(err error) string {
	var response smithy.APIError
	var network net.Error
	switch {
	case errors.As(err, &response):
		return response.ErrorCode()
	case errors.As(err, &network) && network.Timeout():
		return "no answer in time"
	case errors.As(err, &network):
		return "no connection"
	}
	return "the exchange failed"
}

// safeError has a text that is fit for a log; that of its cause is not.
type safeError struct {
	text  string
	cause error
}

func (e *safeError) Error() string { return "s3blob: " + e.text }

func (e *safeError) Unwrap() error { return e.cause }
