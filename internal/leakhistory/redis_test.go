package leakhistory_test

import (
	"bytes"
	"context"
	"log/slog"
	"math/bits"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/adiuva/cloud-api/internal/leakhistory"
)

// server is a Redis server of one test.
type server struct {
	t      *testing.T
	socket string
	client *redis.Client
	cmd    *exec.Cmd
}

// startServer starts a server. Without redis-server the test is skipped, or fails under CI.
func startServer(t *testing.T) *server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("redis-server is not installed")
		}
		t.Skip("redis-server is not installed")
	}
	folder, err := os.MkdirTemp("", "lh") // t.TempDir's path is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, socket: filepath.Join(folder, "redis.sock")}
	s.client = redis.NewClient(&redis.Options{Network: "unix", Addr: s.socket})
	t.Cleanup(func() {
		_ = s.client.Close()
		s.kill()
		_ = os.RemoveAll(folder)
	})
	s.start()
	return s
}

// start returns when the server answers.
func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command("redis-server", "--port", "0", "--unixsocket", s.socket, "--save", "", "--appendonly", "no",
		"--dir", filepath.Dir(s.socket), "--daemonize", "no")
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	for s.client.Ping(ctx).Err() != nil {
		if ctx.Err() != nil {
			s.t.Fatal("redis-server does not answer")
		}
	}
}

func (s *server) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait() // reports the kill
		s.cmd = nil
	}
}

// config is that of a replica that uses the server. Its timeout is not reached even on a busy machine.
func (s *server) config() leakhistory.Config {
	return leakhistory.Config{RedisURL: "unix://" + s.socket, Secret: []byte("secret"), Digest: "one",
		Timeout: 20 * time.Second}
}

func TestReplicasShareHistories(t *testing.T) {
	t.Parallel()
	s, c := startServer(t), newClock()
	one, two := newStore(t, c, s.config()), newStore(t, c, s.config())
	expect(t, "the first replica", one, "anna", []int{0, 7, 8, 300}, 0, 7, 8, 300)
	expect(t, "the second replica", two, "anna", []int{9}, 0, 7, 8, 9, 300)
	expect(t, "the first replica again", one, "anna", nil, 0, 7, 8, 9, 300)
	expect(t, "another account", two, "leo", nil)
	other := s.config()
	other.Digest = "two"
	expect(t, "other secrets", newStore(t, c, other), "anna", nil)
	behind := &clock{c.now.Add(-time.Hour)}
	expect(t, "a replica whose clock is behind", newStore(t, behind, s.config()), "anna", nil, 0, 7, 8, 9, 300)
	c.now = c.now.Add(time.Hour)
	expect(t, "after an hour", newStore(t, c, s.config()), "anna", nil, 0, 7, 8, 9, 300)
	c.now = c.now.Add(time.Hour)
	expect(t, "after two hours", newStore(t, c, s.config()), "anna", nil)
}

func TestRedisHasNoIDsAndForgets(t *testing.T) {
	t.Parallel()
	s, c := startServer(t), newClock()
	expect(t, "added", newStore(t, c, s.config()), "anna", []int{5}, 5)
	keys, err := s.client.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 1 || strings.Contains(keys[0], "anna") {
		t.Fatalf("keys %v, %v", keys, err)
	}
	if ttl := s.client.TTL(t.Context(), keys[0]).Val(); ttl <= time.Hour || ttl > 2*time.Hour {
		t.Errorf("the bitmap ends in %v, want one to two hours", ttl)
	}
}

// TestAnswersAtTheSameTimeCountTogether adds units from many goroutines over two replicas. One of them gets all.
func TestAnswersAtTheSameTimeCountTogether(t *testing.T) {
	t.Parallel()
	s, c := startServer(t), newClock()
	one, two := newStore(t, c, s.config()), newStore(t, c, s.config())
	const each = 50
	var most atomic.Int64
	var group sync.WaitGroup
	for u := range each {
		for i, store := range []*leakhistory.Store{one, two} {
			group.Go(func() {
				n := int64(0)
				for _, b := range store.For("anna").Add(t.Context(), []int{2*u + i}) {
					n += int64(bits.OnesCount8(b))
				}
				for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
				}
			})
		}
	}
	group.Wait()
	if most.Load() != 2*each {
		t.Errorf("the last answer got %d units, want %d", most.Load(), 2*each)
	}
}

func TestHistoriesSurviveAnOutage(t *testing.T) {
	t.Parallel()
	s, c := startServer(t), newClock()
	var log bytes.Buffer
	cfg := s.config()
	cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	store := newStore(t, c, cfg)
	expect(t, "before the outage", store, "anna", []int{1}, 1)
	s.kill()
	for range 5 {
		expect(t, "during the outage", store, "anna", []int{2}, 1, 2)
		c.now = c.now.Add(12 * time.Second)
	}
	if n := strings.Count(log.String(), "kept locally"); n != 1 {
		t.Errorf("%d lines in a minute:\n%s", n, log.String())
	}
	expect(t, "after a minute", store, "anna", nil, 1, 2)
	if n := strings.Count(log.String(), "kept locally"); n != 2 {
		t.Errorf("%d lines after a minute:\n%s", n, log.String())
	}
	s.start()
	c.now = c.now.Add(2 * time.Second) // after a failure, Redis is left alone for a while
	expect(t, "after the outage", store, "anna", []int{3}, 1, 2, 3)
	expect(t, "another replica after the outage", newStore(t, c, s.config()), "anna", nil, 3)
}

// TestSilentRedisCostsLittle uses a server that accepts connections and says nothing.
func TestSilentRedisCostsLittle(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	store, err := leakhistory.New(leakhistory.Config{RedisURL: "redis://" + listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	start := time.Now()
	history := store.For("anna")
	for u := range 100 {
		if all := history.Add(t.Context(), []int{u}); len(all) != u/8+1 {
			t.Fatalf("got %d bytes after %d units", len(all), u+1)
		}
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("a request waited %v", took)
	}
}

func TestBadURLIsNotRepeated(t *testing.T) {
	t.Parallel()
	_, err := leakhistory.New(leakhistory.Config{RedisURL: "wrong://:password@host"})
	if err == nil || strings.Contains(err.Error(), "password") {
		t.Errorf("got %v", err)
	}
}
