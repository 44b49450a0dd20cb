package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/gen/client"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// output collects what a command prints.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// testEnvironment returns an environment with these variables and its stdout and stderr.
func testEnvironment(vars map[string]string) (environment, *output, *output) {
	out, err := &output{}, &output{}
	return environment{getenv: func(k string) string { return vars[k] }, out: out, err: err}, out, err
}

// dataDir returns a data directory that PostgreSQL's user can reach when the tests run as root.
func dataDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "adiuva-cmd-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// freeAddr returns a loopback address with a free port.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// eventually waits for ok to return true, for at most 20 s.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(90 * time.Second) // on a busy machine
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("%s did not happen", what)
		case <-tick.C:
		}
	}
}

// isOK reports whether url answers 200.
func isOK(url string) bool {
	resp, err := http.Get(url)
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
}

// serveInBackground runs serve until the test ends and returns its base URL.
func serveInBackground(t *testing.T, vars map[string]string) (base string, out, errs *output) {
	t.Helper()
	if vars["ADDR"] == "" {
		vars["ADDR"] = freeAddr(t)
	}
	if vars["ADIUVA_DATA_DIR"] == "" {
		vars["ADIUVA_DATA_DIR"] = dataDir(t)
	}
	env, out, errs := testEnvironment(vars)
	ctx, stop := context.WithCancel(t.Context())
	exited := make(chan int, 1)
	go func() { exited <- execute(ctx, env, []string{"serve"}) }()
	t.Cleanup(func() {
		stop()
		if code := <-exited; code != exitOK {
			t.Errorf("serve exited with %d: %s", code, errs)
		}
	})
	base = "http://" + vars["ADDR"]
	eventually(t, "readiness", func() bool { return isOK(base + "/readyz") })
	return base, out, errs
}

// registerClient registers an account with the published Go client. It returns the client, what authenticates its
// requests, and the access token.
func registerClient(t *testing.T, base string) (*client.ClientWithResponses, client.RequestEditorFn, string) {
	t.Helper()
	c, err := client.NewClientWithResponses(base + "/api/v1")
	if err != nil {
		t.Fatal(err)
	}
	reg, err := c.RegisterWithResponse(t.Context(),
		client.RegisterRequest{Email: "new@example.com", Password: "correct horse battery"})
	if err != nil || reg.JSON201 == nil {
		t.Fatalf("register: %v %s", err, reg.Body)
	}
	bearer := func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+reg.JSON201.AccessToken)
		return nil
	}
	return c, bearer, reg.JSON201.AccessToken
}

// TestREADMEWalkthrough does what the README shows, with the published Go client: register, create a task and list
// tasks, once with the offline model and once with an OpenAI-compatible server.
func TestREADMEWalkthrough(t *testing.T) {
	t.Parallel()
	upstream := llmtest.NewServer(t)
	for name, vars := range map[string]map[string]string{
		"offline":  {},
		"upstream": {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": upstream.URL},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, out, errs := serveInBackground(t, vars)
			if !strings.Contains(out.String(), base+"/docs") || !strings.Contains(out.String(), "DATABASE_URL") {
				t.Errorf("banner: %s", out)
			}
			c, bearer, token := registerClient(t, base)
			createTask(t, c, bearer)
			listTasks(t, c, bearer)
			if log := errs.String(); strings.Contains(log, "Call Anna") || strings.Contains(log, token) {
				t.Error("the log has text of the user or a token")
			}
		})
	}
}

func createTask(t *testing.T, c *client.ClientWithResponses, bearer client.RequestEditorFn) {
	t.Helper()
	create, err := c.ChatWithResponse(t.Context(),
		client.ChatRequest{Message: "create a task 'Call Anna' for tomorrow, high priority"}, bearer)
	if err != nil || create.JSON200 == nil {
		t.Fatalf("chat: %v %s", err, create.Body)
	}
	reply, err := create.JSON200.AsChatResponse()
	if err != nil || len(reply.Actions) != 1 {
		t.Fatalf("chat: %v %s", err, create.Body)
	}
	data, err := reply.Actions[0].Data.Get()
	if err != nil || data["title"] != "Call Anna" || data["priority"] != "high" {
		t.Errorf("action: %s", create.Body)
	}
	due, ok := data["dueDate"].(float64)
	if wait := time.Until(time.UnixMilli(int64(due))); !ok || wait < 0 || wait > 48*time.Hour {
		t.Errorf("dueDate %v is not tomorrow in milliseconds", data["dueDate"])
	}
}

