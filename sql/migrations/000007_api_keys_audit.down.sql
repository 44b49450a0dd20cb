ALTER TABLE refresh_tokens
    DROP COLUMN network,
    DROP COLUMN device;
DROP TABLE audit_events;
DROP TABLE api_keys;
