// Package devpg runs a real PostgreSQL server in a folder, so that development and tests need nothing installed or
// configured. It finds PostgreSQL's programs or fetches them, creates a cluster, drops root privileges, starts the
// server on a free loopback port and stops it together with the process that started it, even when that process is
// killed.
package devpg

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// Config describes the cluster to run.
type Config struct {
	DataDir  string            // of the cluster; created when missing, its data is kept
	BinDir   string            // with PostgreSQL's programs; "" searches for them
	CacheDir string            // for fetched programs; "" means a system or user cache folder
	Durable  bool              // false trades crash safety for speed; for tests
	Port     int               // on 127.0.0.1; 0 means a free one
	Settings map[string]string // additional settings of the server
	Progress func(step string) // called before each slow step; may be nil
}

// Server is a running PostgreSQL server. Its password is in the folder, readable only by the user who started it.
type Server struct {
	cfg       Config
	process   *process
	lock      *os.File
	dsn       string
	temporary bool // the folder is removed with the server
}

// startTimeout is how long a server may take to accept connections, including crash recovery.
const startTimeout = 60 * time.Second

// Start returns a running server for the folder, after creating a cluster if there is none. It fails when another
// process uses the folder, when no PostgreSQL can be found or fetched, and when the user that root runs the server
// as cannot reach the folder. The errors say what to change.
func Start(ctx context.Context, cfg Config) (_ *Server, err error) {
	if cfg.Progress == nil {
		cfg.Progress = func(string) {}
	}
	if cfg.DataDir, err = filepath.Abs(cfg.DataDir); err != nil {
		return nil, err
	}
	owner, err := unprivilegedUser(filepath.Join(cfg.DataDir, "data"))
	if err != nil {
		return nil, err
	}
	if err := prepareFolder(cfg.DataDir, owner); err != nil {
		return nil, err
	}
	lock, err := lockFolder(cfg.DataDir)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, lock: lock}
	defer func() {
		if err != nil {
			err = errors.Join(err, lock.Close())
		}
	}()
	if err := waitForExit(ctx, cfg.DataDir); err != nil {
		return nil, err
	}
	bin, err := findBinaries(ctx, cfg)
	if err != nil {
		return nil, err
	}
	password, err := s.ensureCluster(ctx, bin, owner)
	if err != nil {
		return nil, err
	}
	return s, s.launch(ctx, bin, owner, password)
}

// DSN returns the connection string of the server's database. It contains the password.
func (s *Server) DSN() string { return s.dsn }

// Port returns the port on 127.0.0.1.
func (s *Server) Port() int { return s.cfg.Port }

// PID returns the process id of the postmaster.
func (s *Server) PID() int { return s.process.pid() }

// Stop shuts the server down: open connections are closed after their writes are finished. When ctx ends before
// that, the server is stopped immediately and recovers at its next start.
func (s *Server) Stop(ctx context.Context) error {
	return errors.Join(s.process.stop(ctx), s.release())
}

// Kill ends the server immediately, like a crash.
func (s *Server) Kill() error {
	ctx, cancel := context.WithTimeout(context.Background(), killTimeout)
	defer cancel()
	return errors.Join(s.process.abort(ctx), s.release())
}

// killTimeout is how long an immediate shutdown may take before the process is killed.
const killTimeout = 5 * time.Second

// release unlocks the folder, and removes it when it is temporary.
func (s *Server) release() error {
	err := s.lock.Close()
	if s.temporary {
		err = errors.Join(err, os.RemoveAll(s.cfg.DataDir))
	}
	return err
}

// Find returns the connection string of the server that another process runs in the folder, or false when there is
// none.
func Find(dataDir string) (dsn string, ok bool) {
	lines, err := readPostmasterPID(dataDir)
	if err != nil {
		return "", false
	}
	port, err := strconv.Atoi(lines[3])
	if err != nil {
		return "", false
	}
	conn, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), time.Second)
	if err != nil {
		return "", false
	}
	if conn.Close() != nil {
		return "", false
	}
	password, err := os.ReadFile(filepath.Join(dataDir, "password"))
	if err != nil {
		return "", false
	}
	return makeDSN(string(password), port), true
}

func makeDSN(password string, port int) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword("postgres", password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Path: "/postgres", RawQuery: "sslmode=disable"}
	return u.String()
}

// portTries is how often a free port is tried: another process may take it before the server does.
const portTries = 3

// launch starts the server on the configured port, or on a free one.
func (s *Server) launch(ctx context.Context, bin string, owner *owner, password string) (err error) {
	if s.cfg.Port != 0 {
		return s.launchOnPort(ctx, bin, owner, password)
	}
	for range portTries {
		if s.cfg.Port, err = freePort(); err != nil {
			return err
		}
		if err = s.launchOnPort(ctx, bin, owner, password); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// launchOnPort starts the server and waits until it accepts connections.
func (s *Server) launchOnPort(ctx context.Context, bin string, owner *owner, password string) error {
	logFile, err := os.OpenFile(filepath.Join(s.cfg.DataDir, "log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer logFile.Close() // the server has its own file descriptor
	cmd := newCommand(context.WithoutCancel(ctx), owner, s.cfg.DataDir, filepath.Join(bin, "postgres"), s.settings()...)
	cmd.Stdout, cmd.Stderr = logFile, logFile
	if s.process, err = startProcess(cmd); err != nil {
		return fmt.Errorf("starting PostgreSQL: %w", err)
	}
	s.dsn = makeDSN(password, s.cfg.Port)
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.waitUntilReady(ctx); err != nil {
		return errors.Join(err, s.process.abort(context.WithoutCancel(ctx)))
	}
	return nil
}

// settings returns the server's arguments. The server listens on loopback only, has no socket in a shared folder,
// and logs nothing that users send.
func (s *Server) settings() []string {
	args := []string{
		"-D", filepath.Join(s.cfg.DataDir, "data"),
		"-p", strconv.Itoa(s.cfg.Port),
		"-h", "127.0.0.1",
		"-k", "",
	}
	settings := []string{
		"log_min_messages=log", "log_min_error_statement=panic", "log_error_verbosity=terse", "logging_collector=off",
	}
	if !s.cfg.Durable {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off",
			"max_connections=400", "shared_buffers=64MB", "autovacuum=off")
	}
	for name, value := range s.cfg.Settings {
		settings = append(settings, name+"="+value)
	}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	return args
}

// waitUntilReady returns nil when the server accepts connections, or why it does not.
func (s *Server) waitUntilReady(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.dsn)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.process.done:
			out, _ := os.ReadFile(filepath.Join(s.cfg.DataDir, "log"))
			return fmt.Errorf("PostgreSQL ended at once: %s", out)
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.New("no TCP port")
	}
	return addr.Port, l.Close()
}