func listTasks(t *testing.T, c *client.ClientWithResponses, bearer client.RequestEditorFn) {
	t.Helper()
	titles := []string{"Write offer", "Book flights", "Paint fence"}
	rows := make([]client.TaskRow, 0, len(titles))
	for i := range titles {
		id := strings.Repeat("x", i+1)
		row := client.TaskRow{ID: &id}
		row.Title.Set(titles[i])
		row.Status.Set("todo")
		rows = append(rows, row)
	}
	list, err := c.ChatWithResponse(t.Context(),
		client.ChatRequest{Message: "list my open tasks", Context: &client.ChatContext{RecentTasks: rows}},
		bearer)
	if err != nil || list.JSON200 == nil {
		t.Fatalf("chat: %v %s", err, list.Body)
	}
	for _, title := range titles {
		if !strings.Contains(string(list.Body), title) {
			t.Errorf("%q is missing in: %s", title, list.Body)
		}
	}
}

func TestInvalidConfigurationNamesEveryMistake(t *testing.T) {
	t.Parallel()
	env, _, errs := testEnvironment(map[string]string{"ENV": "prod", "JWT_SECRET": "short-marker", "LOG_LEVEL": "loud"})
	if code := execute(t.Context(), env, []string{"serve"}); code != exitConfig {
		t.Errorf("exit code %d, want %d", code, exitConfig)
	}
	for _, name := range []string{"DATABASE_URL", "S3_BUCKET", "STRIPE_SECRET_KEY", "OPENAI_API_KEY", "JWT_SECRET",
		"LOG_LEVEL"} {
		if !strings.Contains(errs.String(), name) {
			t.Errorf("%s is not named: %s", name, errs)
		}
	}
	if strings.Contains(errs.String(), "short-marker") {
		t.Error("a secret's value was printed")
	}
}

// safeProduction returns a production configuration that has no mistake and one warning.
func safeProduction() map[string]string {
	const long = "0123456789abcdef0123456789abcdef"
	return map[string]string{
		"ENV": "prod", "ADDR": "127.0.0.1:0", "DATABASE_URL": "postgres://a:b@127.0.0.1:1/c?sslmode=disable",
		"REDIS_URL": "redis://:marker@cache:6379/0", "JWT_SECRET": "jwt-" + long, "PASSWORD_PEPPER": "pepper-" + long,
		"SECRETS_KEY": "secrets-" + long,
		"SMTP_URL":    "smtp://u:marker@smtp.example.com:587", "MAIL_FROM": "no-reply@example.com",
		"PUBLIC_URL":     "https://adiuva.test",
		"OPENAI_API_KEY": "sk-1", "S3_BUCKET": "blobs", "STRIPE_SECRET_KEY": "sk_live_1",
		"STRIPE_WEBHOOK_SECRET": "whsec_" + long, "STRIPE_PRICE_PRO": "price_1", "STRIPE_PRICE_POWER": "price_2",
		"STRIPE_PRICE_TEAM": "price_3", "BILLING_SUCCESS_URL": "https://adiuva.test/ok",
		"BILLING_CANCEL_URL": "https://adiuva.test/no",
	}
}

