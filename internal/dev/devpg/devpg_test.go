package devpg_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/adiuva/cloud-api/internal/dev/devpg"
)

// asParent names the folder in which this binary, started again by a test, runs a server until it is killed.
const asParent = "DEVPG_TEST_PARENT"

func TestMain(m *testing.M) {
	dir := os.Getenv(asParent)
	if dir == "" {
		os.Exit(m.Run())
	}
	server, err := devpg.Start(context.Background(), devpg.Config{DataDir: dir, Durable: true,
		CacheDir: os.Getenv("DEVPG_TEST_CACHE")})
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println(server.PID())
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test ends us
	if err := server.Stop(context.Background()); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// folder is one that the user root drops to may enter, which t.TempDir is not.
func enterableDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "adiuva-devpg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func start(t *testing.T, dir string) *devpg.Server {
	t.Helper()
	server, err := devpg.Start(t.Context(), devpg.Config{DataDir: dir, Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Kill() })
	return server
}

func query[T any](t *testing.T, dsn, sql string) (value T) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := conn.QueryRow(t.Context(), sql).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

// parent starts cmd, which runs a server in this binary, and returns the server's process id.
func startParent(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close() })
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	pid, errPID := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || errPID != nil {
		t.Fatalf("the parent said %q (%v)", line, err)
	}
	return pid
}

func reexec(env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), env...)
	return cmd
}

// gone waits until no process has the id.
func waitForProcessExit(t *testing.T, pid int, within time.Duration) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(within); ; <-tick.C {
		if syscall.Kill(pid, 0) != nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("process %d still lives after %s", pid, within)
		}
	}
}

func TestKilledParentKeepsItsDataAndLeavesNoProcess(t *testing.T) {
	t.Parallel()
	dir := enterableDir(t)
	cmd := reexec(asParent + "=" + dir)
	pid := startParent(t, cmd)
	dsn, ok := devpg.Find(dir)
	if !ok {
		t.Fatal("Find does not see the running server")
	}
	query[int](t, dsn, "WITH a AS (SELECT 1) SELECT count(*) FROM a")
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "CREATE TABLE kept AS SELECT 42 AS n"); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed, and says so
	waitForProcessExit(t, pid, 2*time.Second)
	if _, ok := devpg.Find(dir); ok {
		t.Error("Find sees a server that is gone")
	}
	if got := query[int](t, start(t, dir).DSN(), "SELECT n FROM kept"); got != 42 {
		t.Errorf("the next start has %d, want 42", got)
	}
}

func TestOnlyOneServerRunsInAFolder(t *testing.T) {
	t.Parallel()
	dir := enterableDir(t)
	server := start(t, dir)
	if _, err := devpg.Start(t.Context(), devpg.Config{DataDir: dir}); err == nil || !strings.Contains(err.Error(), "ADIUVA_DATA_DIR") {
		t.Errorf("a second server in the folder: %v, want what to do", err)
	}
	dsn, ok := devpg.Find(dir)
	if !ok || dsn != server.DSN() {
		t.Errorf("Find = %v, want the running server's", ok)
	}
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitForProcessExit(t, server.PID(), time.Second)
}

func TestServerIsPrivate(t *testing.T) {
	t.Parallel()
	dir := enterableDir(t)
	server := start(t, dir)
	for setting, want := range map[string]string{
		"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "log_min_error_statement": "panic", "fsync": "on",
	} {
		if got := query[string](t, server.DSN(), "SHOW "+setting); got != want {
			t.Errorf("%s = %q, want %q", setting, got, want)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "password"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("password file: %v, %v, want mode 0600", info, err)
	}
	wrong, err := url.Parse(server.DSN())
	if err != nil {
		t.Fatal(err)
	}
	wrong.User = url.UserPassword(wrong.User.Username(), "wrong")
	var refused *pgconn.PgError
	if _, err := pgx.Connect(t.Context(), wrong.String()); !errors.As(err, &refused) || refused.Code != "28P01" {
		t.Errorf("a wrong password: %v, want it refused", err)
	}
	conn, err := pgx.Connect(t.Context(), server.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "SELECT 'marker-value'::int"); err == nil {
		t.Fatal("a word was taken for a number")
	}
	log, err := os.ReadFile(filepath.Join(dir, "log"))
	if err != nil || strings.Contains(string(log), "marker-value") {
		t.Errorf("the log (%v) holds a value of a statement: %s", err, log)
	}
}

func TestPrivateDataDirectoryIsMadeTraversable(t *testing.T) {
	t.Parallel()
	passable := enterableDir(t)
	if err := os.Chmod(passable, 0o711); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(passable, "adiuva")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	start(t, filepath.Join(data, "postgres"))
	info, err := os.Stat(data)
	if err != nil || info.Mode().Perm()&0o077 > 0o001 {
		t.Errorf("mode %v (%v), want nothing but passing for others", info.Mode(), err)
	}
}

func TestRootIsAdvisedWhichFolderToOpen(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("an ordinary user needs nobody's permission")
	}
	closed := filepath.Join(enterableDir(t), "closed")
	below := filepath.Join(closed, "between", "data", "postgres")
	if err := os.MkdirAll(below, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := devpg.Start(t.Context(), devpg.Config{DataDir: below})
	if err == nil || !strings.Contains(err.Error(), "chmod o+x "+filepath.Join(closed, "between")) ||
		!strings.Contains(err.Error(), "ADIUVA_DATA_DIR") {
		t.Errorf("below a closed folder: %v, want which chmod helps", err)
	}
}

func TestServerRunsAsAnOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("every other test shows it already")
	}
	dir := enterableDir(t)
	binary := filepath.Join(dir, "parent")
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(binary, program, 0o755); err != nil {
		t.Fatal(err)
	}
	const nobody = 65534
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	cmd := exec.Command(binary)
	cmd.Dir, cmd.Env = "/", []string{"PATH=" + os.Getenv("PATH"), asParent + "=" + data, "HOME=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	pid := startParent(t, cmd)
	dsn, ok := devpg.Find(data)
	if !ok || query[int](t, dsn, "SELECT 7") != 7 {
		t.Error("the server of an ordinary user does not answer")
	}
	info, err := os.Stat("/proc/" + strconv.Itoa(pid))
	if err != nil || info.Sys().(*syscall.Stat_t).Uid != nobody {
		t.Errorf("the server runs as %v (%v), want %d", info, err, nobody)
	}
}
