//go:build soak

package chaos_test

import (
	"context"
	"fmt"
	"net"
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

	"github.com/adiuva/cloud-api/internal/dev/devpg"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// diskSize is that of a database server's disk. A fresh cluster and its log need a third of it.
const diskSize = "400m"

// cluster is a PostgreSQL server with a streaming standby. The service reaches the primary through one gate, the
// standby through another.
type cluster struct {
	t           *testing.T
	service     *gate
	replication *gate

	primary, standby *node
	nodes            int
}

// node is one server with a disk of its own.
type node struct {
	dir    string
	server *devpg.Server // nil while it is down
	paused []int
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t}
	c.primary = c.newNode()
	c.start(c.primary)
	c.service = newGate(t, c.primary.addr())
	c.replication = newGate(t, c.primary.addr())
	c.addStandby()
	return c
}

func (n *node) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(n.server.Port())) }

// newNode makes the disk of a server: a small tmpfs where root may mount one, else a folder.
func (c *cluster) newNode() *node {
	c.t.Helper()
	c.nodes++
	dir, err := os.MkdirTemp("", "adiuva-chaos-")
	check(c.t, err)
	check(c.t, os.Chmod(dir, 0o711))
	mounted := syscall.Mount("none", dir, "tmpfs", 0, "mode=0711,size="+diskSize) == nil
	n := &node{dir: dir}
	c.t.Cleanup(func() {
		n.resume()
		if n.server != nil {
			_ = n.server.Kill()
		}
		if mounted {
			_ = syscall.Unmount(dir, syscall.MNT_DETACH)
		}
		_ = os.RemoveAll(dir)
	})
	return n
}

// start starts a server on its disk. It does nothing while the server runs.
func (c *cluster) start(n *node) {
	c.t.Helper()
	if n.server != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server, err := devpg.Start(ctx, devpg.Config{DataDir: n.dir, Durable: true, Settings: map[string]string{
		"max_connections": "60", "max_wal_size": "96MB", "min_wal_size": "32MB", "wal_keep_size": "48MB",
		"shared_buffers": "32MB"}})
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(n.dir, "log"))
		c.t.Fatalf("PostgreSQL: %v\n%s", err, log)
	}
	n.server = server
}

// kill ends a server as kill -9 does.
func (c *cluster) kill(n *node) {
	c.t.Helper()
	_ = syscall.Kill(n.server.PID(), syscall.SIGKILL)
	check(c.t, n.server.Kill()) // its children notice, and the folder is free
	n.server = nil
}

// restart starts the primary again, on another port.
func (c *cluster) restart() {
	c.t.Helper()
	c.start(c.primary)
	c.service.retarget(c.primary.addr())
	c.replication.retarget(c.primary.addr())
}

// processes returns the server's processes.
func (n *node) processes() (pids []int) {
	out, _ := exec.Command("pgrep", "-P", strconv.Itoa(n.server.PID())).Output()
	for word := range strings.FieldsSeq(string(out)) {
		if pid, err := strconv.Atoi(word); err == nil {
			pids = append(pids, pid)
		}
	}
	return append(pids, n.server.PID())
}

// pause makes the server hang until resume.
func (n *node) pause() {
	n.paused = n.processes()
	for _, pid := range n.paused {
		_ = syscall.Kill(pid, syscall.SIGSTOP)
	}
}

func (n *node) resume() {
	for _, pid := range n.paused {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
	n.paused = nil
}

// connect opens a connection to the primary that passes no gate. The caller closes it.
func (c *cluster) connect(ctx context.Context) *pgx.Conn {
	c.t.Helper()
	conn, err := pgx.Connect(ctx, c.primary.server.DSN())
	check(c.t, err)
	return conn
}

// exec runs statements on the primary, each by itself.
func (c *cluster) exec(statements ...string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn := c.connect(ctx)
	defer conn.Close(ctx)
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			c.t.Fatalf("%s: %v", sql, err)
		}
	}
}

// through returns the primary's DSN with the address of a gate.
func (c *cluster) through(g *gate) string {
	u, err := url.Parse(c.primary.server.DSN())
	check(c.t, err)
	u.Host = g.addr
	return u.String()
}

