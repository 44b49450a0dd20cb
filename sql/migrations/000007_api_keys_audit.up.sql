-- API keys. Of the key itself only a hash is kept; prefix is its first characters, by which people tell keys apart.
CREATE TABLE api_keys (
    id           uuid PRIMARY KEY,
    user_id      uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         text        NOT NULL, -- given by the owner
    prefix       text        NOT NULL,
    key_hash     bytea       NOT NULL, -- SHA-256; a key has 202 random bits, so that it needs no slower hash
    scopes       text[]      NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    last_used_at timestamptz,          -- to the hour
    revoked_at   timestamptz
);
CREATE UNIQUE INDEX api_keys_hash_key ON api_keys (key_hash);
CREATE INDEX api_keys_user_idx ON api_keys (user_id, id);
CREATE INDEX api_keys_expires_idx ON api_keys (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX api_keys_revoked_idx ON api_keys (revoked_at) WHERE revoked_at IS NOT NULL;

-- What happened to accounts, for their owners. network is a /24 or /48, device one of a few fixed names. The id is a
-- UUIDv7 of the event's time, so that the primary key is in order of time.
CREATE TABLE audit_events (
    id         uuid PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    at         timestamptz NOT NULL,
    kind       text        NOT NULL,
    network    text        NOT NULL,
    device     text        NOT NULL,
    subject_id uuid                  -- the session or key that it is about
);
CREATE INDEX audit_events_user_idx ON audit_events (user_id, id);

-- Where a session was opened, as coarse as in audit_events. Sessions from before have neither.
ALTER TABLE refresh_tokens
    ADD COLUMN network text NOT NULL DEFAULT '',
    ADD COLUMN device  text NOT NULL DEFAULT '';
