package main_test

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "testpeers")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return binary
}

// command returns a command that runs the binary without the TEST_ variables of this test.
func command(binary string, args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TEST_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	return cmd
}

func TestExitCodeIsThatOfTheCommand(t *testing.T) {
	t.Parallel()
	binary := build(t)
	var exit *exec.ExitError
	if err := command(binary, "--", "sh", "-c", "exit 7").Run(); !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Errorf("got %v, want exit code 7", err)
	}
	if err := command(binary, "--", "true").Run(); err != nil {
		t.Errorf("got %v, want exit code 0", err)
	}
	var stderr bytes.Buffer
	cmd := command(binary)
	cmd.Stderr = &stderr
	if err := cmd.Run(); err == nil || !strings.Contains(stderr.String(), "usage") {
		t.Errorf("without a command: %v, %q", err, stderr.String())
	}
}

func TestSignalStopsTheServers(t *testing.T) {
	t.Parallel()
	cmd := command(build(t), "--", "sh", "-c", `echo "$TEST_DATABASE_URL"; exec sleep 60`)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	dsn := strings.TrimSpace(line)
	if err != nil || !strings.HasPrefix(dsn, "postgres://") {
		t.Fatalf("TEST_DATABASE_URL is %q (%v)", dsn, err)
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatalf("PostgreSQL does not answer: %v", err)
	}
	_ = conn.Close(t.Context())
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	select {
	case err := <-exited:
		if err == nil {
			t.Error("exit code 0 after SIGTERM, want a failure")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("still running 10 s after SIGTERM")
	}
	if conn, err := pgx.Connect(t.Context(), dsn); err == nil {
		_ = conn.Close(t.Context())
		t.Error("PostgreSQL is still running")
	}
}

// The postmaster is stopped with SIGSTOP, so that it does not shut down when asked to and has to be killed.
func TestFailedShutdownIsReported(t *testing.T) {
	t.Parallel()
	const stopPostmaster = `
		port=${TEST_DATABASE_URL##*:}
		port=${port%%/*}
		for file in /dev/shm/adiuva-pg-*/data/postmaster.pid ${TMPDIR:-/tmp}/adiuva-pg-*/data/postmaster.pid; do
			if [ "$(sed -n 4p "$file" 2>/dev/null)" = "$port" ]; then kill -STOP "$(head -n 1 "$file")" && exit 0; fi
		done
		exit 7`
	var output bytes.Buffer
	cmd := command(build(t), "--", "sh", "-c", stopPostmaster)
	cmd.Stderr = &output
	var exit *exec.ExitError
	err := cmd.Run()
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(output.String(), "testpeers: ") {
		t.Errorf("got %v, %q, want exit code 1 and the error of the shutdown", err, output.String())
	}
}
