// Package devpg runs a real PostgreSQL of our own under a folder, so that development and tests need nothing installed
// or configured: it finds PostgreSQL's programs or fetches them, makes a cluster, drops root, starts the server on a free
// loopback port and takes it down with the process that started it, even when that process is killed.
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

// Config says which cluster to run.
type Config struct {
	DataDir  string            // the cluster's folder, made when missing; its data survives
	BinDir   string            // PostgreSQL's programs; "" searches for them
	CacheDir string            // where fetched programs are kept; "" is a system or user cache folder
	Durable  bool              // false trades crash safety for speed; for tests
	Port     int               // on 127.0.0.1; 0 picks a free one
	Settings map[string]string // further settings of the server
	Progress func(step string) // told before each slow step; may be nil
}

// Server is a running PostgreSQL. Its password lies in the folder, readable by its owner alone.
type Server struct {
	cfg     Config
	process *process
	lock    *os.File
	dsn     string
	temporary  bool // the folder goes with the server
}

// startTimeout bounds how long a cluster may take to answer, crash recovery included.
const startTimeout = 60 * time.Second

// Start returns a running server for the folder, making the cluster first when there is none. It fails when another
// process uses the folder, when no PostgreSQL can be found or fetched, and when a dropped user could not reach the folder;
// the errors say what to change.
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

// DSN is the connection string of the server's database; it holds the password.
func (s *Server) DSN() string { return s.dsn }

// Port is where the server listens on 127.0.0.1.
func (s *Server) Port() int { return s.cfg.Port }

// PID is the postmaster's process id.
func (s *Server) PID() int { return s.process.pid() }

// Stop shuts the server down, cutting open connections but finishing their writes; when ctx ends first it is stopped at
// once and recovers at its next start.
func (s *Server) Stop(ctx context.Context) error {
	return errors.Join(s.process.stop(ctx), s.release())
}

// Kill ends the server at once, as a crash would.
func (s *Server) Kill() error {
	ctx, cancel := context.WithTimeout(context.Background(), killTimeout)
	defer cancel()
	return errors.Join(s.process.abort(ctx), s.release())
}

// killTimeout is how long the server may take to drop everything before it is killed for good.
const killTimeout = 5 * time.Second

func (s *Server) release() error {
	err := s.lock.Close()
	if s.temporary {
		err = errors.Join(err, os.RemoveAll(s.cfg.DataDir))
	}
	return err
}

// Find returns the connection string of the server that another process runs in the folder, or false.
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

// portTries is how often a free port is looked for: another process may take one before the server does.
const portTries = 3

// launch starts the server on its port, or on a free one.
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

// launchOnPort starts the server and waits until it answers.
func (s *Server) launchOnPort(ctx context.Context, bin string, owner *owner, password string) error {
	logFile, err := os.OpenFile(filepath.Join(s.cfg.DataDir, "log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer logFile.Close() // the server has its own handle
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

// settings keeps the server to itself: loopback only, no sockets in shared folders, and nothing of what users send in
// its log.
func (s *Server) settings() []string {
	list := []string{"-D", filepath.Join(s.cfg.DataDir, "data"), "-p", strconv.Itoa(s.cfg.Port), "-h", "127.0.0.1", "-k", ""}
	set := []string{"log_min_messages=log", "log_min_error_statement=panic", "log_error_verbosity=terse", "logging_collector=off"}
	if !s.cfg.Durable {
		set = append(set, "fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=400",
			"shared_buffers=64MB", "autovacuum=off")
	}
	for name, value := range s.cfg.Settings {
		set = append(set, name+"="+value)
	}
	for _, one := range set {
		list = append(list, "-c", one)
	}
	return list
}

// await returns when the server answers a query, or why it does not.
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
