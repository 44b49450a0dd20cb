//go:build soak

package chaos_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

const (
	// settlesWithin is how long the service has to get in order by itself once nothing is broken.
	settlesWithin = 45 * time.Second
	// goroutineSlack is how many more goroutines than at the beginning are no leak: each idle connection has some.
	goroutineSlack = 60
)

// inspector looks at the service from inside while nobody uses it.
type inspector struct {
	w          *world
	judge      *judge
	goroutines []float64       // of each replica at the beginning
	orphans    map[string]bool // objects whose rows were lost with a primary
	tables     []string
}

func newInspector(w *world, j *judge) *inspector {
	i := &inspector{w: w, judge: j, orphans: map[string]bool{}}
	i.query(func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
		if err != nil {
			return err
		}
		i.tables, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	for _, r := range w.replicas {
		m, err := r.metrics("go_goroutines")
		check(w.t, err)
		i.goroutines = append(i.goroutines, m["go_goroutines"])
	}
	return i
}

// query runs f on a connection to the primary.
func (i *inspector) query(f func(context.Context, *pgx.Conn) error) {
	i.w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := connect(ctx, i.w)
	check(i.w.t, err)
	defer conn.Close(ctx)
	check(i.w.t, f(ctx, conn))
}

// count returns the number that a query selects.
func (i *inspector) count(sql string, args ...any) (n int64) {
	i.w.t.Helper()
	i.query(func(ctx context.Context, conn *pgx.Conn) error { return conn.QueryRow(ctx, sql, args...).Scan(&n) })
	return n
}

// eventually waits until f has no complaint. Otherwise the invariant is violated.
func (i *inspector) eventually(invariant string, f func() string) {
	deadline := time.Now().Add(settlesWithin)
	for {
		complaint := f()
		if complaint == "" {
			return
		}
		if time.Now().After(deadline) {
			i.judge.violated(invariant, "%s", complaint)
			return
		}
		pause(200)
	}
}

// expireLeases makes uploads whose replica died end now and not in a minute.
func (i *inspector) expireLeases() {
	i.w.pg.exec("UPDATE backup_metadata SET lease_until = now() - interval '1 second' WHERE state = 'uploading'")
}

// inspect checks the invariants that are not about single acknowledged writes.
func (i *inspector) inspect() {
	i.checkQuota()
	i.checkObjects()
	i.checkBudgets()
	i.checkResources()
	i.checkNothingKept()
}

// checkQuota checks that counters are the sums of what they count.
func (i *inspector) checkQuota() {
	i.eventually("I3", func() string {
		n := i.count(`SELECT count(*) FROM backup_usage u WHERE
			u.committed <> (SELECT coalesce(sum(size_bytes), 0) FROM backup_metadata m
				WHERE m.user_id = u.user_id AND m.state = 'committed') OR
			u.reserved <> (SELECT coalesce(sum(size_bytes), 0) FROM backup_metadata m
				WHERE m.user_id = u.user_id AND m.state = 'uploading')`)
		if n > 0 {
			return fmt.Sprintf("%d quota counters are not the sums of their backups", n)
		}
		return ""
	})
}

// checkObjects compares the keys in the bucket with those of the rows.
func (i *inspector) checkObjects() {
	i.eventually("I4", func() string {
		var rows []string
		i.query(func(ctx context.Context, conn *pgx.Conn) error {
			found, err := conn.Query(ctx,
				"SELECT s3_key FROM backup_metadata WHERE state IN ('committed', 'uploading')")
			if err != nil {
				return err
			}
			rows, err = pgx.CollectRows(found, pgx.RowTo[string])
			return err
		})
		objects, err := i.objects()
		if err != nil {
			return err.Error()
		}
		var wrong []string
		for _, key := range objects {
			if !slices.Contains(rows, key) && !i.orphans[key] {
				wrong = append(wrong, "without a row: "+key)
				if i.judge.weakened(lossless) {
					i.orphans[key] = true // its row was lost; the daily search removes it
				}
			}
		}
		for _, key := range rows {
			if !slices.Contains(objects, key) && !i.judge.weakened(lossless) && !i.orphans[key] {
				wrong = append(wrong, "without an object: "+key)
			} else if !slices.Contains(objects, key) {
				i.orphans[key] = true // its deletion was lost
			}
		}
		if len(wrong) > 0 && !i.judge.weakened(lossless) {
			return fmt.Sprintf("%d keys: %s", len(wrong), wrong[0])
		}
		return ""
	})
}

func (i *inspector) objects() (keys []string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	pages := s3.NewListObjectsV2Paginator(i.w.s3.Client(), &s3.ListObjectsV2Input{Bucket: aws.String(i.w.bucket)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, o := range page.Contents {
			keys = append(keys, *o.Key)
		}
	}
	return keys, nil
}

// checkBudgets checks that nobody used more than the limit and what was in flight: four questions.
func (i *inspector) checkBudgets() {
	const inFlight = 4 * (maxAnswer + 4_000)
	if n := i.count(`SELECT count(*) FROM token_usage t WHERE used > $1 AND EXISTS
		(SELECT FROM users u WHERE u.id = t.user_id AND u.email LIKE 'spender-%')`, freeTokens+inFlight); n > 0 {
		i.judge.violated("budgets hold", "%d accounts used more than %d tokens and %d in flight", n, freeTokens,
			inFlight)
	}
	i.eventually("budgets hold", func() string {
		if n := i.count(`SELECT count(*) FROM token_usage t WHERE reserved <>
			(SELECT coalesce(sum(tokens), 0) FROM token_reservations r
				WHERE r.user_id = t.user_id AND r.day = t.day)`); n > 0 {
			return fmt.Sprintf("%d sums of reservations are wrong", n)
		}
		return ""
	})
}

// checkResources checks that no replica keeps goroutines of what is over.
func (i *inspector) checkResources() {
	for n, r := range i.w.replicas {
		i.eventually("I6", func() string {
			m, err := r.metrics("go_goroutines", "adiuva_streams", "http_server_active_requests")
			switch {
			case err != nil:
				return err.Error()
			case m["go_goroutines"] > i.goroutines[n]+goroutineSlack:
				return fmt.Sprintf("replica %d has %v goroutines, %v at the beginning", n+1, m["go_goroutines"],
					i.goroutines[n])
			case m["adiuva_streams"] > 0 || m["http_server_active_requests"] > 0:
				return fmt.Sprintf("replica %d has streams or requests that nobody waits for: %v", n+1, m)
			}
			return ""
		})
	}
}

// checkNothingKept looks for words of users where none may be.
func (i *inspector) checkNothingKept() {
	words := []string{chatWord, blobWord, passwordWord}
	for _, table := range i.tables {
		for _, word := range words {
			if n := i.count("SELECT count(*) FROM "+pgx.Identifier{table}.Sanitize()+" t WHERE t::text ILIKE $1",
				"%"+word+"%"); n > 0 {
				i.judge.violated("I7", "table %s has %q", table, word)
			}
		}
	}
	places := map[string]string{}
	for n, r := range i.w.replicas {
		log, err := os.ReadFile(r.log)
		check(i.w.t, err)
		places[fmt.Sprint("the log of replica ", n+1)] = string(log)
		check(i.w.t, os.Truncate(r.log, 0)) // what was read need not be read again
	}
	places["Redis"] = i.redisText()
	for place, text := range places {
		for _, word := range append(words, "eyJ", "adv_") {
			if strings.Contains(strings.ToLower(text), strings.ToLower(word)) && !strings.Contains(place, "Redis") ||
				slices.Contains(words, word) && strings.Contains(text, word) {
				i.judge.violated("I7", "%s has %q", place, word)
			}
		}
	}
}

// redisText returns everything that Redis has.
func (i *inspector) redisText() string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	db := redis.NewClient(&redis.Options{Addr: i.w.redis.addr})
	defer db.Close()
	var text strings.Builder
	keys := db.Scan(ctx, 0, "*", 1000).Iterator()
	for keys.Next(ctx) {
		text.WriteString(keys.Val())
		if dump, err := db.Dump(ctx, keys.Val()).Result(); err == nil {
			text.WriteString(dump)
		}
	}
	return text.String()
}
