package stripepay_test

import (
	"bytes"
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

// stripeMock starts stripe-mock, which accepts a request only when it matches Stripe's specification. The test is
// skipped when stripe-mock cannot be built, and fails when the variable CI is set.
func stripeMock(t *testing.T) (base string) {
	t.Helper()
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	check(t, err)
	peers := filepath.Join(filepath.Dir(strings.TrimSpace(string(mod))), "tools", "peers", "go.mod")
	path, err := exec.Command("go", "tool", "-modfile="+peers, "-n", "stripe-mock").Output()
	if err != nil {
		if os.Getenv("CI") == "" {
			t.Skipf("no stripe-mock: %v", err)
		}
		t.Fatalf("no stripe-mock: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	addr := l.Addr().String()
	check(t, l.Close())
	var output bytes.Buffer
	cmd := exec.Command(strings.TrimSpace(string(path)), "-http-addr", addr, "-https-addr", "127.0.0.1:0")
	cmd.Stdout, cmd.Stderr = &output, &output
	check(t, cmd.Start())
	t.Cleanup(func() {
		if t.Failed() {
			defer func() { t.Logf("stripe-mock: %s", &output) }()
		}
		if cmd.Process.Kill() == nil {
			_ = cmd.Wait() // always fails: the process was killed
		}
	})
	base = "http://" + addr
	pgtest.Eventually(t, 20*time.Second, func() error {
		resp, err := http.Get(base)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
	return base
}
