//go:build load

package load_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// process is a program that is measured.
type process struct {
	url    string
	id     int
	output bytes.Buffer
}

// ticks is how often a second of CPU time is divided in /proc, on every Linux.
const ticks = 100

func cores() string { return fmt.Sprintf("%d cores", runtime.NumCPU()) }

// startProcess starts a program that serves on addr, and waits until path answers.
func startProcess(t testing.TB, addr, path string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{url: "http://" + addr}
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	check(t, cmd.Start())
	p.id = cmd.Process.Pid
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("%s: %.3000s", filepath.Base(cmd.Path), p.output.String())
		}
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get(p.url + path)
		if err == nil {
			check(t, resp.Body.Close())
			return p
		}
		if time.Now().After(deadline) || len(ended) > 0 {
			t.Fatalf("%s does not answer: %v", cmd.Path, err)
		}
	}
}

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// cpu returns the time that the processor spent for the process, user and system.
func (p *process) cpu(t testing.TB) time.Duration {
	t.Helper()
	spent, err := cpuOf(p.id)
	check(t, err)
	return spent
}

func cpuOf(id int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * time.Second / ticks, err
}

// memory returns the resident memory in bytes.
func (p *process) memory(t testing.TB) float64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.id))
	check(t, err)
	pages, err := strconv.ParseFloat(strings.Fields(string(text))[1], 64)
	check(t, err)
	return pages * float64(os.Getpagesize())
}

// childrenCPU returns the CPU time of a process and of those that it started and that still run.
func childrenCPU(id int) time.Duration {
	total, err := cpuOf(id)
	if err != nil {
		return 0
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(id) {
			child, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			if err != nil {
				continue
			}
			if spent, err := cpuOf(child); err == nil {
				total += spent
			}
		}
	}
	return total
}
