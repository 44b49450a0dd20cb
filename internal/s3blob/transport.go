package s3blob

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
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
// with a limit on each read and write. The SDK adds the certificates of AWS_CA_BUNDLE to it.
func newHTTPClient(cfg Config) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		*t = http.Transport{
			DialContext:         dialWithDeadlines(stallTimeout(cfg)),
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.RootCAs},
			TLSHandshakeTimeout: dialTimeout,
			MaxIdleConnsPerHost: idlePerHost,
			IdleConnTimeout:     stallTimeout(cfg),
			WriteBufferSize:     64 << 10,
			ReadBufferSize:      64 << 10,
			DisableCompression:  true,
		}
	})
}

// freezeClients returns the client that newHTTPClient made and the SDK completed, and one like it that waits longer for
// a single read or write, for the request that joins the parts of an upload.
func freezeClients(cfg Config, client aws.HTTPClient) (fast, slow aws.HTTPClient) {
	buildable, ok := client.(*awshttp.BuildableClient)
	if !ok {
		return client, client
	}
	patient := buildable.WithTransportOptions(func(t *http.Transport) {
		t.DialContext = dialWithDeadlines(max(cfg.StallTimeout, completeTimeout))
	})
	return buildable.Freeze(), patient.Freeze()
}

func stallTimeout(cfg Config) time.Duration {
	if cfg.StallTimeout <= 0 {
		return defaultStallTimeout
	}
	return cfg.StallTimeout
}

func dialWithDeadlines(stall time.Duration) func(context.Context, string, string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &deadlineConn{Conn: conn, timeout: stall}, nil
	}
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
