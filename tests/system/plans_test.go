package system_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/dev/diskblob"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/testing/soak"
)

// query is a statement of sql/queries, with $1, $2 and so on for its parameters.
type query struct {
	file, name, text string
	params           []string
}

var (
	queryName  = regexp.MustCompile(`(?m)^-- name: (\w+) :\w+$`)
	comment    = regexp.MustCompile(`--[^\n]*`)
	queryParam = regexp.MustCompile(`@([a-z_0-9]+)|sqlc\.n?arg\('?([a-z_0-9]+)'?\)`)
)

// readQueries returns every statement of sql/queries.
func readQueries(t *testing.T) []query {
	t.Helper()
	files, err := filepath.Glob("../../sql/queries/*.sql")
	check(t, err)
	var queries []query
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(t, err)
		starts := queryName.FindAllStringSubmatchIndex(string(text), -1)
		for i, at := range starts {
			end := len(text)
			if i+1 < len(starts) {
				end = starts[i+1][0]
			}
			q := query{file: filepath.Base(file), name: string(text[at[2]:at[3]])}
			body := strings.TrimRight(strings.TrimSpace(comment.ReplaceAllString(string(text[at[1]:end]), "")), ";")
			q.text = queryParam.ReplaceAllStringFunc(body, func(found string) string {
				name := slices.Max(queryParam.FindStringSubmatch(found)[1:])
				n := slices.Index(q.params, name)
				if n < 0 {
					n = len(q.params)
					q.params = append(q.params, name)
				}
				return fmt.Sprintf("$%d", n+1)
			})
			queries = append(queries, q)
		}
	}
	if len(queries) < 50 {
		t.Fatalf("only %d queries were found", len(queries))
	}
	return queries
}

// arguments returns the values of the query's parameters.
func (q query) arguments(t *testing.T) string {
	t.Helper()
	var values []string
	for _, name := range q.params {
		value, ok := parametersByQuery[q.name+"."+name]
		if !ok {
			value, ok = parametersByFile[q.file][name]
		}
		if !ok {
			value, ok = parameters[name]
		}
		if !ok {
			t.Errorf("%s: parameter %s has no value: add %s.%s to parametersByQuery", q.name, name, q.name, name)
		}
		values = append(values, value)
	}
	if len(values) == 0 {
		return ""
	}
	return "(" + strings.Join(values, ", ") + ")"
}

// planNode is a node of EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON).
type planNode struct {
	Type     string  `json:"Node Type"`
	Relation string  `json:"Relation Name"`
	Index    string  `json:"Index Name"`
	Rows     float64 `json:"Actual Rows"`
	Loops    float64 `json:"Actual Loops"`
	Filtered float64 `json:"Rows Removed by Filter"`
	Recheck  float64 `json:"Rows Removed by Index Recheck"`
	Hit      float64 `json:"Shared Hit Blocks"`
	Read     float64 `json:"Shared Read Blocks"`
	Plans    []planNode
}

// work is what a statement did.
type work struct {
	read     float64  // rows and index entries that scans looked at
	changed  float64  // rows that were returned or changed
	blocks   float64  // of 8 KiB
	seqScans []string // tables that were read from their beginning
	plan     string   // for a person to read
}

// add adds the work of a node and of those below it.
func (w *work) add(n planNode, depth int) {
	w.plan += fmt.Sprintf("\n\t%s%s %s %s: %.0f × %.0f rows, %.0f left out", strings.Repeat("  ", depth),
		n.Type, n.Relation, n.Index, n.Loops, n.Rows, n.Filtered+n.Recheck)
	if n.Relation != "" && strings.Contains(n.Type, "Scan") {
		w.read += (n.Rows + n.Filtered + n.Recheck) * n.Loops
	}
	if n.Type == "Seq Scan" {
		w.seqScans = append(w.seqScans, n.Relation)
	}
	if n.Type == "ModifyTable" && len(n.Plans) > 0 {
		w.changed = max(w.changed, n.Plans[0].Rows*n.Plans[0].Loops)
	}
	for _, child := range n.Plans {
		w.add(child, depth+1)
	}
}

