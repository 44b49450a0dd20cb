-- no transaction
DROP INDEX CONCURRENTLY IF EXISTS backup_sweep_idx;
CREATE INDEX CONCURRENTLY backup_sweep_idx ON backup_metadata (lease_until)
    WHERE state IN ('uploading', 'aborting', 'deleted');
DROP INDEX CONCURRENTLY IF EXISTS backup_removed_idx;
DROP INDEX CONCURRENTLY IF EXISTS backup_removal_idx;
DROP INDEX CONCURRENTLY IF EXISTS backup_uploading_idx;
DROP INDEX CONCURRENTLY IF EXISTS backup_user_idx;
