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

	"github.com/adiuva/cloud-api/internal/pgtest"
)

const patience = 30 * time.Second

// Start returns the base URL of a running service, ended with its test. Variables are NAME=value and win over ours: dev, no
// rate limits, cheap passwords.
func Start(t testing.TB, variables ...string) (base string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "adiuva-api")
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	check(t, err)
	build := exec.Command("go", "build", "-o", program, "./cmd/adiuva-api")
	build.Dir = filepath.Dir(strings.TrimSpace(string(mod)))
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("servetest: %v\n%s", err, out)
	}
	addr := freeAddr(t)
	var said bytes.Buffer
	cmd := exec.Command(program, "serve")
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Env = append(append(os.Environ(), "ENV=dev", "ADDR="+addr, "ADIUVA_DATA_DIR="+t.TempDir(), "BCRYPT_COST=4", "RATE_LIMITS=off",
		"DATABASE_URL="+pgtest.New(t).Pool.Config().ConnString()), variables...)
	check(t, cmd.Start())
	t.Cleanup(func() {
		if err := errors.Join(cmd.Process.Signal(os.Interrupt), cmd.Wait()); err != nil {
			t.Errorf("servetest: the service ended with %v: %s", err, &said)
		}
	})
	base = "http://" + addr
	pgtest.Eventually(t, patience, func() error {
		resp, err := http.Get(base + "/readyz")
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
	return base
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
