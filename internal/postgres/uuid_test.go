package postgres_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// TestUUIDsArriveInEveryForm sends UUIDs alone, by pointer and as null, in each way to execute a statement, and in a
// list where pgx knows the types of a statement.
func TestUUIDsArriveInEveryForm(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	id := uuid.MustParse("0192f0c1-2b3c-7d4e-8f50-617283940a1b")
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe,
		pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		var alone, pointed, last string
		var none *string
		var null *uuid.UUID
		row := db.Pool.QueryRow(t.Context(), "SELECT $1::uuid::text, $2::uuid::text, $3::uuid::text", mode, id, &id,
			null)
		if err := row.Scan(&alone, &pointed, &none); err != nil || alone != id.String() || pointed != alone ||
			none != nil {
			t.Errorf("%s: %s, %s, %v, error %v", mode, alone, pointed, none, err)
		}
		if mode == pgx.QueryExecModeExec || mode == pgx.QueryExecModeSimpleProtocol {
			continue
		}
		row = db.Pool.QueryRow(t.Context(), "SELECT ($1::uuid[])[2]::text", mode, []uuid.UUID{uuid.Nil, id})
		if err := row.Scan(&last); err != nil || last != id.String() {
			t.Errorf("%s: a list: %s, error %v", mode, last, err)
		}
	}
}
