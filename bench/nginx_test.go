//go:build linux

package bench_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// startNginx starts nginx as a proxy of events in one process, or returns nil if nginx is not installed.
func startNginx(b *testing.B, upstream string) *gateway {
	b.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			b.Log("nginx is not installed and not compared")
			return nil
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(b, err)
	address := listener.Addr().String()
	check(b, listener.Close())
	dir := b.TempDir()
	host, path, _ := strings.Cut(strings.TrimPrefix(upstream, "http://"), "/")
	config := fmt.Sprintf(`daemon off; master_process off;
pid %[1]s/pid; error_log %[1]s/errors warn; worker_rlimit_nofile 8192;
events { worker_connections 8000; }
http {
 access_log off; client_body_temp_path %[1]s; proxy_temp_path %[1]s;
 fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
 upstream model { server %[2]s; keepalive 1000; }
 server {
  listen %[3]s backlog=4096;
  location / {
   proxy_pass http://model/%[4]s/; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
  }
 }
}`, dir, host, address, path)
	file := filepath.Join(dir, "nginx.conf")
	check(b, os.WriteFile(file, []byte(config), 0o600))
	cmd := exec.CommandContext(b.Context(), program, "-c", file, "-p", dir)
	check(b, cmd.Start())
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	pgtest.Eventually(b, 10*time.Second, func() error {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
	return &gateway{URL: "http://" + address, Tokens: []string{"none"}, process: cmd.Process.Pid}
}

// usageOf returns the usage of another process. Its CPU time has steps of 10 ms.
func usageOf(b *testing.B, process int) (u usage) {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	check(b, err)
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	var user, system, pages int64
	_, err = fmt.Sscan(fields[11]+" "+fields[12]+" "+fields[21], &user, &system, &pages)
	check(b, err)
	return usage{CPU: time.Duration(user+system) * 10 * time.Millisecond, Memory: pages * int64(syscall.Getpagesize())}
}
