-- Leases are set and compared by the database's clock alone, since those of the replicas differ.

-- name: ReserveBackup :execrows
-- One conditional UPDATE checks the quota and the number of uploads, so two requests cannot both take the last space.
WITH room AS (
    UPDATE backup_usage SET reserved = reserved + @size_bytes, uploads = uploads + 1
    WHERE backup_usage.user_id = @user_id AND uploads < @max_uploads::integer
      AND (@limit_bytes::bigint < 0 OR committed + reserved + @size_bytes <= @limit_bytes::bigint)
    RETURNING backup_usage.user_id
)
INSERT INTO backup_metadata (id, user_id, s3_key, version, timestamp, checksum, size_bytes, chunk_count, state, owner,
                             lease_until, idempotency_key, created_at)
SELECT @id, room.user_id, @s3_key, @version, @timestamp, @checksum, @size_bytes, @chunk_count, 'uploading', @owner,
       now() + make_interval(secs => @lease_seconds::float8), @idempotency_key, @now
FROM room;

-- name: BackupByIdempotencyKey :one
-- Rows that an earlier version wrote have the key as it was sent instead of its hash.
SELECT id, checksum, size_bytes, state, (state = 'uploading' AND lease_until <= now())::boolean AS expired FROM backup_metadata
WHERE user_id = @user_id AND idempotency_key IN (@key_hash::text, @key_sent::text)
ORDER BY idempotency_key = @key_hash::text DESC LIMIT 1;

-- name: ExtendLease :execrows
UPDATE backup_metadata SET lease_until = now() + make_interval(secs => @lease_seconds::float8)
WHERE id = @id AND owner = @owner AND state = 'uploading' AND lease_until > now();

-- name: CommitBackup :execrows
-- Every statement that changes both locks the usage row before the backup's row, as ReserveBackup does. Otherwise a commit
-- and a reservation with the same key could deadlock.
WITH counter AS (
    SELECT c.user_id FROM backup_usage c WHERE c.user_id = @user_id FOR UPDATE
), done AS (
    UPDATE backup_metadata m SET state = 'committed', committed_at = @now::timestamptz, sequence = nextval('backup_sequence')
    FROM counter WHERE m.user_id = counter.user_id
      AND m.id = @id AND m.owner = @owner AND m.state = 'uploading' AND m.lease_until > now()
    RETURNING m.user_id, m.size_bytes
)
UPDATE backup_usage u
SET reserved = u.reserved - done.size_bytes, committed = u.committed + done.size_bytes, uploads = u.uploads - 1
FROM done WHERE u.user_id = done.user_id;

-- name: AbortUpload :execrows
WITH counter AS (
    SELECT c.user_id FROM backup_usage c WHERE c.user_id = @user_id FOR UPDATE
), fenced AS (
    UPDATE backup_metadata m SET state = 'aborting', idempotency_key = NULL, lease_until = now()
    FROM counter WHERE m.user_id = counter.user_id AND m.id = @id AND m.owner = @owner AND m.state = 'uploading'
    RETURNING m.user_id, m.size_bytes
)
UPDATE backup_usage u SET reserved = u.reserved - fenced.size_bytes, uploads = u.uploads - 1
FROM fenced WHERE u.user_id = fenced.user_id;

-- name: DeadUploads :many
SELECT id, user_id FROM backup_metadata WHERE state = 'uploading' AND lease_until <= now() ORDER BY lease_until LIMIT @most;

-- name: AbortDeadUpload :execrows
WITH counter AS (
    SELECT c.user_id FROM backup_usage c WHERE c.user_id = @user_id FOR UPDATE
), fenced AS (
    UPDATE backup_metadata m SET state = 'aborting', idempotency_key = NULL, lease_until = now()
    FROM counter WHERE m.user_id = counter.user_id
      AND m.id = @id AND m.state = 'uploading' AND m.lease_until <= now()
    RETURNING m.user_id, m.size_bytes
)
UPDATE backup_usage u SET reserved = u.reserved - fenced.size_bytes, uploads = u.uploads - 1
FROM fenced WHERE u.user_id = fenced.user_id;

-- name: ClaimRemovals :many
UPDATE backup_metadata SET lease_until = now() + make_interval(secs => @lease_seconds::float8)
WHERE id = ANY (ARRAY(
    SELECT m.id FROM backup_metadata m WHERE m.state IN ('aborting', 'deleted') AND m.lease_until <= now()
    ORDER BY m.lease_until LIMIT @most FOR UPDATE SKIP LOCKED
))
RETURNING id, s3_key, state;

-- name: ClaimRemovalsOf :many
UPDATE backup_metadata SET lease_until = now() + make_interval(secs => @lease_seconds::float8)
WHERE id = ANY (ARRAY(
    SELECT m.id FROM backup_metadata m
    WHERE m.user_id = @user_id AND m.state IN ('aborting', 'deleted') AND m.lease_until <= now()
    LIMIT @most FOR UPDATE SKIP LOCKED
))
RETURNING id, s3_key, state;