// explain runs the query and returns its work. Nothing of it stays.
func explain(t *testing.T, conn *pgx.Conn, q query, mode string) (w work) {
	t.Helper()
	ctx := t.Context()
	tx, err := conn.Begin(ctx)
	check(t, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	for _, s := range []string{"SET LOCAL plan_cache_mode = " + mode, "DEALLOCATE ALL", "PREPARE q AS " + q.text} {
		if _, err := tx.Exec(ctx, s); err != nil {
			t.Errorf("%s: %v", q.name, err)
			return work{}
		}
	}
	statement := "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE q" + q.arguments(t)
	var text []byte
	if err := tx.QueryRow(ctx, statement, pgx.QueryExecModeSimpleProtocol).Scan(&text); err != nil {
		t.Errorf("%s: %v", q.name, err)
		return work{}
	}
	var plans []struct{ Plan planNode }
	check(t, json.Unmarshal(text, &plans))
	top := plans[0].Plan
	w.changed, w.blocks = top.Rows*top.Loops, top.Hit+top.Read
	w.add(top, 0)
	return w
}

// mostChanged is how many rows a query may return or change: those of a batch of 100, or all sessions of a user.
const mostChanged = 2 * heavySessions

// checkWork returns what is wrong with the work of a query.
func checkWork(q query, w work) (faults []string) {
	limit, ok := readLimits[q.name]
	if !ok {
		limit = 20 + 4*w.changed
	}
	if w.read > limit {
		faults = append(faults, fmt.Sprintf("reads %.0f rows, for %.0f that it returns or changes", w.read, w.changed))
	}
	if w.changed > mostChanged {
		faults = append(faults, fmt.Sprintf("changes %.0f rows, want batches", w.changed))
	}
	if most := 200 + 60*max(limit, w.changed); w.blocks > most { // each change writes to every index
		faults = append(faults, fmt.Sprintf("reads %.0f blocks, want at most %.0f", w.blocks, most))
	}
	for _, table := range w.seqScans {
		if !slices.Contains(singletons, table) {
			faults = append(faults, "reads the whole of "+table)
		}
	}
	return faults
}

// planScale is the number of users; there are three sessions and ten backups for each.
func planScale() int {
	if soak.Enabled {
		return 1_000_000
	}
	return 5_000
}

// TestSoakEveryQueryUsesAnIndex runs every query of the service on large tables, with the plan for its parameters and
// with the one for any parameters. None reads a table from its beginning, and none reads much more than it returns.
// `make soak` has a million users, three million sessions and ten million backups.
func TestSoakEveryQueryUsesAnIndex(t *testing.T) {
	t.Attr("case", "S8")
	t.Parallel()
	dsn := planDatabase(t)
	conn := connectAs(t.Context(), t, dsn)
	defer func() { check(t, conn.Close(context.WithoutCancel(t.Context()))) }()
	if !soak.Enabled { // a small table is read faster without an index: ask whether there is one
		_, err := conn.Exec(t.Context(), "SET enable_seqscan = off")
		check(t, err)
	}
	t.Run("EveryTableHasRows", func(t *testing.T) { checkTablesHaveRows(t, conn) })
	explainAll(t, conn)
	t.Run("PruningAdvances", func(t *testing.T) { pruneAll(t, dsn) })
	t.Run("RecountEnds", func(t *testing.T) { recountAll(t, dsn) })
	t.Run("DeletionEnds", func(t *testing.T) { deleteHeavyUser(t, dsn) })
}

func explainAll(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	for _, q := range readQueries(t) {
		var faults []string
		var plan string
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			w := explain(t, conn, q, mode)
			if wrong := checkWork(q, w); len(wrong) > 0 {
				faults = append(faults, wrong...)
				plan = w.plan
			}
		}
		reason, known := unbounded[q.name]
		switch {
		case len(faults) > 0 && !known:
			t.Errorf("%s (%s): %s%s", q.name, q.file, strings.Join(faults, "; "), plan)
		case len(faults) == 0 && known:
			t.Errorf("%s is bounded: remove it from the exceptions (%s)", q.name, reason)
		}
	}
}

// openLarge returns the backups of the large database, with the time limits that the service has. The store has no
// objects.
func openLarge(t *testing.T, dsn string) (*backup.Service, *postgres.DB) {
	t.Helper()
	db, err := postgres.Open(t.Context(), dsn)
	check(t, err)
	t.Cleanup(db.Close)
	store, err := diskblob.New(t.TempDir())
	check(t, err)
	t.Cleanup(func() { check(t, store.Close()) })
	return backup.New(backup.Config{DB: db, Store: store, Log: slog.New(slog.DiscardHandler)}), db
}

