-- no transaction
-- Each statement runs by itself, so that the indexes can be built while backups are written. The file can be run again
-- after a failure, which leaves an invalid index behind.

-- All rows of a user, by state: quotas, deletion of an account, the foreign key.
DROP INDEX CONCURRENTLY IF EXISTS backup_user_idx;
CREATE INDEX CONCURRENTLY backup_user_idx ON backup_metadata (user_id, state, id) INCLUDE (size_bytes);

-- Uploads apart from removals: during an outage of the store thousands of removals are due and stay so.
DROP INDEX CONCURRENTLY IF EXISTS backup_uploading_idx;
CREATE INDEX CONCURRENTLY backup_uploading_idx ON backup_metadata (lease_until) WHERE state = 'uploading';

DROP INDEX CONCURRENTLY IF EXISTS backup_removal_idx;
CREATE INDEX CONCURRENTLY backup_removal_idx ON backup_metadata (lease_until) WHERE state IN ('aborting', 'deleted');

DROP INDEX CONCURRENTLY IF EXISTS backup_removed_idx;
CREATE INDEX CONCURRENTLY backup_removed_idx ON backup_metadata (deleted_at) WHERE state = 'removed';

DROP INDEX CONCURRENTLY IF EXISTS backup_sweep_idx;
