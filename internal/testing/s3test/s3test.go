// Package s3test gives tests a real S3 server, versitygw on a folder, as a process of its own. It is built from
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

// The key pair of every server here.
const (
	AccessKey = "test-access-key"
	SecretKey = "test-secret-key"
)

const patience = 30 * time.Second

// Server is a running S3 server, ended with its test.
type Server struct {
	URL     string
	RootCAs *x509.CertPool // what a client of a TLS server has to trust; else nil
	Dir     string         // the folder that holds a folder for each bucket

	t    testing.TB
	args []string
	cmd  *exec.Cmd
	log  *bytes.Buffer
}

// Start returns a running server on plain HTTP. Where it cannot be built the test is skipped; with the variable CI set
// it fails.
func Start(t testing.TB) *Server { return start(t, false) }

// StartTLS is Start on HTTPS with a certificate of its own.
func StartTLS(t testing.TB) *Server { return start(t, true) }

func start(t testing.TB, secure bool) *Server {
	t.Helper()
	program, err := binary()
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
	s.URL, s.args = "http://"+addr, []string{program, "--port", addr, "--quiet"}
	if secure {
		cert, key, pool := certificate(t)
		s.URL, s.RootCAs = "https://"+addr, pool
		s.args = append(s.args, "--cert", cert, "--key", key)
	}
	// Beside the objects: as extended attributes the parts of some gigabytes do not fit into what ext4 has for them.
	metadata := filepath.Join(t.TempDir(), "metadata")
	if err := os.Mkdir(metadata, 0o700); err != nil {
		t.Fatal(err)
	}
	s.args = append(s.args, "posix", "--sidecar", metadata, s.Dir)
	t.Cleanup(s.Kill)
	s.Restart()
	return s
}

// Restart starts a server that was killed, on its old address and data.
func (s *Server) Restart() {
	s.t.Helper()
	s.cmd = exec.Command(s.args[0], s.args[1:]...)
	s.cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+AccessKey, "ROOT_SECRET_KEY="+SecretKey)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.SysProcAttr = endWithParent()
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	_, addr, _ := strings.Cut(s.URL, "://")
	deadline, tick := time.After(patience), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close() // it answers
			return
		}
		select {
		case <-deadline:
			s.t.Fatalf("s3test: no answer: %v: %s", err, s.log)
		case <-tick.C:
		}
	}
}

// Kill ends the server at once.
func (s *Server) Kill() {
	if s.cmd != nil && s.cmd.Process.Kill() == nil {
		_ = s.cmd.Wait() // it was killed, and says so
	}
	s.cmd = nil
}

// Bucket makes a bucket of a new name and returns the name.
func (s *Server) Bucket() string {
	s.t.Helper()
	name := "b-" + uuid.NewString()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := s.Client().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(name)}); err != nil {
		s.t.Fatalf("s3test: bucket: %v", err)
	}
	return name
}

// Client returns a client of the server that retries nothing.
func (s *Server) Client() *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(s.URL), UsePathStyle: true, Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, ""), HTTPClient: client(s.RootCAs),
	})
}

// binary builds the server's program, once a process, and returns where it is.
var binary = sync.OnceValues(func() (string, error) {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	peers := filepath.Join(filepath.Dir(strings.TrimSpace(string(mod))), "tools", "peers", "go.mod")
	var words bytes.Buffer
	cmd := exec.Command("go", "tool", "-modfile="+peers, "-n", "versitygw")
	cmd.Stderr = &words
	path, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("building versitygw: %w: %s", err, words.String())
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
