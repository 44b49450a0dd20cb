//go:build soak

package chaos_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// replica is the built binary in a process.
type replica struct {
	t           *testing.T
	program     string
	env         []string
	addr, admin string
	log         string // a file on a small disk of its own
	clock       string // a file with the offset of its clock
	cmd         *exec.Cmd
	exited      chan error
}

// newReplica starts nothing yet.
func newReplica(t *testing.T, program string, env []string) *replica {
	t.Helper()
	disk := t.TempDir()
	if syscall.Mount("none", disk, "tmpfs", 0, "size=64m") == nil {
		t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	}
	r := &replica{t: t, program: program, addr: freeAddr(t), admin: freeAddr(t),
		log: filepath.Join(disk, "log"), clock: filepath.Join(t.TempDir(), "clock")}
	r.env = append(append([]string{}, env...), "ADDR="+r.addr, "ADMIN_ADDR="+r.admin, "CLOCK_FILE="+r.clock,
		"TMPDIR="+t.TempDir(), "ADIUVA_DATA_DIR="+t.TempDir())
	t.Cleanup(func() {
		if r.cmd != nil {
			r.kill()
		}
	})
	return r
}

// start starts the process and waits until it is ready.
func (r *replica) start() {
	r.t.Helper()
	log, err := os.OpenFile(r.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	check(r.t, err)
	defer log.Close() // the process has its own
	r.cmd = exec.Command(r.program, "serve")
	r.cmd.Env, r.cmd.Stdout, r.cmd.Stderr = r.env, log, log
	check(r.t, r.cmd.Start())
	exited := make(chan error, 1)
	r.exited = exited
	cmd := r.cmd
	go func() { exited <- cmd.Wait() }()
	pgtest.Eventually(r.t, time.Minute, func() error {
		select {
		case err := <-exited:
			text, _ := os.ReadFile(r.log)
			r.t.Fatalf("a replica ended at its start: %v\n%s", err, tail(string(text), 4000))
		default:
		}
		return r.ready()
	})
}

// ready returns why the replica is not ready, or nil.
func (r *replica) ready() error {
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get("http://" + r.addr + "/readyz")
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("/readyz: %d", resp.StatusCode)
	}
	_ = resp.Body.Close()
	return err
}

func (r *replica) signal(s syscall.Signal) { _ = r.cmd.Process.Signal(s) }

// kill ends the process at once.
func (r *replica) kill() {
	_ = r.cmd.Process.Kill()
	<-r.exited
	r.cmd = nil
}

// stepClock sets the offset of the replica's clock.
func (r *replica) stepClock(by time.Duration) {
	check(r.t, os.WriteFile(r.clock+".new", []byte(by.String()), 0o600))
	check(r.t, os.Rename(r.clock+".new", r.clock))
}

// metrics returns the sums of the named families.
func (r *replica) metrics(names ...string) (map[string]float64, error) {
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get("http://" + r.admin + "/metrics")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	sums := map[string]float64{}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		for _, name := range names {
			rest, ok := strings.CutPrefix(lines.Text(), name)
			if !ok || rest == "" || rest[0] != ' ' && rest[0] != '{' {
				continue
			}
			value, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
			if err == nil {
				sums[name] += value
			}
		}
	}
	return sums, lines.Err()
}

// nginx is a load balancer, configured as docs/operators.md says.
type nginx struct {
	file string
	addr string
	cmd  *exec.Cmd
}

func startNginx(t *testing.T, addr string, servers ...string) *nginx {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/nginx")
		check(t, err)
	}
	dir := t.TempDir()
	n := &nginx{file: filepath.Join(dir, "nginx.conf"), addr: addr}
	var upstream strings.Builder
	for _, server := range servers {
		fmt.Fprintf(&upstream, "  server %s max_fails=0;\n", server)
	}
	check(t, os.WriteFile(n.file, fmt.Appendf(nil, nginxConfig, dir, n.addr, &upstream), 0o600))
	n.cmd = exec.Command(program, "-c", n.file, "-p", dir)
	n.cmd.Stderr = os.Stderr
	check(t, n.cmd.Start())
	t.Cleanup(func() { _ = n.cmd.Process.Signal(syscall.SIGTERM); _ = n.cmd.Wait() }) // its worker ends too
	pgtest.Eventually(t, 20*time.Second, func() error {
		conn, err := net.Dial("tcp", n.addr)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
	return n
}

const nginxConfig = `daemon off; worker_processes 1; user root;
pid %[1]s/pid; error_log %[1]s/errors warn; worker_rlimit_nofile 8192;
events { worker_connections 4000; }
http {
 access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy;
 fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
 map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
 upstream adiuva {
%[3]s  keepalive 64;
 }
 server {
  listen %[2]s backlog=4096;
  client_max_body_size 80g;
  proxy_http_version 1.1;
  proxy_request_buffering off; proxy_buffering off; proxy_read_timeout 180s;
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $connection_upgrade;
  location / { proxy_pass http://adiuva; }
  location = /api/v1/chat/stream { proxy_pass http://adiuva; proxy_next_upstream error timeout http_503; }
 }
}
`

func tail(text string, n int) string { return text[max(0, len(text)-n):] }

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	return l.Addr().String()
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