func TestUnsafeConfigurationIsWarnedOfByTheCheckAndAtTheStart(t *testing.T) {
	t.Attr("case", "S14")
	t.Parallel()
	env, out, _ := testEnvironment(safeProduction())
	if code := execute(t.Context(), env, []string{"config", "check"}); code != exitOK ||
		!strings.HasPrefix(out.String(), "Warning: REDIS_URL ") || !strings.HasSuffix(out.String(), "is valid.\n") {
		t.Errorf("exit code %d: %s", code, out)
	}
	env, out, errs := testEnvironment(safeProduction())
	if code := execute(t.Context(), env, []string{"serve"}); code != exitFailed { // there is no database
		t.Errorf("exit code %d", code)
	}
	if !strings.Contains(errs.String(), `"level":"WARN","msg":"the configuration is unsafe","warning":"REDIS_URL `) ||
		strings.Contains(out.String()+errs.String(), "marker") {
		t.Errorf("the start printed %s%s", out, errs)
	}
	vars := safeProduction()
	vars["JWT_ACCESS_TTL"], vars["TRUSTED_PROXIES"] = "8760h", "0.0.0.0/0"
	env, _, errs = testEnvironment(vars)
	if code := execute(t.Context(), env, []string{"config", "check"}); code != exitConfig ||
		!strings.Contains(errs.String(), "JWT_ACCESS_TTL") || !strings.Contains(errs.String(), "TRUSTED_PROXIES") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

func TestOperatorCommands(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	vars := map[string]string{"ADIUVA_DATA_DIR": dir, "BCRYPT_COST": "4"}
	run := func(want int, args ...string) string {
		t.Helper()
		env, out, errs := testEnvironment(vars)
		if code := execute(t.Context(), env, args); code != want {
			t.Fatalf("%v: exit code %d: %s%s", args, code, out, errs)
		}
		return out.String() + errs.String()
	}
	if got := run(exitFailed, "user", "list"); !strings.Contains(got, "DATABASE_URL") {
		t.Errorf("without a server: %s", got)
	}
	serveInBackground(t, map[string]string{"ADIUVA_DATA_DIR": dir, "BCRYPT_COST": "4"})
	run(exitOK, "user", "create", "op@example.com", "--password", "correct horse battery", "--tier", "pro")
	if got := run(exitFailed, "user", "create", "op@example.com", "--password", "short"); !strings.Contains(got,
		"password") {
		t.Errorf("short password: %s", got)
	}
	run(exitOK, "user", "set-tier", "op@example.com", "team", "--seats", "3")
	if got := run(exitOK, "user", "list"); !regexp.MustCompile(`op@example\.com\s+team\s+3`).MatchString(got) {
		t.Errorf("list: %s", got)
	}
	run(exitOK, "user", "revoke-sessions", "op@example.com")
	if got := run(exitOK, "user", "keys", "op@example.com"); !strings.Contains(got, "PREFIX") {
		t.Errorf("keys: %s", got)
	}
	run(exitFailed, "user", "keys", "op@example.com", "--revoke", "no-id")
	run(exitFailed, "user", "keys", "op@example.com", "--revoke", "0199a3f2-7c1e-7b41-9d55-5f0f2c6b8a12")
	if got := run(exitOK, "user", "keys", "op@example.com", "--revoke-all"); got != "revoked 0\n" {
		t.Errorf("revoke all keys: %q", got)
	}
	run(exitOK, "user", "delete", "op@example.com")
	if got := run(exitOK, "migrate", "status"); !strings.Contains(got, "up to date") {
		t.Errorf("migrate status: %s", got)
	}
	if got := run(exitOK, "agents"); !strings.Contains(got, "task_agent") {
		t.Errorf("agents: %s", got)
	}
	if got := run(exitOK, "config", "print"); strings.Contains(got, "correct horse") ||
		!strings.Contains(got, "JWT_SECRET") {
		t.Errorf("config print: %s", got)
	}
}

// helperVariable makes this test binary run serve, in a process that a test can kill.
const helperVariable = "ADIUVA_TEST_SERVE"

func TestMain(m *testing.M) {
	if os.Getenv(helperVariable) != "" {
		os.Exit(run([]string{"serve"}))
	}
	code := m.Run()
	if _, err := os.Stat(".adiuva"); err == nil {
		fmt.Fprintln(os.Stderr, "a test ran without ADIUVA_DATA_DIR: it wrote .adiuva into this folder; remove that")
		code = exitFailed
	}
	os.Exit(code)
}

// TestKilledServerLeavesNoPostgres kills serve. Its PostgreSQL exits too, and the next start finds the data.
func TestKilledServerLeavesNoPostgres(t *testing.T) {
	t.Parallel()
	dir, addr := dataDir(t), freeAddr(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), helperVariable+"=1", "ADIUVA_DATA_DIR="+dir, "ADDR="+addr, "BCRYPT_COST=4",
		"ENV=dev", "DATABASE_URL=")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "readiness", func() bool { return isOK("http://" + addr + "/readyz") })
	resp, err := http.Post("http://"+addr+"/api/v1/auth/register", "application/json",
		strings.NewReader(`{"email":"kept@example.com","password":"correct horse battery"}`))
	if err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatalf("register: %v %v", err, resp)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	pid := postmaster(t, dir)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	if err := cmd.Wait(); err == nil {
		t.Error("the killed server exited with 0")
	}
	eventually(t, "the exit of PostgreSQL", func() bool { return syscall.Kill(pid, 0) != nil || zombie(pid) })
	t.Logf("PostgreSQL exited %s after its parent", time.Since(killed))
	serveInBackground(t, map[string]string{"ADIUVA_DATA_DIR": dir, "BCRYPT_COST": "4"})
	env, out, errs := testEnvironment(map[string]string{"ADIUVA_DATA_DIR": dir})
	if execute(t.Context(), env, []string{"user", "list"}) != exitOK ||
		!strings.Contains(out.String(), "kept@example.com") {
		t.Errorf("the account is missing: %s%s", out, errs)
	}
}

// postmaster returns the process id of the PostgreSQL in the data directory.
func postmaster(t *testing.T, dir string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid := 0
	for _, c := range strings.SplitN(string(b), "\n", 2)[0] {
		pid = pid*10 + int(c-'0')
	}
	return pid
}

// zombie reports whether the process has exited and was not collected yet.
func zombie(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}
