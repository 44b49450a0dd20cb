package system_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// credentials returns the body of a registration or a login.
func credentials(email string) string {
	return fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)
}

// expectUnavailable fails the test unless the response is 503 db_unavailable with Retry-After.
func (a *api) expectUnavailable(what string, got answer) {
	a.T.Helper()
	if got.Status != http.StatusServiceUnavailable || got.Code() != "db_unavailable" ||
		got.Header.Get("Retry-After") == "" {
		a.T.Errorf("%s: %d %s, want 503 db_unavailable", what, got.Status, got.Body)
	}
}

// tryRegister registers an account and returns why that failed, or nil.
func (a *api) tryRegister(email string) error {
	got, err := a.tryDo("POST", "/api/v1/auth/register", credentials(email), nil)
	if err == nil && got.Status != http.StatusCreated {
		err = fmt.Errorf("%d %s", got.Status, got.Body)
	}
	return err
}

func TestReadOnlyDatabaseUntilPromotion(t *testing.T) {
	t.Attr("case", "C127")
	t.Parallel()
	server := pgtest.Start(t)
	a := start(t, nil, withAccountsOn(t, server.DB()))
	me := a.Register("reader@example.com")
	server.BecomeStandby()
	pgtest.Eventually(t, maxRecovery, func() error {
		got, err := a.tryDo("GET", "/api/v1/auth/sessions", "", me)
		if err == nil && got.Status != http.StatusOK {
			err = fmt.Errorf("%d %s", got.Status, got.Body)
		}
		return err
	})
	a.expectUnavailable("registration on a standby",
		a.Do("POST", "/api/v1/auth/register", credentials("no@example.com"), nil))
	if got := a.Do("GET", "/api/v1/auth/me", "", me); got.Status != http.StatusOK {
		t.Errorf("read on a standby: %d %s", got.Status, got.Body)
	}
	promote(t, server.DSN())
	pgtest.Eventually(t, maxRecovery, func() error { return a.tryRegister("yes@example.com") })
}

// promote makes a standby the primary.
func promote(t *testing.T, dsn string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	check(t, err)
	defer conn.Close(context.Background())
	var promoted bool
	check(t, conn.QueryRow(t.Context(), "SELECT pg_promote(true, 30)").Scan(&promoted))
	if !promoted {
		t.Fatal("the standby was not promoted")
	}
}

func TestDatabaseOutOfConnections(t *testing.T) {
	t.Attr("case", "C127")
	t.Parallel()
	server := pgtest.Start(t)
	a := start(t, nil, withAccountsOn(t, server.DB()))
	me := a.Register("first@example.com")
	var taken []*pgx.Conn
	t.Cleanup(func() {
		for _, conn := range taken {
			_ = conn.Close(context.Background())
		}
	})
	for full := false; !full; {
		conn, err := pgx.Connect(t.Context(), server.DSN())
		var pg *pgconn.PgError
		if full = errors.As(err, &pg) && pg.Code == "53300"; full { // too_many_connections
			break
		}
		check(t, err)
		taken = append(taken, conn)
		// The service loses its connections, so that it has to open new ones.
		_, err = conn.Exec(t.Context(),
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> ALL($1) AND "+
				"backend_type = 'client backend'", pids(taken))
		check(t, err)
	}
	a.expectUnavailable("registration without a free connection",
		a.Do("POST", "/api/v1/auth/register", credentials("no@example.com"), nil))
	if got := a.Do("GET", "/api/v1/auth/sessions", "", me); got.Status != http.StatusServiceUnavailable {
		t.Errorf("read without a free connection: %d %s", got.Status, got.Body)
	}
	for _, conn := range taken {
		check(t, conn.Close(t.Context()))
	}
	taken = nil
	pgtest.Eventually(t, maxRecovery, func() error { return a.tryRegister("yes@example.com") })
}

func pids(conns []*pgx.Conn) []int32 {
	list := make([]int32, len(conns))
	for i, conn := range conns {
		list[i] = int32(conn.PgConn().PID())
	}
	return list
}

