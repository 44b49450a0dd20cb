-- Times of wrong passwords, for each of several reasons to refuse the next one. The key is an HMAC of what is counted, so
-- that the table holds neither addresses nor networks. login_attempts is no longer read; a later migration drops it.
CREATE TABLE password_attempts (
    key      bytea PRIMARY KEY,
    tried_at timestamptz[] NOT NULL, -- the latest ones, as many as are counted
    ends_at  timestamptz   NOT NULL  -- when the last of them no longer counts
);
CREATE INDEX password_attempts_ends_idx ON password_attempts (ends_at);

-- Networks from which an account signed in, at most 32 of each account. The network is an HMAC.
CREATE TABLE known_networks (
    user_id uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    network bytea       NOT NULL,
    seen_at timestamptz NOT NULL, -- of the last sign-in, to the day
    PRIMARY KEY (user_id, network)
);
CREATE INDEX known_networks_seen_idx ON known_networks (seen_at);

CREATE INDEX refresh_tokens_live_idx ON refresh_tokens (user_id, id) WHERE revoked_at IS NULL;

ALTER TABLE refresh_tokens DROP CONSTRAINT refresh_tokens_revoked_for_check;
ALTER TABLE refresh_tokens ADD CONSTRAINT refresh_tokens_revoked_for_check
    CHECK (revoked_for IN ('logout', 'password', 'reuse', 'operator', 'deletion', 'limit')) NOT VALID;
