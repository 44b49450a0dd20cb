// Package pgtest provides tests with a real PostgreSQL: New returns a fresh migrated database on a shared server,
// Start a separate server that the test may kill and pause. The shared server is the one of TEST_DATABASE_URL, or
// else one that is started for the first test that needs it and ends with the test process.
package pgtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/internal/dev/devpg"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/sql/migrations"
)

const (
	templateLock = 0x70677465 // advisory lock held while the template is created
	timeout      = 60 * time.Second
)

// sharedServer returns the server of this process, with the template database created.
var sharedServer = sync.OnceValues(prepare)

type server struct {
	dsn      string // of the maintenance database
	template string
	fileCopy bool // the server supports CREATE DATABASE … STRATEGY
	// process is kept reachable because of its lock: if that were collected, other processes would remove the folder.
	process *devpg.Server
}

// New returns an empty database with the newest schema, which is closed and dropped at the end of the test. When
// there is no server and none can be started the test is skipped, or fails where the environment variable CI is
// set.
func New(t testing.TB) *postgres.DB {
	t.Helper()
	s, err := sharedServer()
	skipOrFail(t, err)
	name := "test_" + strings.ToLower(rand.Text()[:16])
	create := "CREATE DATABASE " + name + " TEMPLATE " + s.template
	if s.fileCopy {
		create += " STRATEGY FILE_COPY" // twice as fast as copying through the write-ahead log
	}
	if err := execOnce(s.dsn, create); err != nil {
		t.Fatalf("pgtest: clone: %v", err)
	}
	db, err := Open(context.Background(), withDatabase(s.dsn, name))
	if err != nil {
		t.Fatalf("pgtest: open: %v", err)
	}
	t.Cleanup(func() {
		db.Close()
		if err := execOnce(s.dsn, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("pgtest: drop: %v", err)
		}
	})
	return db
}

// Open returns the database with ten times the usual timeouts, so that a busy machine fails no test that is not about
// them.
func Open(ctx context.Context, dsn string) (*postgres.DB, error) {
	timeouts := postgres.DefaultTimeouts()
	for _, one := range []*time.Duration{
		&timeouts.Connect, &timeouts.Acquire, &timeouts.Call, &timeouts.Statement, &timeouts.Lock,
	} {
		*one *= 10
	}
	return postgres.OpenWithTimeouts(ctx, dsn, timeouts)
}

// skipOrFail ends the test when err says that there is no server.
func skipOrFail(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if os.Getenv("CI") == "" && os.Getenv("TEST_DATABASE_URL") == "" {
		t.Skipf("pgtest: no PostgreSQL: %v", err)
	}
	t.Fatalf("pgtest: no PostgreSQL: %v", err)
}

// prepare finds or starts the server and creates the template database, unless another process has already.
func prepare() (server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	digest, err := schemaDigest()
	if err != nil {
		return server{}, err
	}
	s := server{dsn: os.Getenv("TEST_DATABASE_URL"), template: "template_" + digest[:16]}
	if s.dsn == "" {
		process, err := devpg.StartTemporary(ctx, devpg.Config{Settings: map[string]string{"max_connections": "300"}})
		if err != nil {
			return server{}, err
		}
		s.dsn = process.DSN()
		s.process = process
	}
	return s, s.makeTemplate(ctx)
}

// schemaDigest returns 64 hexadecimal digits that change with any embedded migration.
func schemaDigest() (string, error) {
	names, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		return "", fmt.Errorf("pgtest: embedded migrations: %w", err)
	}
	sum := sha256.New()
	for _, name := range names {
		text, err := fs.ReadFile(migrations.Files, name)
		if err != nil {
			return "", fmt.Errorf("pgtest: embedded migrations: %w", err)
		}
		fmt.Fprintf(sum, "%s %d\n%s", name, len(text), text)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func (s *server) makeTemplate(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.dsn)
	if err != nil {
		return fmt.Errorf("pgtest: the server of TEST_DATABASE_URL: %w", postgres.Translate(err))
	}
	defer conn.Close(context.Background()) // releases the lock
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", templateLock); err != nil {
		return err
	}
	var version int
	var ready bool
	err = conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int,
		EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)`, s.template).Scan(&version, &ready)
	s.fileCopy = version >= 150000
	if err != nil || ready {
		return err
	}
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + s.template, "CREATE DATABASE " + s.template} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if err := postgres.MigrateUp(ctx, withDatabase(s.dsn, s.template)); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "ALTER DATABASE "+s.template+" IS_TEMPLATE true")
	return err
}

// execOnce runs one statement on a new connection, so that none stays open between tests.
func execOnce(dsn, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

// withDatabase returns dsn, a URL, with another database name.
func withDatabase(dsn, name string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn // connecting will report what is wrong with it
	}
	u.Path = "/" + name
	return u.String()
}
