package golden_test

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// commands runs the binary and records what it prints.
type commands struct {
	t *testing.T
	s *service
	r *recording
}

// run records one command in that environment. Variables beyond the bare ones are part of the record.
func (c commands) run(title string, env []string, args ...string) result {
	c.t.Helper()
	got := c.s.run(c.t, append(bareEnv(), env...), args...)
	text := "$ " + strings.Join(append(slices.Clone(env), append([]string{"adiuva-api"}, args...)...), " ")
	if len(text) > 300 {
		text = "$ adiuva-api " + strings.Join(args, " ")
	}
	text += fmt.Sprintf("\nexit code %d\n", got.code)
	if got.stdout != "" {
		text += "--- stdout\n" + strings.TrimRight(got.stdout, "\n") + "\n"
	}
	if got.stderr != "" {
		text += "--- stderr\n" + got.stderr
	}
	c.r.add(title, text)
	return got
}

// recordCommands records every command, each family in a golden file of its own.
func recordCommands(t *testing.T, s *service) {
	for _, family := range []struct {
		name   string
		record func(commands)
	}{
		{"help", commands.help}, {"config", commands.config}, {"agents", commands.agents}, {"docs", commands.docs},
		{"user", commands.user}, {"backup", commands.backup}, {"migrate", commands.migrate},
		{"healthcheck", commands.healthcheck}, {"serve", commands.serve},
	} {
		r := newRecording(t, "cli/"+family.name+".golden", s.mask)
		family.record(commands{t, s, r})
		r.compare()
	}
}

// onService is the environment of commands that work on the running service's database.
func (c commands) onService() []string {
	return []string{"ADIUVA_DATA_DIR=" + c.s.dataDir, "BCRYPT_COST=4"}
}

// help walks the tree of commands.
func (c commands) help() {
	c.run("no arguments", nil)
	c.run("unknown command", nil, "nothing")
	c.run("unknown flag", nil, "--nothing")
	if got := c.s.run(c.t, bareEnv(), "version"); got.code != 0 || strings.TrimSpace(got.stdout) == "" {
		c.t.Errorf("version: %+v", got)
	}
	c.run("version with an argument", nil, "version", "x")
	c.helpOf()
}

// helpOf records the help of the command that args name, and of every command below it.
func (c commands) helpOf(args ...string) {
	title := strings.TrimSpace("help " + strings.Join(args, " "))
	got := c.run(title, nil, append(slices.Clone(args), "--help")...)
	_, list, found := strings.Cut(got.stdout, "Available Commands:\n")
	if !found {
		return
	}
	list, _, _ = strings.Cut(list, "\n\n")
	for line := range strings.Lines(list) {
		if name := strings.Fields(line)[0]; name != "help" {
			c.helpOf(append(slices.Clone(args), name)...)
		}
	}
}

func (c commands) config() {
	wrong := []string{"ENV=dev", "LOG_LEVEL=loud", "BCRYPT_COST=99", "ADDR=nowhere", "JWT_SECRET=short",
		"WS_PING_INTERVAL=soon", "CORS_ORIGINS=*", "TRUSTED_PROXIES=x", "STRIPE_API_BASE=::", "BACKUP_REDIRECT=maybe",
		"RATE_LIMITS=perhaps",
		"JWT_ALGORITHM=none", "SHUTDOWN_GRACE=-1s", "DATABASE_URL=mysql://x"}
	long := strings.Repeat("0123456789", 4)
	set := []string{"ENV=dev", "JWT_SECRET=" + long, "PASSWORD_PEPPER=" + long, "SECRETS_KEY=" + long,
		"OPENAI_API_KEY=sk-" + long,
		"STRIPE_WEBHOOK_SECRET=whsec_" + long, "DATABASE_URL=postgres://a:b@localhost:5432/c",
		"REDIS_URL=redis://:x@localhost:6379/0",
		"AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=" + long,
		"JWT_PREVIOUS_SECRETS=" + long, "TRUSTED_PROXIES=10.0.0.0/8,::1"}
	prod := append(slices.Clone(set), "ENV=prod", "S3_BUCKET=b", "STRIPE_SECRET_KEY=sk_test_"+long,
		"BILLING_SUCCESS_URL=https://api.example.com/s", "BILLING_CANCEL_URL=https://api.example.com/c",
		"STRIPE_PRICE_PRO=price_a", "STRIPE_PRICE_POWER=price_b", "STRIPE_PRICE_TEAM=price_c",
		"PASSWORD_PEPPER=other-"+long, "SECRETS_KEY=third-"+long,
		"SMTP_URL=smtp://u:p@smtp.example.com:587", "MAIL_FROM=a@example.com", "PUBLIC_URL=https://api.example.com")
	file := filepath.Join(c.s.dataDir, "a-secret")
	check(c.t, os.WriteFile(file, []byte(long+"\n"), 0o600))
	fromFile := []string{"JWT_SECRET_FILE=" + file, "PASSWORD_PEPPER_FILE=/no/such/file",
		"OPENAI_API_KEY=sk-x", "OPENAI_API_KEY_FILE=" + file}
	for title, env := range sortedBy(map[string][]string{
		"nothing set":           nil,
		"several wrong":         wrong,
		"unknown ENV":           {"ENV=staging"},
		"secrets set":           set,
		"secrets in files":      fromFile,
		"prod":                  prod,
		"prod with nothing set": {"ENV=prod"},
		"prod with limits off":  append(slices.Clone(prod), "RATE_LIMITS=off", "BCRYPT_COST=4"),
	}) {
		c.run("config check, "+title, env, "config", "check")
		c.run("config print, "+title, env, "config", "print")
	}
	c.run("config alone", nil, "config")
}

