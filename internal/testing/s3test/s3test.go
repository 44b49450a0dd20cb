// Package s3test provides tests with a real S3 server: versitygw on a folder, in its own process. It is built from
// tools/peers at the first use.
package s3test

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/uuid"
)

// The key pair of every server.
const (
	AccessKey = "test-access-key"
	SecretKey = "test-secret-key"
)

const timeout = 30 * time.Second

// Server is a running S3 server. It is killed when its test ends.
type Server struct {
	URL     string
	RootCAs *x509.CertPool // for clients of a TLS server; otherwise nil
	Dir     string         // has a folder for each bucket

	t    testing.TB
	args []string
	cmd  *exec.Cmd
	log  *bytes.Buffer
}

// Start returns a running server on plain HTTP. When it cannot be built the test is skipped, or fails where the
// environment variable CI is set.
func Start(t testing.TB) *Server { return start(t, false) }

// StartTLS is like Start, on HTTPS with a self-signed certificate.
func StartTLS(t testing.TB) *Server { return start(t, true) }

func start(t testing.TB, secure bool) *Server {
	t.Helper()
	program, err := buildServer()
	if err != nil {
		if os.Getenv("CI") == "" {
			t.Skipf("s3test: no S3 server: %v", err)
		}
		t.Fatalf("s3test: no S3 server: %v", err)
	}
	s := &Server{t: t, Dir: filepath.Join(t.TempDir(), "s3"), log: &bytes.Buffer{}}
	if err := os.Mkdir(s.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	addr := freeAddr(t)
	s.URL = "http://" + addr
	s.args = []string{program, "--port", addr, "--quiet"}
	if secure {
		cert, key, pool := writeCertificate(t)
		s.URL = "https://" + addr
		s.RootCAs = pool
		s.args = append(s.args, "--cert", cert, "--key", key)
	}
	// By default metadata goes to extended attributes, where ext4 has no room for that of some gigabytes of parts.
	metadata := filepath.Join(t.TempDir(), "metadata")
	if err := os.Mkdir(metadata, 0o700); err != nil {
		t.Fatal(err)
	}
	s.args = append(s.args, "posix", "--sidecar", metadata, s.Dir)
	t.Cleanup(s.Kill)
	s.Restart()
	return s
}

// Restart starts a killed server again with its old address and data.
func (s *Server) Restart() {
	s.t.Helper()
	s.cmd = exec.Command(s.args[0], s.args[1:]...)
	s.cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+AccessKey, "ROOT_SECRET_KEY="+SecretKey)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.SysProcAttr = killWithParent()
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	_, addr, _ := strings.Cut(s.URL, "://")
	deadline, tick := time.After(timeout), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-deadline:
			s.t.Fatalf("s3test: no answer: %v: %s", err, s.log)
		case <-tick.C:
		}
	}
}

// Kill ends the server immediately.
func (s *Server) Kill() {
	if s.cmd != nil && s.cmd.Process.Kill() == nil {
		_ = s.cmd.Wait() // returns an error, as the process was killed
	}
	s.cmd = nil
}

// Bucket creates a bucket and returns its name.
func (s *Server) Bucket() string {
	s.t.Helper()
	name := "b-" + uuid.NewString()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if _, err := s.Client().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(name)}); err != nil {
		s.t.Fatalf("s3test: bucket: %v", err)
	}
	return name
}

// Client returns a client of the server that does not retry.
func (s *Server) Client() *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint:     aws.String(s.URL),
		UsePathStyle:     true,
		Region:           "us-east-1",
		RetryMaxAttempts: 1,
		Credentials:      credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, ""),
		HTTPClient:       httpClient(s.RootCAs),
	})
}

// buildServer builds the server, once per process, and returns the path of the program.
var buildServer = sync.OnceValues(func() (string, error) {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	peers := filepath.Join(filepath.Dir(strings.TrimSpace(string(mod))), "tools", "peers", "go.mod")
	var stderr bytes.Buffer
	cmd := exec.Command("go", "tool", "-modfile="+peers, "-n", "versitygw")
	cmd.Stderr = &stderr
	path, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("building versitygw: %w: %s", err, stderr.String())
	}
	return strings.TrimSpace(string(path)), nil
})

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}
