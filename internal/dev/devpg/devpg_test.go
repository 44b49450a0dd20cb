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

// parentDirEnv is set when a test runs this binary again as the parent of a server: it names the server's folder.
const parentDirEnv = "DEVPG_TEST_PARENT"

func TestMain(m *testing.M) {
	dir := os.Getenv(parentDirEnv)
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
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test closes it or kills this process
	if err := server.Stop(context.Background()); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// enterableDir returns a new folder that can be entered by the unprivileged user, unlike t.TempDir.
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

// startParent starts cmd, which runs a server in this binary, and returns the process id of the server.
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
		t.Fatalf("the parent printed %q (%v), want a process id", line, err)
	}
	return pid
}

// reexec returns a command that runs this binary with additional environment variables.
func reexec(env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), env...)
	return cmd
}

// waitForProcessExit fails the test when the process still exists after that time.
func waitForProcessExit(t *testing.T, pid int, within time.Duration) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(within); ; <-tick.C {
		if syscall.Kill(pid, 0) != nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("process %d still exists after %s", pid, within)
		}
	}
}

func TestKilledParentKeepsItsDataAndLeavesNoProcess(t *testing.T) {
	t.Parallel()
	dir := enterableDir(t)
	cmd := reexec(parentDirEnv + "=" + dir)
	pid := startParent(t, cmd)
	dsn, ok := devpg.Find(dir)
	if !ok {
		t.Fatal("Find does not find the running server")
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
	_ = cmd.Wait() // returns an error, as the process was killed
	waitForProcessExit(t, pid, 2*time.Second)
	if _, ok := devpg.Find(dir); ok {
		t.Error("Find found a server that has exited")
	}
	if got := query[int](t, start(t, dir).DSN(), "SELECT n FROM kept"); got != 42 {
		t.Errorf("after the next start the table has %d, want 42", got)
	}
}

func TestOnlyOneServerRunsInAFolder(t *testing.T) {
	t.Parallel()
	dir := enterableDir(t)
	server := start(t, dir)
	_, err := devpg.Start(t.Context(), devpg.Config{DataDir: dir})
	if err == nil || !strings.Contains(err.Error(), "ADIUVA_DATA_DIR") {
		t.Errorf("a second server in the folder: %v, want an error with advice", err)
	}
	dsn, ok := devpg.Find(dir)
	if !ok || dsn != server.DSN() {
		t.Errorf("Find found a server: %v; want the DSN of the running one", ok)
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
		"listen_addresses":        "127.0.0.1",
		"unix_socket_directories": "",
		"log_min_error_statement": "panic",
		"fsync":                   "on",
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
		t.Errorf("connecting with a wrong password: %v, want SQLSTATE 28P01", err)
	}
	conn, err := pgx.Connect(t.Context(), server.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "SELECT 'marker-value'::int"); err == nil {
		t.Fatal("a word was accepted as a number")
	}
	log, err := os.ReadFile(filepath.Join(dir, "log"))
	if err != nil || strings.Contains(string(log), "marker-value") {
		t.Errorf("the log (%v) contains a value of a statement: %s", err, log)
	}
}

func TestPrivateDataDirectoryIsMadeTraversable(t *testing.T) {
	t.Parallel()
	traversable := enterableDir(t)
	if err := os.Chmod(traversable, 0o711); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(traversable, "adiuva")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	start(t, filepath.Join(data, "postgres"))
	info, err := os.Stat(data)
	if err != nil || info.Mode().Perm()&0o077 > 0o001 {
		t.Errorf("mode %v (%v), want only the x bit for others", info.Mode(), err)
	}
}

func TestRootIsAdvisedWhichFolderToOpen(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root runs the server as another user")
	}
	private := filepath.Join(enterableDir(t), "private")
	below := filepath.Join(private, "between", "data", "postgres")
	if err := os.MkdirAll(below, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := devpg.Start(t.Context(), devpg.Config{DataDir: below})
	if err == nil || !strings.Contains(err.Error(), "chmod o+x "+filepath.Join(private, "between")) ||
		!strings.Contains(err.Error(), "ADIUVA_DATA_DIR") {
		t.Errorf("below a private folder: %v, want the chmod that helps", err)
	}
}

func TestServerRunsAsAnOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("every other test runs as an ordinary user already")
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
	cmd.Dir, cmd.Env = "/", []string{"PATH=" + os.Getenv("PATH"), parentDirEnv + "=" + data, "HOME=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	pid := startParent(t, cmd)
	dsn, ok := devpg.Find(data)
	if !ok || query[int](t, dsn, "SELECT 7") != 7 {
		t.Error("the server of an ordinary user does not respond")
	}
	info, err := os.Stat("/proc/" + strconv.Itoa(pid))
	if err != nil || info.Sys().(*syscall.Stat_t).Uid != nobody {
		t.Errorf("the server runs as %v (%v), want %d", info, err, nobody)
	}
}
