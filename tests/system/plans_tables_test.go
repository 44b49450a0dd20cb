package system_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// bounds says what keeps each table from growing without an end. A new table fails TestEveryTableIsBounded until it has
// a row here, and EveryTableHasRows until plans_data_test.go fills it, so that EXPLAIN sees its queries on a large
// table.
var bounds = map[string]bound{
	"users":                 {endedBy: "DeleteUser"},
	"refresh_tokens":        {prunedBy: []string{"PruneSessions", "DeleteSessionsOf"}},
	"password_attempts":     {prunedBy: []string{"PrunePasswordAttempts"}},
	"known_networks":        {prunedBy: []string{"PruneKnownNetworks"}},
	"audit_events":          {prunedBy: []string{"PruneAuditEvents", "DeleteEventsOf"}},
	"stripe_inbox":          {prunedBy: []string{"PruneEvents"}},
	"token_usage":           {prunedBy: []string{"PruneTokenUsage"}},
	"token_reservations":    {prunedBy: []string{"EndExpiredReservations"}},
	"api_keys":              {prunedBy: []string{"PruneExpiredKeys", "PruneRevokedKeys"}},
	"mail_codes":            {prunedBy: []string{"PruneCodes"}},
	"totp_secrets":          {prunedBy: []string{"PruneSecrets"}, perAccount: true},
	"second_factor_tickets": {prunedBy: []string{"PruneTickets"}},
	"passkey_ceremonies":    {prunedBy: []string{"PruneCeremonies"}},
	"team_invitations":      {prunedBy: []string{"PruneTeamInvitations"}},
	"backup_metadata":       {prunedBy: []string{"PruneRemoved", "PruneRemovedOf"}},

	"account_deletions": {perAccount: true},
	"customer_updates":  {endedBy: "FinishCustomerUpdate"},
	"deleted_customers": {endedBy: "ForgetDeletedCustomer"},
	"mail_outbox":       {endedBy: "DeleteMail"},

	"subscriptions":  {perAccount: true},
	"backup_usage":   {perAccount: true, endedBy: "CloseUsage"},
	"recovery_codes": {perAccount: true, endedBy: "DeleteRecoveryCodes"},
	"passkeys":       {perAccount: true, endedBy: "DeletePasskey"},
	"teams":          {perAccount: true, endedBy: "DeleteTeam"},
	"team_members":   {perAccount: true, endedBy: "DeleteTeamMember"},

	"sso_connections": {perAccount: true, endedBy: "DeleteSSOConnection"},
	"sso_domains":     {perAccount: true, endedBy: "DeleteOtherSSODomains"},
	"sso_identities":  {perAccount: true, endedBy: "DeleteIdentitiesOf"},
	"sso_starts":      {prunedBy: []string{"PruneSSOStarts"}},
	"sso_answers":     {prunedBy: []string{"PruneSSOAnswers"}},

	"stripe_account":    {singleton: true},
	"billing_reconcile": {singleton: true},

	"login_attempts":    {unused: true},
	"schema_migrations": {unused: true},
}

// bound is what ends the rows of a table.
type bound struct {
	prunedBy   []string // queries that delete a batch of what is too old
	endedBy    string   // a query that deletes a row when its work is done
	perAccount bool     // an account has a few at most; they go with it
	singleton  bool     // one row at most
	unused     bool     // no query names it
}

func TestEveryTableIsBounded(t *testing.T) {
	t.Attr("case", "S8")
	t.Parallel()
	queries := map[string]query{}
	for _, q := range readQueries(t) {
		queries[q.name] = q
	}
	db := pgtest.New(t)
	tables := publicTables(t, db.Pool)
	for _, table := range tables {
		b, ok := bounds[table]
		if !ok {
			t.Errorf("nothing is known to bound the table %s: add it to bounds", table)
		}
		for _, problem := range boundProblems(table, b, queries) {
			t.Errorf("%s: %s", table, problem)
		}
		if b.perAccount && !endsWithAccount(t, db.Pool, table) {
			t.Errorf("%s stays when its account is deleted", table)
		}
	}
	for table := range bounds {
		if !slices.Contains(tables, table) {
			t.Errorf("there is no table %s: remove it from bounds", table)
		}
	}
}

