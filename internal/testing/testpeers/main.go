// Command testpeers runs a command, usually "go test ./...", with the servers that tests use: one PostgreSQL, whose
// URL is in TEST_DATABASE_URL, and, if redis-server is installed, one Redis, whose URL is in TEST_REDIS_URL. Both are
// stopped when the command has ended. The exit code is the command's.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/adiuva/cloud-api/internal/dev/devpg"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code, err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "testpeers:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

// run starts the servers and the command, and returns the command's exit code.
func run(ctx context.Context, args []string) (code int, err error) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return 0, errors.New("usage: testpeers [--] command [argument ...]")
	}
	env := os.Environ()
	if os.Getenv("TEST_DATABASE_URL") == "" {
		progress := func(step string) { fmt.Fprintln(os.Stderr, step) }
		server, startErr := devpg.StartTemporary(ctx, devpg.Config{Progress: progress})
		if startErr != nil {
			return 0, startErr
		}
		defer func() { err = errors.Join(err, server.Kill()) }()
		env = append(env, "TEST_DATABASE_URL="+server.DSN())
	}
	if os.Getenv("TEST_REDIS_URL") == "" {
		url, stop, err := startRedis(ctx)
		if err != nil {
			return 0, err
		}
		defer stop()
		if url != "" {
			env = append(env, "TEST_REDIS_URL="+url)
		}
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = env
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}

// startRedis starts a Redis without persistence. If redis-server is not installed, it returns an empty URL.
func startRedis(ctx context.Context) (url string, stop func(), err error) {
	nop := func() {}
	program, err := exec.LookPath("redis-server")
	if err != nil {
		fmt.Fprintln(
			os.Stderr,
			"testpeers: redis-server is not installed; tests that need it are skipped, or fail under CI",
		)
		return "", nop, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nop, err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err := errors.Join(err, l.Close()); err != nil {
		return "", nop, err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program, "--port", port, "--bind", "127.0.0.1",
		"--save", "", "--appendonly", "no", "--loglevel", "warning")
	cmd.SysProcAttr = killWithParent()
	if err := cmd.Start(); err != nil {
		return "", nop, err
	}
	stop = func() {
		if err := cmd.Process.Kill(); err == nil {
			_ = cmd.Wait() // always fails after Kill
		}
	}
	return "redis://127.0.0.1:" + port + "/0", stop, nil
}