-- name: FinishAbort :exec
DELETE FROM backup_metadata WHERE id = @id AND state = 'aborting';

-- name: FinishRemoval :exec
UPDATE backup_metadata SET state = 'removed' WHERE id = @id AND state = 'deleted';

-- name: PruneRemoved :execrows
DELETE FROM backup_metadata WHERE id = ANY (ARRAY(
    SELECT m.id FROM backup_metadata m
    WHERE m.state = 'removed' AND m.deleted_at < now() - make_interval(days => @days::integer)
    ORDER BY m.deleted_at LIMIT @most FOR UPDATE SKIP LOCKED
));

-- name: PruneRemovedOf :execrows
-- The range is the state 'removed' alone, written so that only the index by user serves it: the planner would at times
-- prefer the one for pruning, and read the removed backups of everybody.
DELETE FROM backup_metadata WHERE id = ANY (ARRAY(
    SELECT m.id FROM backup_metadata m
    WHERE m.user_id = @user_id AND m.state >= 'removed' AND m.state < 'uploading' LIMIT @most FOR UPDATE
));

-- name: LatestBackup :one
SELECT id, user_id, s3_key, version, timestamp, checksum, size_bytes, chunk_count, committed_at FROM backup_metadata
WHERE user_id = @user_id AND state = 'committed' ORDER BY sequence DESC LIMIT 1;

-- name: BackupByID :one
SELECT id, user_id, s3_key, version, timestamp, checksum, size_bytes, chunk_count, committed_at FROM backup_metadata
WHERE id = @id AND user_id = @user_id AND state = 'committed';

-- name: CommittedOthers :one
SELECT EXISTS (
    SELECT 1 FROM backup_metadata
    WHERE user_id = @user_id AND id <> @id AND committed_at >= @since::timestamptz AND committed_at < @until::timestamptz
);

-- name: BackupSequence :one
SELECT sequence::bigint FROM backup_metadata WHERE id = @id AND user_id = @user_id AND sequence IS NOT NULL;

-- name: BackupsBefore :many
SELECT id, user_id, s3_key, version, timestamp, checksum, size_bytes, chunk_count, committed_at FROM backup_metadata
WHERE user_id = @user_id AND state = 'committed' AND sequence < @before::bigint
ORDER BY sequence DESC LIMIT @most;

-- name: TombstoneBackup :execrows
WITH counter AS (
    SELECT c.user_id FROM backup_usage c WHERE c.user_id = @user_id FOR UPDATE
), gone AS (
    UPDATE backup_metadata m
    SET state = 'deleted', deleted_at = now(), lease_until = now(), idempotency_key = NULL
    FROM counter WHERE m.user_id = counter.user_id AND m.id = @id AND m.state = 'committed'
    RETURNING m.user_id, m.size_bytes
)
UPDATE backup_usage u SET committed = u.committed - gone.size_bytes FROM gone WHERE u.user_id = gone.user_id;

-- name: DeletedBackup :one
SELECT id, user_id, s3_key, version, timestamp, checksum, size_bytes, chunk_count, committed_at FROM backup_metadata
WHERE id = @id AND user_id = @user_id AND state IN ('deleted', 'removed');

-- name: TombstoneSome :execrows
-- An upload in progress keeps its lease: either its owner removes what it wrote, or the lease expires.
UPDATE backup_metadata
SET state = CASE state WHEN 'uploading' THEN 'aborting' ELSE 'deleted' END, idempotency_key = NULL, deleted_at = now(),
    lease_until = CASE state WHEN 'uploading' THEN lease_until ELSE now() END
WHERE id = ANY (ARRAY(
    SELECT m.id FROM backup_metadata m
    WHERE m.user_id = @user_id AND m.state IN ('uploading', 'committed') LIMIT @most FOR UPDATE
));

-- name: RemovalsLeft :one
SELECT EXISTS (SELECT 1 FROM backup_metadata WHERE user_id = @user_id AND state IN ('aborting', 'deleted'));

-- name: KeysInUse :many
SELECT s3_key FROM backup_metadata WHERE s3_key = ANY(@keys::text[]) AND state <> 'removed';

-- name: CountPage :one
-- Counts the committed backups among the next rows. A page with fewer rows than @most is the last.
SELECT (count(*) FILTER (WHERE page.state = 'committed'))::integer AS committed, count(*)::integer AS seen,
       coalesce((array_agg(page.id ORDER BY page.id DESC))[1], @after)::uuid AS last
FROM (SELECT m.id, m.state FROM backup_metadata m WHERE m.id > @after ORDER BY m.id LIMIT @most) page;

-- name: BackupsAfter :many
-- A page of all rows, whatever their state, so that a page never reads more than it returns.
SELECT id, user_id, s3_key, version, timestamp, checksum, size_bytes, chunk_count, committed_at, state FROM backup_metadata
WHERE id > @after ORDER BY id LIMIT @most;
