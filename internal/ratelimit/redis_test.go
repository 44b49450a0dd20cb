package ratelimit_test

import (
	"bufio"
	"bytes"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/adiuva/cloud-api/internal/ratelimit"
)

// server is a Redis server that a test can stop, suspend and restart at the same address.
type server struct {
	t      *testing.T
	socket string
	cmd    *exec.Cmd
}

// newServer returns a server that is not started yet. Without redis-server the test is skipped, or fails under CI.
func newServer(t *testing.T) *server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("redis-server is not installed")
		}
		t.Skip("redis-server is not installed")
	}
	folder, err := os.MkdirTemp("", "rl") // t.TempDir's path is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, socket: filepath.Join(folder, "redis.sock")}
	t.Cleanup(func() {
		s.kill()
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *server) url() string { return "unix://" + s.socket }

// start returns when the server accepts connections.
func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command("redis-server", "--port", "0", "--unixsocket", s.socket, "--save", "", "--appendonly", "no",
		"--dir", filepath.Dir(s.socket), "--daemonize", "no")
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(strings.ToLower(lines.Text()), "ready to accept connections") {
			return // what it prints later fits into the pipe
		}
	}
	s.t.Fatal("redis-server exited before it was ready")
}

func (s *server) kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
}

func (s *server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// redisURL returns $TEST_REDIS_URL or the URL of a server started for the test.
func redisURL(t *testing.T) string {
	t.Helper()
	if url := os.Getenv("TEST_REDIS_URL"); url != "" {
		return url
	}
	s := newServer(t)
	s.start()
	return s.url()
}

// logBuffer collects log lines.
type logBuffer struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

func (b *logBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lines.Write(line)
}

func (b *logBuffer) count(text string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Count(b.lines.String(), text)
}

const (
	redisLost = "rate limits are counted locally"
	redisBack = "rate limits are shared again"
)

// longTimeout is not reached even on a busy machine.
const longTimeout = 20 * time.Second

func TestReplicasShareOneCount(t *testing.T) {
	t.Parallel()
	url := redisURL(t)
	one := newLimiter(t, ratelimit.Config{RedisURL: url, Timeout: longTimeout})
	two := newLimiter(t, ratelimit.Config{RedisURL: url, Timeout: longTimeout})
	key := t.Name() + time.Now().Format(time.RFC3339Nano) // a given server may still have the keys of the last run
	if got := takeInParallel(t, 40, key, 20, one, two); got != 20 {
		t.Errorf("40 in parallel over two replicas under a limit of 20: %d allowed", got)
	}
	d := take(t, one, key, 20, time.Minute)
	const longest = 63 * time.Second // one of the 20 takes 3 s to pass
	if d.Allowed || d.Remaining != 0 || d.Limit != 20 || d.Reset <= 0 || d.Reset > longest {
		t.Errorf("at the limit: %+v", d)
	}
}

func TestRedisCountsLikeMemory(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.start()
	l := newLimiter(t, ratelimit.Config{RedisURL: s.url(), Timeout: longTimeout})
	t.Run("Refund", func(t *testing.T) { checkRefund(t, l) })
	t.Run("CancelledRequestIsCounted", func(t *testing.T) { checkCancelledRequestIsCounted(t, l) })
	t.Run("RefundWithoutWindow", func(t *testing.T) {
		l.Refund(t.Context(), "nobody", 1, time.Minute)
		if got := takeInParallel(t, 2, "nobody", 1, l); got != 1 {
			t.Errorf("after a refund without a window %d were allowed, want the limit of 1", got)
		}
	})

	client := redis.NewClient(&redis.Options{Network: "unix", Addr: s.socket})
	defer client.Close()
	keys, err := client.Keys(t.Context(), "adiuva:rl:*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		ttl, err := client.PTTL(t.Context(), key).Result()
		if err != nil || ttl <= 0 || ttl > 2*time.Minute {
			t.Errorf("key %q lives for %v (%v)", key, ttl, err)
		}
	}
	if len(keys) < 3 || len(keys) > 6 { // a minute may have ended
		t.Errorf("keys %q, want one a bucket and window", keys)
	}
}

func TestLimitsHoldWithoutRedis(t *testing.T) {
	t.Attr("case", "C46")
	t.Parallel()
	s, c, log := newServer(t), newClock(), &logBuffer{}
	l := newLimiter(t, ratelimit.Config{
		RedisURL: s.url(), Timeout: longTimeout, Now: c.Now, Log: slog.New(slog.NewTextHandler(log, nil)),
	})

	take(t, l, "before", 20, time.Minute) // Redis is not started yet
	if got := takeInParallel(t, 30, "before", 20, l); got != 19 {
		t.Errorf("before Redis is up: %d of 30 allowed after the first, want 19", got)
	}
	s.start()
	c.Advance(time.Second)
	for range 5 {
		if !take(t, l, "user", 5, time.Minute).Allowed {
			t.Error("with Redis up: refused within the limit")
		}
	}
	if log.count(redisLost) != 1 || log.count(redisBack) != 1 {
		t.Errorf("log: lost %d times, back %d times", log.count(redisLost), log.count(redisBack))
	}

	s.kill()
	if take(t, l, "user", 5, time.Minute).Allowed {
		t.Error("a caller at the limit started again from zero when Redis was killed")
	}
	if got := takeInParallel(t, 30, "during", 20, l); got != 20 {
		t.Errorf("with Redis killed: %d of 30 allowed", got)
	}
	l.Refund(t.Context(), "during", 20, time.Minute)
	if !take(t, l, "during", 20, time.Minute).Allowed {
		t.Error("a refund was lost with Redis")
	}

	s.start() // a new process has neither our keys nor ulule's scripts
	c.Advance(time.Second)
	other := newLimiter(t, ratelimit.Config{RedisURL: s.url(), Timeout: longTimeout})
	take(t, l, "after", 20, time.Minute)
	if got := takeInParallel(t, 40, "after", 20, l); got != 19 {
		t.Errorf("with Redis back: %d of 40 allowed after the first, want 19", got)
	}
	if take(t, other, "after", 20, time.Minute).Allowed {
		t.Error("the counts are not shared again")
	}
	if log.count(redisLost) != 2 || log.count(redisBack) != 2 {
		t.Errorf("log: lost %d times, back %d times", log.count(redisLost), log.count(redisBack))
	}
}

func TestHungRedisCostsOneTimeoutPerSecond(t *testing.T) {
	t.Parallel()
	s, c := newServer(t), newClock()
	s.start()
	const timeout = 300 * time.Millisecond
	l := newLimiter(t, ratelimit.Config{RedisURL: s.url(), Timeout: timeout, Now: c.Now})
	take(t, l, "user", 20, time.Minute)

	s.signal(syscall.SIGSTOP)
	defer s.signal(syscall.SIGCONT)
	start := time.Now()
	allowed := 0
	for second := range 3 {
		for range 100 { // each would wait for a timeout: 90 s in all
			if take(t, l, "hung", 20, time.Minute).Allowed {
				allowed++
			}
		}
		c.Advance(time.Duration(second) * time.Second)
	}
	if took := time.Since(start); took > 30*timeout {
		t.Errorf("300 requests in 3 s of a hung Redis took %v", took)
	}
	if allowed != 20 {
		t.Errorf("with Redis hung: %d of 300 allowed, want 20", allowed)
	}
}

func TestErrorForBadURLDoesNotRepeatIt(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"redis://:hunter2@ho st:6379",
		"http://:hunter2@host",
		"hunter2",
		"redis://:hunter2@host/hunter2",
	} {
		_, err := ratelimit.New(ratelimit.Config{RedisURL: url})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("New: %v", err)
		}
	}
}

func BenchmarkTakeInRedis(b *testing.B) {
	url := os.Getenv("TEST_REDIS_URL")
	if url == "" {
		b.Skip("TEST_REDIS_URL is not set")
	}
	l := newLimiter(b, ratelimit.Config{RedisURL: url})
	for b.Loop() {
		_, _ = l.Take(b.Context(), "018f2b1e-7d1c-7c3a-9a51-0242ac120002", 1_000_000, time.Minute)
	}
}
