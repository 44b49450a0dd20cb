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
	dialTime     = 5 * time.Second
	defaultStall = 30 * time.Second
	idlePerHost  = 32
)

// newHTTPClient has no time limit on a whole request, because a download may last for hours, and one on standing still.
func newHTTPClient(cfg Config) *http.Client {
	stall := cfg.Stall
	if stall <= 0 {
		stall = defaultStall
	}
	dialer := net.Dialer{Timeout: dialTime}
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &moving{Conn: conn, stall: stall}, nil
		},
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.RootCAs},
		TLSHandshakeTimeout: dialTime, MaxIdleConnsPerHost: idlePerHost, IdleConnTimeout: stall,
		WriteBufferSize: 64 << 10, ReadBufferSize: 64 << 10, DisableCompression: true,
	}}
}

// moving is a connection on which a single read or write may wait for so long.
type moving struct {
	net.Conn
	stall time.Duration
}

// Read waits at most the stall.
func (m *moving) Read(p []byte) (int, error) {
	if err := m.SetReadDeadline(time.Now().Add(m.stall)); err != nil {
		return 0, err
	}
	return m.Conn.Read(p)
}

// Write waits at most the stall.
func (m *moving) Write(p []byte) (int, error) {
	if err := m.SetWriteDeadline(time.Now().Add(m.stall)); err != nil {
		return 0, err
	}
	return m.Conn.Write(p)
}

// failure turns an error of the SDK into one that is fit for a log: its own texts name hosts, buckets and keys.
func failure(err error) error {
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

// reason says what went wrong without naming anything of ours.
func reason(err error) string {
	var answer smithy.APIError
	var network net.Error
	switch {
	case errors.As(err, &answer):
		return answer.ErrorCode()
	case errors.As(err, &network) && network.Timeout():
		return "no answer in time"
	case errors.As(err, &network):
		return "no connection"
	}
	return "the exchange failed"
}

// safeError has a text fit for a log over a cause whose text is not.
type safeError struct {
	text  string
	cause error
}

// Error names what happened.
func (e *safeError) Error() string { return "s3blob: " + e.text }

// Unwrap returns the SDK's error.
func (e *safeError) Unwrap() error { return e.cause }