func (c commands) agents() {
	c.run("built-in agents", nil, "agents")
	c.run("example agents", []string{"AGENTS_DIR=" + filepath.Join(c.s.repository, "docs/examples/agents")}, "agents")
	c.run("no such folder", []string{"AGENTS_DIR=/no/such/folder"}, "agents")
	dir := c.t.TempDir()
	for name, text := range map[string]string{
		"broken.yaml":  "name: [\n",
		"empty.yaml":   "",
		"members.yaml": "name: Bad Name\ntier: gold\ncolour: red\ntools: 3\n",
		"taken.yaml":   "name: task_agent\ndescription: Mine\ntier: free\nprompt: Do it.\n",
		"tools.yaml": "name: tools_agent\ndescription: Tools\ntier: free\nprompt: Do it.\ntools:\n" +
			"  - name: read\n    description: Read\n    rows: planets\n" +
			"  - name: write\n    description: Write\n" +
			"    action: {type: create_record, table: tasks, data: {title: \"{{missing}}\"}}\n",
	} {
		check(c.t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	got := c.s.run(c.t, append(bareEnv(), "AGENTS_DIR="+dir), "agents")
	faults := strings.ReplaceAll(got.stderr, dir, "<agents-dir>")
	c.r.add("wrong agents", fmt.Sprintf("exit code %d\n%s%s", got.code, got.stdout, faults))
}

// docs records the names of the files that are written.
func (c commands) docs() {
	c.run("docs without a folder", nil, "docs")
	dir := filepath.Join(c.s.dataDir, "site")
	c.run("docs", nil, "docs", "--out", dir)
	var list []string
	check(c.t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	}))
	c.r.add("files", strings.Join(list, "\n"))
	c.run("docs into a file", nil, "docs", "--out", "/dev/null/x")
}

func (c commands) user() {
	env := c.onService()
	c.run("list without a database", []string{"ADIUVA_DATA_DIR=/no/such/folder"}, "user", "list")
	for _, args := range [][]string{
		{"create"}, {"create", "operator@example.com"}, {"create", "operator@example.com", "--password", "short"},
		{"create", "not an address", "--password", password},
		{"create", "operator@example.com", "--password", password, "--tier", "gold"},
		{"create", "operator@example.com", "--password", password, "--tier", "pro"},
		{"create", "operator@example.com", "--password", password},
		{"create", "second@example.com", "--password", password},
		{"set-tier", "operator@example.com"},
		{"set-tier", "operator@example.com", "gold"},
		{"set-tier", "nobody@example.com", "pro"},
		{"set-tier", "operator@example.com", "team", "--seats", "0"},
		{"set-tier", "operator@example.com", "team", "--seats", "3"},
		{"set-tier", "second@example.com", "pro", "--seats", "3"},
		{"revoke-sessions", "nobody@example.com"}, {"revoke-sessions"},
		{"revoke-sessions", "operator@example.com"}, {"list", "x"}, {"list", "--limit", "0"}, {"list", "--after", "x"},
		{"list", "--after", "ffffffff-ffff-ffff-ffff-ffffffffffff"}, {"delete", "nobody@example.com"},
		{"delete", "second@example.com"}, {"delete", "second@example.com"},
	} {
		c.run("user "+strings.Join(args, " "), env, append([]string{"user"}, args...)...)
	}
	eventually(c.t, "deleted accounts are gone", func() bool {
		list := c.s.run(c.t, append(bareEnv(), env...), "user", "list").stdout
		return !strings.Contains(list, "second@example.com") && !strings.Contains(list, "leaving@example.com")
	})
	c.run("user list", env, "user", "list")
}

