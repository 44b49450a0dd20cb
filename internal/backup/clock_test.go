package backup_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/tier"
)

// withClock returns an option for a replica whose clock is wrong by that much.
func withClock(wrongBy time.Duration) func(*backup.Config) {
	return func(c *backup.Config) { c.Now = func() time.Time { return time.Now().Add(wrongBy) } }
}

// The clocks of two replicas are wrong by days. Neither gives up an upload of the other, or keeps a dead one.
func TestLeasesFollowTheDatabasesClock(t *testing.T) {
	t.Attr("case", "S15")
	t.Parallel()
	e := setup(t)
	fast, slow := e.replica(withClock(48*time.Hour)), e.replica(withClock(-48*time.Hour))
	for name, replicas := range map[string][2]*backup.Service{
		"a slow replica uploads": {slow, fast}, "a fast replica uploads": {fast, slow},
	} {
		u := e.user(tier.Pro)
		body, done := e.startUpload(func(r io.Reader) (backup.Receipt, error) {
			return replicas[0].Put(t.Context(), u, upload(blob(1000), "k"), r)
		}, blob(1000))
		if swept, err := replicas[1].Sweep(t.Context()); err != nil || swept.Uploads != 0 {
			t.Errorf("%s: Sweep by the other: %+v, %v, want the live upload untouched", name, swept, err)
		}
		_, err := replicas[1].Put(t.Context(), u, upload(blob(1000), "k"), unreadBody{t})
		if !errors.Is(err, backup.ErrInProgress) {
			t.Errorf("%s: the same key at the other: %v, want %v", name, err, backup.ErrInProgress)
		}
		close(body.resume)
		must(t, <-done)
		e.wantUsage(u, 1000, 0, 0)
		dead := e.user(tier.Pro)
		body, done = e.startUpload(func(r io.Reader) (backup.Receipt, error) {
			return replicas[0].Put(t.Context(), dead, upload(blob(1000), ""), r)
		}, blob(1000))
		e.advance(time.Minute)
		if swept, err := replicas[1].Sweep(t.Context()); err != nil || swept.Uploads != 1 {
			t.Errorf("%s: Sweep by the other: %+v, %v, want the dead upload aborted", name, swept, err)
		}
		close(body.resume)
		if err := <-done; !errors.Is(err, backup.ErrExpired) {
			t.Errorf("%s: the aborted upload: %v, want %v", name, err, backup.ErrExpired)
		}
	}
	e.wantConsistent()
}

// A replica whose clock is years ahead removes nothing that belongs to a row, and prunes nothing.
func TestWrongClockRemovesNoBackup(t *testing.T) {
	t.Parallel()
	e := setup(t)
	u := e.user(tier.Pro)
	id, gone := e.put(u, blob(1000), "k"), e.put(u, blob(2000), "")
	must(t, e.svc.Delete(t.Context(), u, gone, backup.Precondition{}))
	fast := e.replica(withClock(10 * 365 * 24 * time.Hour))
	_, err := fast.Sweep(t.Context())
	must(t, err)
	for name, call := range map[string]func() (int, error){
		"RemoveOrphans": func() (int, error) { return fast.RemoveOrphans(t.Context()) },
		"Prune":         func() (int, error) { return fast.Prune(t.Context()) },
	} {
		if n, err := call(); n != 0 || err != nil {
			t.Errorf("%s = %d, %v, want nothing removed", name, n, err)
		}
	}
	must(t, fast.Delete(t.Context(), u, gone, backup.Precondition{}))
	e.wantLatest(u, id, blob(1000))
	e.wantConsistent()
}

func TestIdempotencyKeysAreStoredAsHashes(t *testing.T) {
	t.Attr("case", "S15")
	t.Parallel()
	e := setup(t)
	u, other := e.user(tier.Pro), e.user(tier.Pro)
	const key = "secret-of-a-client"
	id := e.put(u, blob(1000), key)
	e.put(other, blob(1000), key)
	rows, err := e.db.Pool.Query(t.Context(), "SELECT idempotency_key, backup_metadata::text FROM backup_metadata")
	must(t, err)
	hashes := map[string]bool{}
	for rows.Next() {
		var hash, row string
		must(t, rows.Scan(&hash, &row))
		if strings.Contains(row, key) {
			t.Errorf("the key is in the row: %s", row)
		}
		hashes[hash] = true
	}
	must(t, rows.Err())
	if len(hashes) != 2 {
		t.Errorf("%d hashes, want one for each user, so that equal keys do not show", len(hashes))
	}
	_, err = e.db.Pool.Exec(t.Context(), "UPDATE backup_metadata SET idempotency_key = $1 WHERE id = $2", key, id)
	must(t, err) // as an earlier version wrote it
	r, err := e.svc.Put(t.Context(), u, upload(blob(1000), key), unreadBody{t})
	if err != nil || !r.Replayed || r.ID != id {
		t.Errorf("the key of an older row: %+v, %v, want its backup", r, err)
	}
	err = e.tryPut(u, blob(1001), key, unreadBody{t})
	if !errors.Is(err, backup.ErrKeyReused) {
		t.Errorf("the key of an older row with other bytes: %v, want %v", err, backup.ErrKeyReused)
	}
}

