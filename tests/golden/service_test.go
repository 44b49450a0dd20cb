package golden_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// service is a running adiuva-api with every embedded default.
type service struct {
	binary     string
	repository string // root of the source tree
	dataDir    string
	base       string // such as http://127.0.0.1:8080
	admin      string // the same for ADMIN_ADDR
	env        []string
	stdout     *output
	stderr     *output
	secrets    devSecrets
	stop       func() // sends SIGTERM
	wait       func() error
}

// devSecrets are those that serve makes in dev.
type devSecrets struct {
	JWT           string `json:"jwt_secret"`
	StripeWebhook string `json:"stripe_webhook_secret"`
}

// output collects what a process prints.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// findBinary returns the binary of ADIUVA_BINARY, or builds the one of this tree.
func findBinary(t *testing.T) string {
	t.Helper()
	if binary := os.Getenv("ADIUVA_BINARY"); binary != "" {
		return binary
	}
	binary := filepath.Join(t.TempDir(), "adiuva-api")
	cmd := exec.Command("go", "build", "-o", binary, "./cmd/adiuva-api")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// startService runs serve in a new data directory, with more variables, and waits until it is ready.
func startService(t *testing.T, binary string, variables ...string) *service {
	t.Helper()
	repository, err := filepath.Abs(filepath.Join("..", ".."))
	check(t, err)
	// Not t.TempDir: the user that PostgreSQL runs as when we are root cannot enter it.
	dir, err := os.MkdirTemp("", "adiuva-golden-")
	check(t, err)
	check(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() { check(t, os.RemoveAll(dir)) })
	addr, admin := freeAddr(t), freeAddr(t)
	s := &service{binary: binary, repository: repository, dataDir: dir, base: "http://" + addr,
		admin: "http://" + admin, stdout: &output{}, stderr: &output{}}
	s.env = append(bareEnv(), "ENV=dev", "ADDR="+addr, "ADMIN_ADDR="+admin, "ADIUVA_DATA_DIR="+dir, "BCRYPT_COST=4",
		"TRUSTED_PROXIES=127.0.0.1", "SHUTDOWN_DELAY=2s",
		"AGENTS_DIR="+filepath.Join(repository, "docs/examples/agents"))
	s.env = append(s.env, variables...)
	cmd := exec.Command(binary, "serve")
	cmd.Env, cmd.Stdout, cmd.Stderr = s.env, s.stdout, s.stderr
	check(t, cmd.Start())
	s.stop = func() { _ = cmd.Process.Signal(os.Interrupt) } // fails when the process has ended, which wait reports
	s.wait = sync.OnceValue(cmd.Wait)
	t.Cleanup(func() {
		s.stop()
		if err := s.wait(); err != nil {
			t.Errorf("serve: %v\n%s", err, s.stderr)
		}
	})
	eventually(t, "serve is ready", func() bool {
		resp, err := http.Get(s.base + "/readyz")
		return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	})
	text, err := os.ReadFile(filepath.Join(dir, "dev-secrets.json"))
	check(t, err)
	check(t, json.Unmarshal(text, &s.secrets))
	return s
}

// bareEnv is what every process needs, without the variables of whoever runs the test.
func bareEnv() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
}

// result is what a command printed and how it ended.
type result struct {
	code           int
	stdout, stderr string
}

// run executes the binary with exactly these variables.
func (s *service) run(t *testing.T, env []string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, s.binary, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.Dir = env, &stdout, &stderr, t.TempDir()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v: %v", args, err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// setTier grants an account a plan through the operator's command.
func (s *service) setTier(t *testing.T, email, tier string, seats int) {
	t.Helper()
	got := s.run(t, s.env, "user", "set-tier", email, tier, "--seats", fmt.Sprint(seats))
	if got.code != 0 {
		t.Fatalf("user set-tier: %s", got.stderr)
	}
}

// newDatabase makes an empty database beside the service's own and returns its address.
func (s *service) newDatabase(t *testing.T, name string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.embeddedDSN(t, "postgres"))
	check(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), "CREATE DATABASE "+name)
	check(t, err)
	return s.embeddedDSN(t, name)
}

// embeddedDSN is the address of the PostgreSQL that serve started.
func (s *service) embeddedDSN(t *testing.T, database string) string {
	t.Helper()
	pid, err := os.ReadFile(filepath.Join(s.dataDir, "postgres", "data", "postmaster.pid"))
	check(t, err)
	password, err := os.ReadFile(filepath.Join(s.dataDir, "postgres", "password"))
	check(t, err)
	port := strings.Split(string(pid), "\n")[3]
	return fmt.Sprintf("postgres://postgres:%s@127.0.0.1:%s/%s?sslmode=disable", password, port, database)
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	return l.Addr().String()
}

// eventually polls until ok, for at most 60 seconds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
