package pgtest

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/dev/devpg"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// Server is a PostgreSQL server for one test. It keeps its address across Kill, Stop and Start. Its methods are for
// use by one goroutine, and fail the test when they do not succeed.
type Server struct {
	t       testing.TB
	dir     string
	running *devpg.Server // nil while the server is down
	dsn     string
	port    int
	paused  []int // processes stopped by Pause
}

// Start returns a running server without a schema. It is stopped and removed when the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	// t.TempDir cannot be entered by the unprivileged user that root runs the server as.
	dir, err := os.MkdirTemp("", "adiuva-pgtest-")
	if err == nil {
		err = os.Chmod(dir, 0o711)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, dir: dir}
	t.Cleanup(func() {
		s.Resume()
		if s.running != nil {
			s.Kill()
		}
		_ = os.RemoveAll(dir)
	})
	s.Start()
	return s
}

// DSN returns the URL of the server's database.
func (s *Server) DSN() string { return s.dsn }

// DB returns the server's database with the newest schema, open until the end of the test.
func (s *Server) DB() *postgres.DB {
	s.t.Helper()
	if err := postgres.MigrateUp(context.Background(), s.dsn); err != nil {
		s.t.Fatalf("pgtest: migrate: %v", err)
	}
	db, err := postgres.Open(context.Background(), s.dsn)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(db.Close)
	return db
}

// Start starts the server again with its old address and data. It does nothing while the server runs.
func (s *Server) Start() {
	s.t.Helper()
	if s.running != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	server, err := devpg.Start(ctx, devpg.Config{DataDir: s.dir, Port: s.port, Durable: true})
	if s.dsn == "" {
		skipOrFail(s.t, err)
	} else if err != nil {
		s.t.Fatalf("pgtest: start: %v", err)
	}
	s.running = server
	s.dsn = server.DSN()
	s.port = server.Port()
}

// Kill ends the server immediately, like a crash.
func (s *Server) Kill() {
	s.t.Helper()
	if err := s.running.Kill(); err != nil {
		s.t.Fatalf("pgtest: kill: %v", err)
	}
	s.running = nil
}

// Stop shuts the server down.
func (s *Server) Stop() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := s.running.Stop(ctx); err != nil {
		s.t.Fatalf("pgtest: stop: %v", err)
	}
	s.running = nil
}

// Pause makes the server hang until Resume: connections stay open and get no response.
func (s *Server) Pause() {
	s.t.Helper()
	for _, pid := range append([]int{s.running.PID()}, childProcesses(s.t, s.running.PID())...) {
		if syscall.Kill(pid, syscall.SIGSTOP) == nil {
			s.paused = append(s.paused, pid)
		}
	}
}

// Resume ends Pause. It does nothing when the server is not paused.
func (s *Server) Resume() {
	for _, pid := range s.paused {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
	s.paused = nil
}

// BecomeStandby restarts the server as a hot standby without a primary: it serves reads and refuses writes with
// SQLSTATE 25006 until pg_promote is called.
func (s *Server) BecomeStandby() {
	s.t.Helper()
	s.Stop()
	signal := filepath.Join(s.dir, "data", "standby.signal")
	if err := os.WriteFile(signal, nil, 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.Chown(signal)
	s.Start()
}

// Chown makes the user that the server runs as the owner of a file or folder.
func (s *Server) Chown(path string) {
	s.t.Helper()
	info, err := os.Stat(filepath.Join(s.dir, "data"))
	if err != nil {
		s.t.Fatal(err)
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// childProcesses returns the children of a process, which needs /proc.
func childProcesses(t testing.TB, parent int) []int {
	t.Helper()
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	if len(files) == 0 {
		t.Skip("pgtest: pausing a server needs /proc")
	}
	var found []int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the process has just ended
		}
		// "pid (name) state ppid …", and the name may contain anything
		_, rest, _ := strings.Cut(string(text[strings.LastIndex(string(text), ")")+1:]), " ")
		fields := strings.Fields(rest)
		if len(fields) < 2 || fields[1] != strconv.Itoa(parent) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			found = append(found, pid)
		}
	}
	return found
}

// Eventually calls f until it returns nil, and returns how long that took. The test fails when it takes longer than
// within.
func Eventually(t testing.TB, within time.Duration, f func() error) time.Duration {
	t.Helper()
	start := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		took := time.Since(start)
		if err == nil {
			return took
		}
		if took > within {
			t.Fatalf("not within %s: %v", within, err)
		}
		<-tick.C
	}
}