// The row of a deleted backup answers repeated deletions for 90 days.
func TestRowsOfDeletedBackupsArePrunedAfter90Days(t *testing.T) {
	t.Attr("case", "S8")
	t.Parallel()
	e := setup(t)
	u := e.user(tier.Pro)
	older, kept := e.put(u, blob(1), ""), e.put(u, blob(2), "")
	deleted := e.put(u, blob(3), "")
	must(t, e.svc.Delete(t.Context(), u, deleted, backup.Precondition{}))
	const day = 24 * time.Hour
	e.advance(91 * day)
	if n, err := e.svc.Prune(t.Context()); n != 0 || err != nil {
		t.Errorf("Prune before the object is removed = %d, %v, want 0", n, err)
	}
	_, err := e.svc.Sweep(t.Context())
	must(t, err)
	e.advance(-2 * day)
	if n, err := e.svc.Prune(t.Context()); n != 0 || err != nil {
		t.Errorf("Prune after 89 days = %d, %v, want 0", n, err)
	}
	must(t, e.svc.Delete(t.Context(), u, deleted, backup.Precondition{}))
	list, err := e.svc.History(t.Context(), u, 10, deleted)
	if err != nil || len(list) != 2 {
		t.Errorf("History before the deleted one: %v, %v, want two", list, err)
	}
	e.advance(2 * day)
	if n, err := e.svc.Prune(t.Context()); n != 1 || err != nil {
		t.Errorf("Prune after 91 days = %d, %v, want 1", n, err)
	}
	if err := e.svc.Delete(t.Context(), u, deleted, backup.Precondition{}); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("Delete after 91 days: %v, want %v", err, fault.ErrNotFound)
	}
	e.wantLatest(u, kept, blob(2))
	if _, err := e.svc.Find(t.Context(), u, older); err != nil {
		t.Errorf("an older backup: %v", err)
	}
	e.wantConsistent()
}

// The database is another store's, or was restored without its rows: nothing is removed from the store.
func TestOrphansAreKeptWhenTheDatabaseIsTheWrongOne(t *testing.T) {
	t.Parallel()
	for name, backups := range map[string]struct{ with, without int }{
		"no backup on record":               {0, 3},
		"fewer on record than not":          {2, 3},
		"more than a hundred not on record": {101, 101},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := setup(t)
			u := e.user(tier.Pro)
			for n := range backups.with + backups.without {
				key := u.ID.String() + "/" + uuid.NewString()
				must(t, os.MkdirAll(filepath.Join(e.folder, u.ID.String()), 0o700))
				must(t, os.WriteFile(filepath.Join(e.folder, key), blob(1), 0o600))
				if n < backups.with {
					_, err := e.db.Pool.Exec(t.Context(), insertBackups, u.ID, "committed", key, 1)
					must(t, err)
				}
			}
			e.advance(25 * time.Hour)
			if n, err := e.svc.RemoveOrphans(t.Context()); n != 0 || err == nil ||
				!strings.Contains(err.Error(), "DATABASE_URL") {
				t.Errorf("RemoveOrphans = %d, %v, want 0 and what to check", n, err)
			}
			objects := 0
			must(t, e.disk.List(t.Context(), func(backup.Object) error { objects++; return nil }))
			if objects != backups.with+backups.without {
				t.Errorf("%d objects are left, want all %d", objects, backups.with+backups.without)
			}
		})
	}
}

// insertBackups adds as many rows of a user in that state, of one byte each, under random keys or one given key.
const insertBackups = `
	INSERT INTO backup_metadata (id, user_id, s3_key, version, timestamp, checksum, size_bytes, state, owner,
		lease_until, sequence, created_at, committed_at, deleted_at)
	SELECT id, $1::uuid, coalesce(nullif($3, ''), $1::uuid || '/' || id), 1, 0, repeat('a', 64), 1, $2, id, now(),
		n, now(), now(), CASE WHEN $2 = 'removed' THEN now() END
	FROM (SELECT n, gen_random_uuid() AS id FROM generate_series(1, $4::integer) n) rows`