// addStandby copies the primary to a new disk, starts the copy as its standby and waits until it streams.
func (c *cluster) addStandby() {
	c.t.Helper()
	n := c.newNode()
	data := filepath.Join(n.dir, "data")
	cmd := exec.Command("pg_basebackup", "-D", data, "-R", "-X", "stream", "-c", "fast",
		"-d", c.through(c.replication)+"&application_name=standby")
	if path, err := exec.LookPath("pg_basebackup"); err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_basebackup")
		if len(found) == 0 {
			c.t.Fatalf("pg_basebackup is missing: %v", err)
		}
		cmd.Path, cmd.Err = found[len(found)-1], nil
	} else {
		cmd.Path = path
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		c.t.Fatalf("pg_basebackup: %v %s", err, out)
	}
	for _, name := range []string{"password"} {
		text, err := os.ReadFile(filepath.Join(c.primary.dir, name))
		check(c.t, err)
		check(c.t, os.WriteFile(filepath.Join(n.dir, name), text, 0o600))
	}
	info, err := os.Stat(filepath.Join(c.primary.dir, "data"))
	check(c.t, err)
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		check(c.t, exec.Command("chown", "-R", fmt.Sprintf("%d:%d", owner.Uid, owner.Gid), data).Run())
	}
	c.start(n)
	c.standby = n
	c.waitForStandby("streaming", "async")
}

// waitForStandby waits until the standby streams and counts as sync or async.
func (c *cluster) waitForStandby(state, sync string) {
	c.t.Helper()
	pgtest.Eventually(c.t, 30*time.Second, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		conn := c.connect(ctx)
		defer conn.Close(ctx)
		var found int
		err := conn.QueryRow(ctx, `SELECT count(*) FROM pg_stat_replication
			WHERE application_name = 'standby' AND state = $1 AND sync_state = $2`, state, sync).Scan(&found)
		if err == nil && found == 0 {
			err = fmt.Errorf("the standby is not %s and %s", state, sync)
		}
		return err
	})
}

// synchronous makes commits wait for the standby, or not.
func (c *cluster) synchronous(on bool) {
	c.t.Helper()
	names, state := "", "async"
	if on {
		names, state = "standby", "sync"
	}
	c.exec("ALTER SYSTEM SET synchronous_standby_names = '"+names+"'", "SELECT pg_reload_conf()")
	c.waitForStandby("streaming", state)
}

// promote kills the primary and leads the service to the standby.
func (c *cluster) promote() {
	c.t.Helper()
	c.kill(c.primary)
	c.primary, c.standby = c.standby, nil
	c.exec("SELECT pg_promote()", "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
	c.service.retarget(c.primary.addr())
	c.replication.retarget(c.primary.addr())
	c.replication.set(passes)
}

// occupy takes every connection that the server has, also those of the service, until release is called.
func (c *cluster) occupy() (release func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	dsn := c.primary.server.DSN()
	go func() {
		defer close(done)
		var taken []*pgx.Conn
		for ctx.Err() == nil {
			conn, err := pgx.Connect(ctx, dsn)
			if err != nil { // there are no more
				if len(taken) > 0 {
					_, _ = taken[0].Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
						WHERE backend_type = 'client backend' AND application_name <> 'occupant'`)
				}
				continue
			}
			_, _ = conn.Exec(ctx, "SET application_name = 'occupant'")
			taken = append(taken, conn)
		}
		for _, conn := range taken {
			_ = conn.Close(context.Background())
		}
	}()
	return func() { cancel(); <-done }
}

// fillDisk fills the primary's disk and returns what empties it.
func (c *cluster) fillDisk() (empty func()) {
	empty, err := fill(filepath.Join(c.primary.dir, "filler"))
	check(c.t, err)
	return empty
}

// mostFilled bounds what fill writes, where the disk is none of the test's own.
const mostFilled = 1 << 30

// fill writes a file until its disk is full, and returns what removes it.
func fill(name string) (empty func(), err error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	block := make([]byte, 1<<20)
	total := 0
	for size := len(block); size >= 512 && total < mostFilled; {
		n, err := f.Write(block[:size])
		if total += n; err != nil {
			size /= 2
		}
	}
	return func() { _ = os.Remove(name) }, f.Close()
}

// alive reports whether the primary takes statements.
func (c *cluster) alive() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.primary.server.DSN())
	if err != nil {
		return false
	}
	return conn.Close(ctx) == nil
}