// TestDatabaseDiskFull moves the accounts to a disk of eight megabytes and fills it.
func TestDatabaseDiskFull(t *testing.T) {
	t.Attr("case", "C127")
	t.Parallel()
	disk := mountSmallDisk(t)
	server := pgtest.Start(t)
	server.Chown(disk)
	db := server.DB()
	a := start(t, nil, withAccountsOn(t, db))
	me := a.Register("reader@example.com")
	for _, sql := range []string{
		"CREATE TABLESPACE small LOCATION '" + disk + "'",
		"ALTER TABLE users SET TABLESPACE small",
		"CREATE TABLE filler (text text) TABLESPACE small",
		"ALTER TABLE filler ALTER text SET STORAGE EXTERNAL",
	} {
		_, err := db.Pool.Exec(t.Context(), sql)
		check(t, err)
	}
	for size := 4 << 20; size >= 256; size /= 2 { // smaller and smaller, until no page is free
		_, err := db.Pool.Exec(t.Context(), "INSERT INTO filler VALUES (repeat('x', $1))", size)
		if err != nil {
			t.Logf("filling with %d bytes: %v", size, err)
		}
	}
	refused := 0
	for n := 0; n < 200 && refused == 0; n++ { // some rows still fit into the table's last page
		if got := a.Do("POST", "/api/v1/auth/register", credentials(fmt.Sprintf("full-%d@example.com", n)),
			nil); got.Status != http.StatusCreated {
			a.expectUnavailable("registration on a full disk", got)
			refused++
		}
	}
	if refused == 0 {
		t.Fatal("the disk was never full")
	}
	if got := a.Do("GET", "/api/v1/auth/me", "", me); got.Status != http.StatusOK {
		t.Errorf("read on a full disk: %d %s", got.Status, got.Body)
	}
	_, err := db.Pool.Exec(t.Context(), "DROP TABLE filler")
	check(t, err)
	pgtest.Eventually(t, 30*time.Second, func() error { return a.tryRegister("yes@example.com") })
}

// mountSmallDisk mounts eight megabytes of tmpfs and returns its folder. It needs root, and skips the test without.
func mountSmallDisk(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "adiuva-small-")
	check(t, err)
	t.Cleanup(func() { check(t, os.RemoveAll(dir)) })
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs",
		dir).CombinedOutput(); err != nil {
		t.Skipf("mounting a small disk needs root: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return dir
}

// TestServiceRunsOnANewerSchema runs this release on a schema to which a newer release has added columns and a table.
func TestServiceRunsOnANewerSchema(t *testing.T) {
	t.Attr("case", "C135")
	t.Parallel()
	a := start(t, nil)
	rows, err := a.DB.Pool.Query(t.Context(),
		"SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations'")
	check(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	check(t, err)
	if len(tables) < 5 {
		t.Fatalf("tables: %v", tables)
	}
	statements := []string{"UPDATE schema_migrations SET version = version + 1000",
		"CREATE TABLE of_the_future (id uuid PRIMARY KEY)"}
	for _, table := range tables {
		statements = append(statements, "ALTER TABLE "+table+" ADD COLUMN of_the_future text NOT NULL DEFAULT 'x'")
	}
	for _, sql := range statements {
		_, err := a.DB.Pool.Exec(t.Context(), sql)
		check(t, err)
	}
	in := a.Do("POST", "/api/v1/auth/register", credentials("old@example.com"), nil)
	if in.Status != http.StatusCreated {
		t.Fatalf("register: %d %s", in.Status, in.Body)
	}
	tokens := in.JSON(t)
	me := header{"Authorization": "Bearer " + tokens["access_token"].(string)}
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/api/v1/auth/login", credentials("old@example.com"), 200},
		{"POST", "/api/v1/auth/refresh", fmt.Sprintf(`{"refresh_token":%q}`, tokens["refresh_token"]), 200},
		{"GET", "/api/v1/auth/me", "", 200},
		{"GET", "/api/v1/auth/sessions", "", 200},
		{"GET", "/api/v1/backup/history", "", 200},
		{"POST", "/api/v1/chat", `{"message":"list my open tasks"}`, 200},
		{"POST", "/api/v1/auth/me/deletion", fmt.Sprintf(`{"password":%q}`, password), 202},
	} {
		if got := a.Do(c.method, c.path, c.body, me); got.Status != c.status {
			t.Errorf("%s %s on a newer schema: %d %s", c.method, c.path, got.Status, got.Body)
		}
	}
	if got := a.Do("GET", "/readyz", "", nil); got.Status != http.StatusOK {
		t.Errorf("readyz: %d %s", got.Status, got.Body)
	}
}
