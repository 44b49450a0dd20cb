// Package servetest starts the whole service for tests that look at it from the outside: the real binary, built as an
// operator gets it, on a database of its own, with the embedded stand-ins for everything else.
package servetest

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

const patience = 30 * time.Second

// Service is a running service.
type Service struct {
	Base    string   // its address, such as http://127.0.0.1:8080
	Program string   // its binary
	Env     []string // and the environment of its commands
}

// Start returns the base URL of a running service, ended with its test. Variables are NAME=value and win over ours: dev, no
// rate limits, cheap passwords.
func Start(t testing.TB, variables ...string) (base string) {
	t.Helper()
	return Run(t, variables...).Base
}

// Run is Start for tests that also run the binary's other commands.
func Run(t testing.TB, variables ...string) Service {
	t.Helper()
	addr := freeAddr(t)
	s := Service{Base: "http://" + addr, Program: Build(t)}
	s.Env = append(append(os.Environ(), "ENV=dev", "ADDR="+addr, "ADIUVA_DATA_DIR="+t.TempDir(), "BCRYPT_COST=4", "RATE_LIMITS=off",
		"DATABASE_URL="+pgtest.New(t).Pool.Config().ConnString()), variables...)
	var said bytes.Buffer
	cmd := exec.Command(s.Program, "serve")
	cmd.Stdout, cmd.Stderr, cmd.Env = &said, &said, s.Env
	check(t, cmd.Start())
	t.Cleanup(func() {
		if err := errors.Join(cmd.Process.Signal(os.Interrupt), cmd.Wait()); err != nil {
			t.Errorf("servetest: the service ended with %v: %s", err, &said)
		}
	})
	pgtest.Eventually(t, patience, func() error {
		resp, err := http.Get(s.Base + "/readyz")
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
	return s
}

// Build returns the path of the binary, built as an operator gets it.
func Build(t testing.TB) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "adiuva-api")
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	check(t, err)
	cmd := exec.Command("go", "build", "-o", program, "./cmd/adiuva-api")
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
