package main

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// TestLogsThatCannotBeWrittenFailNoRequest runs serve with logs into a full disk, and into a pipe whose
// reader has gone.
func TestLogsThatCannotBeWrittenFailNoRequest(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("only Linux has a disk that is always full")
	}
	defer full.Close()
	reader, closed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer closed.Close()
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	for name, logs := range map[string]*os.File{"full disk": full, "closed pipe": closed} {
		t.Run(name, func(t *testing.T) {
			r := startLogging(t, logs, "LOG_LEVEL=debug", "DATABASE_URL="+pgtest.New(t).Pool.Config().ConnString())
			for range 20 {
				if !isOK(r.base + "/api/v1/health") {
					t.Fatal("a request failed")
				}
			}
			r.terminate(t)
			if err := <-r.exited; err != nil {
				t.Errorf("serve ended with %v", err)
			}
		})
	}
}

// startLogging is startReplica with standard output and error in a file.
func startLogging(t *testing.T, logs *os.File, variables ...string) *replica {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	addr := freeAddr(t)
	r := &replica{base: "http://" + addr, cmd: exec.Command(self, "serve"), exited: make(chan error, 1), out: &output{}}
	r.cmd.Stdout, r.cmd.Stderr = logs, logs
	r.cmd.Env = append(os.Environ(), helperVariable+"=1", "ENV=dev", "ADDR="+addr, "ADIUVA_DATA_DIR="+dataDir(t))
	r.cmd.Env = append(r.cmd.Env, variables...)
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.exited <- r.cmd.Wait() }()
	t.Cleanup(func() { _ = r.cmd.Process.Kill() }) // the process has exited unless the test failed
	eventually(t, "readiness", func() bool { return isOK(r.base + "/readyz") })
	return r
}

// TestHangingCollectorIsNotWaitedFor has traces sent to a collector that takes connections and never answers. Many more
// requests than its queue holds spans are answered, and serve ends within its time.
func TestHangingCollectorIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	collector := hangingServer(t)
	r := startReplica(t, map[string]string{
		"DATABASE_URL":                pgtest.New(t).Pool.Config().ConnString(),
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + collector.addr,
		"OTEL_BSP_MAX_QUEUE_SIZE":     "64", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "16", "OTEL_BSP_SCHEDULE_DELAY": "10",
	})
	for range 500 {
		if !isOK(r.base + "/api/v1/health") {
			t.Fatal("a request failed")
		}
	}
	eventually(t, "a connection to the collector", func() bool { return collector.count() > 0 })
	r.terminate(t)
	if err := <-r.exited; err != nil {
		t.Errorf("serve ended with %v: %s", err, r.out)
	}
	if !strings.Contains(r.out.String(), "some traces were not sent") {
		t.Error("the log does not say that traces were lost")
	}
}

// hanging is a server that takes connections and never answers.
type hanging struct {
	addr string
	mu   sync.Mutex
	open []net.Conn
}

func hangingServer(t *testing.T) *hanging {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hanging{addr: l.Addr().String()}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			h.mu.Lock()
			h.open = append(h.open, conn)
			h.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, conn := range h.open {
			_ = conn.Close()
		}
	})
	return h
}

func (h *hanging) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.open)
}
