//go:build linux

package bench_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// gateway is a process that is measured.
type gateway struct {
	name    string
	address string
	path    string // of a question over HTTP
	socket  string // path of its WebSocket, "" if it streams events over HTTP
	ours    bool
	tokens  []string
	process int
	stop    func()
}

// cpu returns the CPU time that the process has used, from the kernel's clock of it (clock_getcpuclockid(3)).
func (g *gateway) cpu(b *testing.B) time.Duration {
	b.Helper()
	return cpuOf(b, g.process)
}

func cpuOf(b *testing.B, process int) time.Duration {
	b.Helper()
	const scheduler = 2
	var t unix.Timespec
	check(b, unix.ClockGettime(int32(^process<<3|scheduler), &t))
	return time.Duration(t.Nano())
}

// memory returns the resident memory of the process in bytes.
func (g *gateway) memory(b *testing.B) int64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", g.process))
	check(b, err)
	var size, resident int64
	_, err = fmt.Sscan(string(text), &size, &resident)
	check(b, err)
	return resident * int64(os.Getpagesize())
}

// fleet starts gateways in front of one model.
type fleet struct {
	b        *testing.B
	model    *fakeModel
	database string // URL of the service's database
	dataDir  string // of all services, whose stand-in for Stripe is one account
	tokens   []string
	bifrost  string // path of its binary
}

func newFleet(b *testing.B, model *fakeModel) *fleet {
	db := pgtest.New(b)
	cfg := apitest.Config(b)
	f := &fleet{b: b, model: model, database: db.Pool.Config().ConnString(), dataDir: cfg.DataDir}
	cfg.JWTAccessTTL = 2 * time.Hour
	service, err := app.New(b.Context(), cfg, app.Options{Log: slog.New(slog.DiscardHandler), Version: "bench", DB: db})
	check(b, err)
	defer service.Close()
	f.tokens = login(b, service.Auth)
	f.bifrost = filepath.Join(b.TempDir(), "bifrost")
	if out, err := exec.Command("go", "build", "-C", "bifrost", "-o", f.bifrost, ".").CombinedOutput(); err != nil {
		b.Logf("Bifrost's core is not compared, since it cannot be built: %v\n%s", err, out)
		f.bifrost = ""
	}
	return f
}

const accountCount = 320 // of at most five sockets each

// login creates the accounts, with limits that no benchmark reaches, and returns a token for each.
func login(b *testing.B, accounts *auth.Service) (tokens []string) {
	for i := range accountCount {
		address := fmt.Sprintf("bench%d@example.com", i)
		_, err := accounts.CreateUser(b.Context(), address, password, tier.Team)
		check(b, err)
		check(b, accounts.SetTier(b.Context(), address, tier.Team, 10_000))
		t, err := accounts.Login(b.Context(), auth.Credentials{Email: address, Password: password})
		check(b, err)
		tokens = append(tokens, t.AccessToken)
	}
	return tokens
}

// ours starts a build of the service with the secrets of apitest.Config and everything else as it is by default.
func (f *fleet) ours(name, program string) *gateway {
	cmd := exec.Command(program, "serve")
	g := f.start(name, cmd, func(address string) {
		cmd.Env = append(os.Environ(), "ENV=dev", "ADDR="+address, "ADIUVA_DATA_DIR="+f.dataDir,
			"DATABASE_URL="+f.database,
			"JWT_SECRET="+strings.Repeat("s", 32), "PASSWORD_PEPPER="+strings.Repeat("p", 32),
			"SECRETS_KEY="+strings.Repeat("k", 32), "JWT_ACCESS_TTL=2h", "BCRYPT_COST=4", "OPENAI_API_KEY=k",
			"OPENAI_BASE_URL=http://"+f.model.address+"/v1",
			"LLM_MODEL="+agentModel, "LLM_ROUTER_MODEL="+routerModel)
	})
	g.path, g.socket, g.tokens, g.ours = "/api/v1/chat", apitest.StreamPath, f.tokens, true
	return g
}

