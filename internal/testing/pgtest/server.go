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

// Server is a PostgreSQL of one test's own. Its address stays the same over Kill, Stop and Start. Its methods are for
// one goroutine and fail the test when they cannot do what they say.
type Server struct {
	t      testing.TB
	dir    string
	now    *devpg.Server // nil while it is down
	dsn    string
	port   int
	paused []int // processes that Pause stopped
}

// Start returns a running server without any schema, ended and removed with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	// Not t.TempDir: the user that root drops to cannot enter it.
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
		if s.now != nil {
			s.Kill()
		}
		_ = os.RemoveAll(dir)
	})
	s.Start()
	return s
}

// DSN is the URL of the server's database.
func (s *Server) DSN() string { return s.dsn }

// DB returns the server's database, migrated, closed at the end of the test.
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

// Start starts the server again, on its old address and data.
func (s *Server) Start() {
	s.t.Helper()
	if s.now != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	now, err := devpg.Start(ctx, devpg.Config{DataDir: s.dir, Port: s.port, Durable: true})
	if s.dsn == "" {
		unavailable(s.t, err)
	} else if err != nil {
		s.t.Fatalf("pgtest: start: %v", err)
	}
	s.now, s.dsn, s.port = now, now.DSN(), now.Port()
}

// Kill ends the server as a crash would.
func (s *Server) Kill() {
	s.t.Helper()
	if err := s.now.Kill(); err != nil {
		s.t.Fatalf("pgtest: kill: %v", err)
	}
	s.now = nil
}

// Stop ends the server in good order.
func (s *Server) Stop() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.now.Stop(ctx); err != nil {
		s.t.Fatalf("pgtest: stop: %v", err)
	}
	s.now = nil
}

// Pause makes the server hang: connections stay open and nothing answers, until Resume.
func (s *Server) Pause() {
	s.t.Helper()
	for _, pid := range append([]int{s.now.PID()}, children(s.t, s.now.PID())...) {
		if syscall.Kill(pid, syscall.SIGSTOP) == nil {
			s.paused = append(s.paused, pid)
		}
	}
}

// Resume ends Pause; it does nothing when the server does not hang.
func (s *Server) Resume() {
	for _, pid := range s.paused {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
	s.paused = nil
}

// children returns the processes that parent started, which only Linux tells without a tool.
func children(t testing.TB, parent int) []int {
	t.Helper()
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	if len(files) == 0 {
		t.Skip("pgtest: pausing a server needs /proc")
	}
	var found []int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has just ended
		}
		// pid (name) state ppid …, and the name may hold anything
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

// Eventually calls f until it returns nil and fails the test when that takes longer than within. It returns how long it
// took.
func Eventually(t testing.TB, within time.Duration, f func() error) time.Duration {
	t.Helper()
	begun := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		took := time.Since(begun)
		if err == nil {
			return took
		}
		if took > within {
			t.Fatalf("not within %s: %v", within, err)
		}
		<-tick.C
	}
}