// count returns the number of rows of backups, however long that takes.
func count(t *testing.T, dsn, where string) (n int) {
	t.Helper()
	conn := connectAs(t.Context(), t, dsn)
	check(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM backup_metadata WHERE "+where).Scan(&n))
	check(t, conn.Close(t.Context()))
	return n
}

// pruneAll prunes the rows of backups that were deleted long ago: a tenth of all.
func pruneAll(t *testing.T, dsn string) {
	t.Helper()
	backups, _ := openLarge(t, dsn)
	const due = "state = 'removed' AND deleted_at < now() - interval '90 days'"
	want, start := count(t, dsn, due), time.Now()
	pruned, err := backups.Prune(t.Context())
	check(t, err)
	if left := count(t, dsn, due); pruned != want || left != 0 || want < planScale() {
		t.Errorf("%d rows pruned, want %d; %d are left", pruned, want, left)
	}
	t.Logf("%d rows pruned in %v", pruned, time.Since(start).Round(time.Millisecond))
}

// recountAll compares every counter with the rows. Two are wrong, one of them the heavy user's.
func recountAll(t *testing.T, dsn string) {
	t.Helper()
	backups, db := openLarge(t, dsn)
	_, err := db.Pool.Exec(t.Context(), "UPDATE backup_usage SET committed = 1 WHERE user_id IN ("+
		testID(userKind, heavyUser)+", "+testID(userKind, 7)+")")
	check(t, err)
	start := time.Now()
	drifts, err := backups.Recount(t.Context())
	check(t, err)
	if len(drifts) != 2 || drifts[0].Is.Committed < backupsCounted*1000 || drifts[0].Was.Committed != 1 {
		t.Errorf("corrected %+v, want two counters", drifts)
	}
	t.Logf("all counters compared in %v", time.Since(start).Round(time.Millisecond))
}

// backupsCounted is less than what the heavy user has, and more than what is counted for a page of users.
const backupsCounted = 2000

// deleteHeavyUser deletes the account that has very many backups.
func deleteHeavyUser(t *testing.T, dsn string) {
	t.Helper()
	backups, db := openLarge(t, dsn)
	mine := "user_id = " + testID(userKind, heavyUser)
	had, start := count(t, dsn, mine), time.Now()
	_, err := db.Pool.Exec(t.Context(), "UPDATE backup_metadata SET lease_until = now() WHERE state IN "+
		"('uploading', 'aborting', 'deleted') AND "+mine)
	check(t, err)
	check(t, backups.PurgeUser(t.Context(), uuid.MustParse(strings.Trim(testID(userKind, heavyUser), "'"))))
	_, err = db.Pool.Exec(t.Context(), "DELETE FROM users WHERE id = "+testID(userKind, heavyUser))
	check(t, err)
	if left := count(t, dsn, mine); left != 0 || had < heavyBackups(planScale())/2 {
		t.Errorf("%d of %d backups are left", left, had)
	}
	t.Logf("%d backups deleted in %v", had, time.Since(start).Round(time.Millisecond))
}

// planDatabase returns the address of a database with large tables.
func planDatabase(t *testing.T) string {
	t.Helper()
	server := pgtest.Start(t)
	server.DB()
	took := fillTables(t, server.DSN(), planScale())
	t.Logf("%d users were made in %v", planScale(), took.Round(time.Second))
	return server.DSN()
}

// TestEveryForeignKeyHasAnIndex covers what EXPLAIN does not show: a deletion looks for the rows that refer to the
// deleted one.
func TestEveryForeignKeyHasAnIndex(t *testing.T) {
	t.Attr("case", "S8")
	t.Parallel()
	rows, err := pgtest.New(t).Pool.Query(t.Context(), `
		SELECT c.conrelid::regclass || ': ' || c.conname FROM pg_constraint c
		WHERE c.contype = 'f' AND NOT EXISTS (
			SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indpred IS NULL AND i.indkey[0] = c.conkey[1])`)
	check(t, err)
	missing, err := pgx.CollectRows(rows, pgx.RowTo[string])
	check(t, err)
	if len(missing) > 0 {
		t.Errorf("without an index that begins with their column: %v", missing)
	}
}