// reference starts a reference by its name, or returns nil if it cannot be had.
func (f *fleet) reference(name string) *gateway {
	var cmd *exec.Cmd
	switch name {
	case "nginx":
		program, err := exec.LookPath("nginx")
		if err != nil {
			program = "/usr/sbin/nginx"
		}
		if _, err := os.Stat(program); err != nil {
			f.b.Log("nginx is not compared, since it is not installed")
			return nil
		}
		cmd = exec.Command(program)
	case "bifrost":
		if f.bifrost == "" {
			return nil
		}
		cmd = exec.Command(f.bifrost)
	default:
		cmd = exec.Command(os.Args[0])
	}
	g := f.start(name, cmd, func(address string) {
		switch name {
		case "nginx":
			cmd.Args = append(cmd.Args, nginxArguments(f.b, address, f.model.address)...)
		case "bifrost":
			cmd.Args = append(cmd.Args, address, f.model.address)
		}
		cmd.Env = append(os.Environ(), gatewayKind+"="+name, gatewayAddress+"="+address,
			gatewayModel+"="+f.model.address)
	})
	g.path, g.tokens = "/v1/chat/completions", referenceTokens()
	if name == "langchaingo" {
		g.socket = "/ws"
	}
	return g
}

const startTimeout = 2 * time.Minute // of a service on a busy machine

// start starts cmd, which listens on the address that it is configured with, with one processor.
func (f *fleet) start(name string, cmd *exec.Cmd, configure func(address string)) *gateway {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(f.b, err)
	address := l.Addr().String()
	check(f.b, l.Close())
	configure(address)
	cmd.Env = append(cmd.Env, "GOMAXPROCS=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	// Output goes to the null device unless it is wanted: to read it would be this process's work.
	if dir := os.Getenv("BENCH_LOGS"); dir != "" {
		log, err := os.Create(filepath.Join(dir, name+".log"))
		check(f.b, err)
		defer log.Close()
		cmd.Stdout, cmd.Stderr = log, log
	}
	check(f.b, cmd.Start())
	stop := sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	f.b.Cleanup(stop)
	pgtest.Eventually(f.b, startTimeout, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return fmt.Errorf("%s does not listen: %w", name, err)
		}
		return conn.Close()
	})
	return &gateway{name: name, address: address, process: cmd.Process.Pid, stop: stop}
}

func nginxArguments(b *testing.B, address, model string) []string {
	dir := b.TempDir()
	config := fmt.Sprintf(`daemon off; master_process off;
pid %[1]s/pid; error_log %[1]s/errors warn; worker_rlimit_nofile 8192;
events { worker_connections 8000; }
http {
 access_log off; client_body_temp_path %[1]s; proxy_temp_path %[1]s; client_max_body_size 4m;
 fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s; keepalive_requests 100000000;
 upstream model { server %[2]s; keepalive 4000; keepalive_requests 100000000; }
 server {
  listen %[3]s backlog=4096;
  location / {
   proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
  }
 }
}`, dir, model, address)
	file := filepath.Join(dir, "nginx.conf")
	check(b, os.WriteFile(file, []byte(config), 0o600))
	return []string{"-c", file, "-p", dir}
}

// postgresCPU returns the CPU time of the sessions of the service's database.
func (f *fleet) postgresCPU() (sum time.Duration) {
	name := f.database[strings.LastIndexByte(f.database, '/')+1:]
	name, _, _ = strings.Cut(name, "?")
	titles, err := filepath.Glob("/proc/[0-9]*/cmdline")
	check(f.b, err)
	for _, path := range titles {
		title, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(title, []byte("postgres: ")) || !bytes.Contains(title, []byte(" "+name+" ")) {
			continue
		}
		var process int
		if _, err := fmt.Sscanf(path, "/proc/%d/", &process); err == nil {
			sum += cpuOf(f.b, process)
		}
	}
	return sum
}