// An account with more backups than one statement changes is deleted, and nothing of another one.
func TestPurgeUserWorksInBatches(t *testing.T) {
	t.Attr("case", "S8")
	t.Parallel()
	e := setup(t)
	u, other := e.user(tier.Pro), e.user(tier.Pro)
	kept := e.put(other, blob(300), "")
	for _, state := range []string{"committed", "removed"} {
		_, err := e.db.Pool.Exec(t.Context(), insertBackups, u.ID, state, "", 1100)
		must(t, err)
	}
	e.setCommitted(u, 1100)
	if drifts, err := e.svc.Recount(t.Context()); err != nil || len(drifts) != 0 {
		t.Errorf("Recount = %+v, %v, want no drift", drifts, err)
	}
	must(t, e.svc.PurgeUser(t.Context(), u.ID))
	var left int
	query := `SELECT count(*) FROM backup_metadata WHERE user_id = $1`
	must(t, e.db.Pool.QueryRow(t.Context(), query, u.ID).Scan(&left))
	if left != 0 {
		t.Errorf("%d rows are left", left)
	}
	e.wantLatest(other, kept, blob(300))
	e.wantConsistent()
}

// Two uploads race for the same latest backup, one of them held just before its commit.
func TestPreconditionIsCheckedAgainAtTheCommit(t *testing.T) {
	t.Attr("case", "D01")
	t.Parallel()
	e := setup(t)
	u := e.user(tier.Pro)
	first := e.put(u, blob(100), "")
	up := upload(blob(1000), "k")
	up.Match = func(b *backup.Backup) bool { return b != nil && b.ID == first }
	var second uuid.UUID
	e.store.after("Put", func() error {
		e.store.reset()
		second = e.put(u, blob(200), "")
		return nil
	})
	_, err := e.svc.Put(t.Context(), u, up, bytes.NewReader(blob(1000)))
	if !errors.Is(err, backup.ErrPrecondition) {
		t.Errorf("Put: %v, want %v", err, backup.ErrPrecondition)
	}
	e.wantLatest(u, second, blob(200))
	e.wantUsage(u, 300, 0, 0)
	e.wantConsistent()
}

// The answer to a commit with a precondition is lost, and another upload follows before the retry. The first backup is
// stored, so it is not refused, and its object stays.
func TestPreconditionOfALostCommitIsNotCheckedAgain(t *testing.T) {
	t.Attr("case", "D01")
	t.Parallel()
	var e *env
	var u identity.User
	exec := func(sql string, args ...any) {
		t.Helper()
		_, err := e.db.Pool.Exec(t.Context(), sql, args...)
		must(t, err)
	}
	var latest uuid.UUID
	e = setup(t, func(c *backup.Config) {
		c.Sleep = func(context.Context, time.Duration) error {
			exec("DROP TRIGGER outage ON backup_usage")
			exec(`WITH done AS (
					UPDATE backup_metadata
					SET state = 'committed', committed_at = now(), sequence = nextval('backup_sequence')
					WHERE user_id = $1 AND state = 'uploading' RETURNING user_id, size_bytes)
				UPDATE backup_usage u SET reserved = 0, committed = committed + done.size_bytes, uploads = 0
				FROM done WHERE u.user_id = done.user_id`, u.ID)
			latest = e.put(u, blob(200), "")
			return nil
		}
	})
	u = e.user(tier.Pro)
	up := upload(blob(1000), "k")
	up.NoneMatch = func(b *backup.Backup) bool { return b == nil }
	exec(`CREATE FUNCTION outage() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN RAISE EXCEPTION USING ERRCODE = 'admin_shutdown'; END $$`)
	e.store.after("Put", func() error {
		e.store.reset()
		exec("CREATE TRIGGER outage BEFORE UPDATE ON backup_usage FOR EACH ROW EXECUTE FUNCTION outage()")
		return nil
	})
	stored, err := e.svc.Put(t.Context(), u, up, bytes.NewReader(blob(1000)))
	must(t, err)
	e.wantLatest(u, latest, blob(200))
	must(t, e.svc.Delete(t.Context(), u, latest, backup.Precondition{}))
	e.wantLatest(u, stored.ID, blob(1000))
	e.wantUsage(u, 1000, 0, 0)
	e.wantConsistent()
}
