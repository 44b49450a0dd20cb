// Package servetest starts the whole service for tests that use it from outside: the real binary, as an operator gets
// it, on a database of its own, with the embedded stand-ins for everything else.
package servetest

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

const startTimeout = 30 * time.Second

// Service is a running service.
type Service struct {
	Base    string   // its URL, such as http://127.0.0.1:8080
	Program string   // path of its binary
	Env     []string // environment for the binary's other commands
	Mailbox string   // URL of the page with the mails that it sent
}

// Start starts a service that is stopped at the end of the test, and returns its base URL. Variables are NAME=value;
// they override the defaults, which are dev, no rate limits and cheap password hashes.
func Start(t testing.TB, variables ...string) (base string) {
	t.Helper()
	return Run(t, variables...).Base
}

// Run does what Start does, for tests that also run the binary's other commands.
func Run(t testing.TB, variables ...string) Service {
	t.Helper()
	addr, mails := freeAddr(t), freeAddr(t)
	s := Service{Base: "http://" + addr, Program: Build(t), Mailbox: "http://" + mails}
	s.Env = slices.Concat(os.Environ(), []string{
		"ENV=dev",
		"ADDR=" + addr,
		"DEV_MAIL_ADDR=" + mails,
		"ADIUVA_DATA_DIR=" + t.TempDir(),
		"BCRYPT_COST=4",
		"RATE_LIMITS=off",
		"DATABASE_URL=" + pgtest.New(t).Pool.Config().ConnString(),
	}, variables)
	var output bytes.Buffer
	cmd := exec.Command(s.Program, "serve")
	cmd.Env = s.Env
	cmd.Stdout = &output
	cmd.Stderr = &output
	check(t, cmd.Start())
	t.Cleanup(func() {
		if err := errors.Join(cmd.Process.Signal(os.Interrupt), cmd.Wait()); err != nil {
			t.Errorf("servetest: the service exited with %v: %s", err, &output)
		}
	})
	pgtest.Eventually(t, startTimeout, func() error {
		resp, err := http.Get(s.Base + "/readyz")
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
	return s
}

// Build builds the binary, with these flags of go build, and returns its path.
func Build(t testing.TB, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "adiuva-api")
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	check(t, err)
	cmd := exec.Command("go", slices.Concat([]string{"build", "-o", program}, flags, []string{"./cmd/adiuva-api"})...)
	cmd.Dir = filepath.Dir(strings.TrimSpace(string(mod)))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("servetest: %v\n%s", err, out)
	}
	return program
}

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	return l.Addr().String()
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
