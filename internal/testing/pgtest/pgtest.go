// Package pgtest gives tests a real PostgreSQL: New a fresh migrated database on a shared server, Start a server of the
// test's own to kill and pause. The shared server is that of TEST_DATABASE_URL, else one that is started with the first
// test that asks and ends with the test process.
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
	lockNumber = 0x70677465 // advisory lock of whoever makes the template
	patience   = 60 * time.Second
)

// shared is the server of this process with its template, made once.
var shared = sync.OnceValues(prepare)

type server struct {
	dsn      string // of the maintenance database
	template string
	fileCopy bool // the server knows CREATE DATABASE … STRATEGY
	// own is kept because its lock must be: once collected, other processes take the folder for abandoned.
	own *devpg.Server
}

// New returns an empty database with the newest schema, closed and dropped at the end of the test. Without a server
// and without means to start one the test is skipped; where the variable CI is set it fails.
func New(t testing.TB) *postgres.DB {
	t.Helper()
	s, err := shared()
	unavailable(t, err)
	name := "test_" + strings.ToLower(rand.Text()[:16])
	create := "CREATE DATABASE " + name + " TEMPLATE " + s.template
	if s.fileCopy {
		create += " STRATEGY FILE_COPY" // twice as fast as the write-ahead log
	}
	if err := onServer(s.dsn, create); err != nil {
		t.Fatalf("pgtest: clone: %v", err)
	}
	db, err := postgres.Open(context.Background(), database(s.dsn, name))
	if err != nil {
		t.Fatalf("pgtest: open: %v", err)
	}
	t.Cleanup(func() {
		db.Close()
		if err := onServer(s.dsn, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("pgtest: drop: %v", err)
		}
	})
	return db
}

// unavailable ends the test when there is no server to be had.
func unavailable(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if os.Getenv("CI") == "" && os.Getenv("TEST_DATABASE_URL") == "" {
		t.Skipf("pgtest: no PostgreSQL: %v", err)
	}
	t.Fatalf("pgtest: no PostgreSQL: %v", err)
}

// prepare finds or starts the server and makes the template, unless another process made it already.
func prepare() (server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	digest, err := schemaDigest()
	if err != nil {
		return server{}, err
	}
	s := server{dsn: os.Getenv("TEST_DATABASE_URL"), template: "template_" + digest[:16]}
	if s.dsn == "" {
		own, err := devpg.StartTemporary(ctx, devpg.Config{Settings: map[string]string{"max_connections": "300"}})
		if err != nil {
			return server{}, err
		}
		s.dsn, s.own = own.DSN(), own
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
	defer conn.Close(context.Background()) // which gives the lock back
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", lockNumber); err != nil {
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
	if err := postgres.MigrateUp(ctx, database(s.dsn, s.template)); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "ALTER DATABASE "+s.template+" IS_TEMPLATE true")
	return err
}

// onServer runs one statement on a connection of its own, so that nothing stays open between tests.
func onServer(dsn, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

// database returns dsn, a URL, with the database's name in place of its own.
func database(dsn, name string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn // whoever connects says what is wrong with it
	}
	u.Path = "/" + name
	return u.String()
}