// TestBoundsAreChecked shows that the test above can fail.
func TestBoundsAreChecked(t *testing.T) {
	t.Parallel()
	queries := map[string]query{}
	for _, q := range readQueries(t) {
		queries[q.name] = q
	}
	for want, b := range map[string]bound{
		"nothing ends its rows":                       {},
		"there is no query PruneNothing":              {prunedBy: []string{"PruneNothing"}},
		"DeleteRecoveryCodes does not delete a batch": {prunedBy: []string{"DeleteRecoveryCodes"}},
		"PruneTickets deletes from another table":     {prunedBy: []string{"PruneTickets"}},
		"the query DeleteRecoveryCodes names it":      {unused: true},
	} {
		if got := boundProblems("recovery_codes", b, queries); !slices.Contains(got, want) {
			t.Errorf("%+v: %q, want %q", b, got, want)
		}
	}
}

// boundProblems returns what is wrong with the bound of a table.
func boundProblems(table string, b bound, queries map[string]query) (problems []string) {
	if b.unused {
		for _, name := range slices.Sorted(maps.Keys(queries)) {
			if strings.Contains(queries[name].text, table) {
				return []string{"the query " + name + " names it"}
			}
		}
		return nil
	}
	names := slices.Clone(b.prunedBy)
	if b.endedBy != "" {
		names = append(names, b.endedBy)
	}
	if len(names) == 0 && !b.perAccount && !b.singleton {
		problems = append(problems, "nothing ends its rows")
	}
	for _, name := range names {
		q, ok := queries[name]
		switch {
		case !ok:
			problems = append(problems, "there is no query "+name)
		case !strings.Contains(q.text, "DELETE FROM "+table+" "):
			problems = append(problems, name+" deletes from another table")
		case name != b.endedBy && !strings.Contains(q.text, "LIMIT $"):
			problems = append(problems, name+" does not delete a batch")
		}
	}
	return problems
}

// querier is a pool or a connection.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func publicTables(t *testing.T, db querier) []string {
	t.Helper()
	rows, err := db.Query(t.Context(), `SELECT table_name FROM information_schema.tables
		WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name`)
	check(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	check(t, err)
	return tables
}

// endsWithAccount reports whether deleting an account deletes its rows of the table, if only by way of other tables.
func endsWithAccount(t *testing.T, db querier, table string) bool {
	t.Helper()
	rows, err := db.Query(t.Context(), `WITH RECURSIVE owners (id) AS (
			SELECT $1::regclass::oid
			UNION SELECT c.confrelid FROM owners o JOIN pg_constraint c ON c.conrelid = o.id
			WHERE c.contype = 'f' AND c.confdeltype = 'c'
		) SELECT EXISTS (SELECT FROM owners WHERE id = 'users'::regclass)`, table)
	check(t, err)
	ends, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	check(t, err)
	return ends
}

// checkTablesHaveRows fails for a table that EXPLAIN would see empty.
func checkTablesHaveRows(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	for _, table := range publicTables(t, conn) {
		var rows int
		check(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM (SELECT FROM "+table+" LIMIT 100) r").Scan(&rows))
		least := 100
		if table == "account_deletions" {
			least = 1 // one account in a thousand
		}
		if b := bounds[table]; rows < least && !b.singleton && !b.unused {
			t.Errorf("%s has only %d rows: fill it in plans_data_test.go", table, rows)
		}
	}
}

// TestExceptionsAreOfExistingQueries finds exceptions that outlived their query.
func TestExceptionsAreOfExistingQueries(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, q := range readQueries(t) {
		names[q.name] = true
	}
	exceptions := slices.Concat(slices.Collect(maps.Keys(readLimits)), slices.Collect(maps.Keys(unbounded)),
		slices.Collect(maps.Keys(parametersByQuery)))
	for _, exception := range exceptions {
		if name, _, _ := strings.Cut(exception, "."); !names[name] {
			t.Errorf("there is no query %s", name)
		}
	}
}
