package pgtest_test

import (
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

func TestNewDatabasesAreMigratedAndIsolated(t *testing.T) {
	t.Parallel()
	one, two := pgtest.New(t), pgtest.New(t)
	if _, err := one.Pool.Exec(t.Context(), "CREATE TABLE only_here ()"); err != nil {
		t.Fatal(err)
	}
	var users, leaked bool
	err := two.Pool.QueryRow(t.Context(),
		"SELECT to_regclass('users') IS NOT NULL, to_regclass('only_here') IS NOT NULL").Scan(&users, &leaked)
	if err != nil || !users || leaked {
		t.Errorf("has users: %v, has the table of the other database: %v (%v), want true and false", users, leaked, err)
	}
}