// backup records the check of stored backups, whole and with damage done to the store.
func (c commands) backup() {
	env := c.onService()
	eventually(c.t, "deleted backups are gone", func() bool {
		got := c.s.run(c.t, append(bareEnv(), env...), "backup", "verify")
		return got.code == 0 && !strings.Contains(got.stdout, "of no backup")
	})
	c.run("verify", env, "backup", "verify")
	c.run("verify every byte", env, "backup", "verify", "--read-data")
	small := c.blobOfSize(int64(len("backup bytes")))
	check(c.t, os.WriteFile(small, []byte("backup BYTES"), 0o600))
	c.run("verify every byte of a changed object", env, "backup", "verify", "--read-data")
	check(c.t, os.WriteFile(small, []byte("backup"), 0o600))
	c.run("verify a shortened object", env, "backup", "verify")
	check(c.t, os.Remove(small))
	c.run("verify a lost object", env, "backup", "verify")
	c.run("verify without a database", []string{"ADIUVA_DATA_DIR=/no/such/folder"}, "backup", "verify")
	c.run("verify with an argument", env, "backup", "verify", "x")
}

// blobOfSize returns the one stored object of that size.
func (c commands) blobOfSize(size int64) (path string) {
	c.t.Helper()
	check(c.t, filepath.WalkDir(filepath.Join(c.s.dataDir, "blobs"), func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if info, err := d.Info(); err == nil && info.Size() == size {
			path = p
		}
		return nil
	}))
	if path == "" {
		c.t.Fatalf("no stored object has %d bytes", size)
	}
	return path
}

// migrate works on a database of its own beside the service's.
func (c commands) migrate() {
	env := []string{"DATABASE_URL=" + c.s.newDatabase(c.t, "scratch")}
	run := func(title, command string) {
		got := c.s.run(c.t, append(bareEnv(), env...), "migrate", command)
		text := fmt.Sprintf("$ adiuva-api migrate %s\nexit code %d\n", command, got.code)
		c.r.add(title, text+got.stdout+got.stderr)
	}
	run("empty database", "status")
	run("up", "up")
	run("up again", "up")
	run("status", "status")
	run("down", "down")
	run("status after down", "status")
	eventually(c.t, "every migration is taken back", func() bool {
		got := c.s.run(c.t, append(bareEnv(), env...), "migrate", "down")
		return strings.HasPrefix(got.stdout, "version 0 ")
	})
	run("down of nothing", "down")
	run("up from nothing", "up")
	nobody := []string{"DATABASE_URL=postgres://a:b@127.0.0.1:1/c?sslmode=disable"}
	c.run("status of no database", nobody, "migrate", "status")
	c.run("status of a malformed address", []string{"DATABASE_URL=postgres://:::"}, "migrate", "status")
	c.run("status without a database", []string{"ADIUVA_DATA_DIR=/no/such/folder"}, "migrate", "status")
	c.run("status of the service", c.onService(), "migrate", "status")
}

func (c commands) healthcheck() {
	c.run("up", []string{"ADDR=" + strings.TrimPrefix(c.s.base, "http://")}, "healthcheck")
	c.run("down", []string{"ADDR=127.0.0.1:1"}, "healthcheck")
	c.run("address without a port", []string{"ADDR=localhost"}, "healthcheck")
	c.run("another kind of server", []string{"ADDR=" + strings.TrimPrefix(c.s.admin, "http://")}, "healthcheck")
}

// serve records how serve refuses to start.
func (c commands) serve() {
	c.run("wrong configuration", []string{"ENV=prod"}, "serve")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	check(c.t, err)
	defer taken.Close()
	c.run("address in use", []string{"ADDR=" + taken.Addr().String()}, "serve")
	c.run("no database", []string{"ADDR=127.0.0.1:0", "ADIUVA_DATA_DIR=" + filepath.Join(c.s.dataDir, "other"),
		"DATABASE_URL=postgres://a:b@127.0.0.1:1/c?sslmode=disable"}, "serve")
	c.run("wrong agents", []string{"ADDR=127.0.0.1:0", "ADIUVA_DATA_DIR=" + filepath.Join(c.s.dataDir, "other"),
		"AGENTS_DIR=/no/such/folder"}, "serve")
	damaged := filepath.Join(c.s.dataDir, "damaged")
	check(c.t, os.MkdirAll(damaged, 0o700))
	check(c.t, os.WriteFile(filepath.Join(damaged, "dev-secrets.json"), []byte("{}"), 0o600))
	c.run("damaged secrets", []string{"ADDR=127.0.0.1:0", "ADIUVA_DATA_DIR=" + damaged}, "serve")
	c.run("an argument", nil, "serve", "x")
}
