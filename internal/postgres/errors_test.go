package postgres_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// wantNoSecrets fails the test when err is nil or its text contains a secret.
func wantNoSecrets(t *testing.T, what string, err error, secrets ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	for _, secret := range secrets {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error contains %q: %v", what, secret, err)
		}
	}
}

func TestErrorsNeverContainTheDSN(t *testing.T) {
	t.Parallel()
	const user, password, host, name = "marker-user", "marker-password", "marker-host.invalid", "marker-name"
	server, err := url.Parse(pgtest.Start(t).DSN())
	if err != nil {
		t.Fatal(err)
	}
	credentials := "postgres://" + user + ":" + password + "@"
	for what, dsn := range map[string]string{
		"unresolvable host": credentials + host + "/" + name + "?sslmode=disable",
		"nothing listens":   credentials + "127.0.0.1:1/" + name + "?sslmode=disable",
		"wrong password":    credentials + server.Host + "/" + name + "?sslmode=disable",
		"malformed port":    credentials + host + ":x/" + name,
		"unknown sslmode":   credentials + host + "/" + name + "?sslmode=" + name,
		"not a URL":         user + " " + password + " " + host,
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			secrets := []string{user, password, host, name, "127.0.0.1", server.Host}
			wantNoSecrets(t, "up", postgres.MigrateUp(ctx, dsn), secrets...)
			wantNoSecrets(t, "down", postgres.MigrateDown(ctx, dsn), secrets...)
			_, err := postgres.MigrateStatus(ctx, dsn)
			wantNoSecrets(t, "status", err, secrets...)
			db, err := postgres.Open(ctx, dsn)
			if err == nil {
				defer db.Close()
				err = db.Ping(ctx)
			}
			wantNoSecrets(t, "open and ping", err, secrets...)
		})
	}
}

func TestStatementErrorsAreTranslated(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	ctx := t.Context()
	if _, err := db.Pool.Exec(ctx, "CREATE TABLE things (name text CONSTRAINT things_name_key UNIQUE)"); err != nil {
		t.Fatal(err)
	}
	insert := func(name string) error {
		_, err := db.Pool.Exec(ctx, "INSERT INTO things (name) VALUES ($1)", name)
		return err
	}
	if err := insert("marker-value"); err != nil {
		t.Fatal(err)
	}
	duplicate := insert("marker-value")
	if constraint, ok := postgres.UniqueViolation(duplicate); !ok || constraint != "things_name_key" {
		t.Errorf("UniqueViolation = %q, %v", constraint, ok)
	}
	wantNoSecrets(t, "unique violation", duplicate, "marker-value")
	if err := insert("a\x00b"); !errors.Is(err, fault.ErrValidation) {
		t.Errorf("text with a NUL: %v, want %v", err, fault.ErrValidation)
	}
	var name string
	err := db.Pool.QueryRow(ctx, "SELECT name FROM things WHERE name = 'none'").Scan(&name)
	if !errors.Is(err, pgx.ErrNoRows) {
		t.Errorf("query without a row: %v, want %v", err, pgx.ErrNoRows)
	}
	missing := fault.New(fault.NotFound, "")
	if err := postgres.NotFoundAs(err, missing); err != error(missing) {
		t.Errorf("NotFoundAs = %v, want %v", err, missing)
	}
	if _, err := db.Pool.Exec(ctx, "SELECT pg_sleep(30)"); !errors.Is(err, fault.ErrDatabase) {
		t.Errorf("statement that takes too long: %v, want %v", err, fault.ErrDatabase)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := db.Ping(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("Ping with a cancelled context: %v, want %v", err, context.Canceled)
	}
}

func TestTransactionsCommitOrRollBackAsAWhole(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	ctx := t.Context()
	if _, err := db.Pool.Exec(ctx, "CREATE TABLE things (name text)"); err != nil {
		t.Fatal(err)
	}
	errRollback := errors.New("roll back")
	add := func(name string, result error) error {
		return db.Tx(ctx, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "INSERT INTO things VALUES ($1)", name); err != nil {
				return err
			}
			return result
		})
	}
	if err := add("committed", nil); err != nil {
		t.Fatal(err)
	}
	if err := add("rolled back", errRollback); err != errRollback {
		t.Errorf("Tx = %v, want the error of the function", err)
	}
	if err := postgres.Translate(add("rolled back", errRollback)); err != errRollback {
		t.Errorf("Translate = %v, want the error of the function with its text", err)
	}
	_, err := db.Pool.Exec(ctx, "INSERT INTO things VALUES ($1::int)", "marker-value")
	wantNoSecrets(t, "an argument of another type", postgres.Translate(err), "marker-value")
	if err == nil {
		t.Error("text is taken for a number")
	}
	var names string
	err = db.Pool.QueryRow(ctx, "SELECT string_agg(name, ',') FROM things").Scan(&names)
	if err != nil || names != "committed" {
		t.Errorf("the table contains %q (%v), want only the committed row", names, err)
	}
}
