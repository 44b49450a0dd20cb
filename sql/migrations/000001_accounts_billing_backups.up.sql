-- The whole of what the service keeps: accounts, sessions, subscriptions and what backups exist. Nothing a user says.
-- Times are timestamptz; ids are UUIDv7 made by the service.

CREATE TABLE users (
    id                 uuid PRIMARY KEY,
    email              text        NOT NULL, -- normalised by the service: NFC, lower case, IDNA
    password_hash      text        NOT NULL, -- bcrypt of a keyed pre-hash
    password_changed_at timestamptz NOT NULL, -- a log-in that read an older one does not open a session
    tier               text        NOT NULL DEFAULT 'free' CHECK (tier IN ('free', 'pro', 'power', 'team')), -- by subscription
    seats              integer     NOT NULL DEFAULT 1 CHECK (seats >= 1),                                    -- by subscription
    grant_tier         text        CHECK (grant_tier IN ('free', 'pro', 'power', 'team')),                   -- by an operator
    grant_seats        integer     NOT NULL DEFAULT 1 CHECK (grant_seats >= 1),
    token_version      integer     NOT NULL DEFAULT 1, -- raised to end every access token at once
    stripe_customer_id text,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    deleted_at         timestamptz                     -- set when deletion was asked for; the row goes when it is done
);
CREATE UNIQUE INDEX users_email_key ON users (email) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX users_stripe_customer_key ON users (stripe_customer_id) WHERE stripe_customer_id IS NOT NULL;

-- One row a session (refresh family). Tokens are self-authenticating; only the counter of the current one is kept.
CREATE TABLE refresh_tokens (
    id              uuid PRIMARY KEY, -- the session id
    user_id         uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash      bytea       NOT NULL, -- SHA-256 of the current token
    counter         bigint      NOT NULL DEFAULT 1,
    idempotency_key text,                 -- of the last rotation
    rotated_at      timestamptz NOT NULL, -- of the last rotation
    expires_at      timestamptz NOT NULL, -- idle limit, moved by each rotation
    ends_at         timestamptz NOT NULL, -- absolute limit
    last_used_at    timestamptz NOT NULL,
    revoked_at      timestamptz,
    revoked_for     text CHECK (revoked_for IN ('logout', 'password', 'reuse', 'operator', 'deletion')),
    created_at      timestamptz NOT NULL
);
CREATE INDEX refresh_tokens_user_idx ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_ends_idx ON refresh_tokens (ends_at);

-- Log-ins tried against one account, known or not, in the current window. The key is a keyed hash of the e-mail.
CREATE TABLE login_attempts (
    account    bytea PRIMARY KEY,
    attempts   integer     NOT NULL,
    started_at timestamptz NOT NULL
);
CREATE INDEX login_attempts_started_idx ON login_attempts (started_at);

-- Accounts being deleted: a job each, gone together with the account's row.
CREATE TABLE account_deletions (
    user_id      uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    requested_at timestamptz NOT NULL,
    attempts     integer     NOT NULL DEFAULT 0,
    next_try_at  timestamptz NOT NULL -- also the lease of the worker that is at it
);
CREATE INDEX account_deletions_due_idx ON account_deletions (next_try_at);

CREATE TABLE subscriptions (
    id                     uuid PRIMARY KEY,
    user_id                uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    stripe_subscription_id text        NOT NULL UNIQUE,
    tier                   text        NOT NULL CHECK (tier IN ('free', 'pro', 'power', 'team')),
    status                 text        NOT NULL,
    seats                  integer     NOT NULL DEFAULT 1 CHECK (seats >= 1),
    current_period_end     timestamptz,
    cancel_at_period_end   boolean     NOT NULL DEFAULT false,
    created_at             timestamptz NOT NULL,
    updated_at             timestamptz NOT NULL
);
CREATE INDEX subscriptions_user_idx ON subscriptions (user_id);

-- What Stripe told us happened: ids, types and times, never a payload.
CREATE TABLE stripe_inbox (
    event_id     text PRIMARY KEY,
    type         text        NOT NULL,
    object_id    text        NOT NULL,
    livemode     boolean     NOT NULL,
    occurred_at  timestamptz NOT NULL,
    received_at  timestamptz NOT NULL,
    state        text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'orphan')),
    attempts     integer     NOT NULL DEFAULT 0,
    next_try_at  timestamptz NOT NULL,
    processed_at timestamptz
);
CREATE INDEX stripe_inbox_due_idx ON stripe_inbox (next_try_at) WHERE state = 'pending';

CREATE TABLE backup_metadata (
    id              uuid PRIMARY KEY,
    user_id         uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    s3_key          text        NOT NULL UNIQUE,
    version         integer     NOT NULL,
    timestamp       bigint      NOT NULL, -- the client's clock, ms since the epoch
    checksum        text        NOT NULL, -- SHA-256 of the blob, 64 hex digits
    size_bytes      bigint      NOT NULL CHECK (size_bytes >= 0),
    chunk_count     integer     NOT NULL DEFAULT 1,
    -- uploading -> committed -> deleted (blob still there) -> removed (blob gone, kept so that DELETE may be repeated);
    -- uploading -> aborting -> no row
    state           text        NOT NULL CHECK (state IN ('uploading', 'committed', 'aborting', 'deleted', 'removed')),
    owner           uuid        NOT NULL, -- the upload attempt that holds the lease
    lease_until     timestamptz NOT NULL, -- of the upload, then of whoever removes the blob
    idempotency_key text,
    sequence        bigint,               -- order of commits; the latest backup has the highest
    created_at      timestamptz NOT NULL,
    committed_at    timestamptz,
    deleted_at      timestamptz
);
CREATE SEQUENCE backup_sequence OWNED BY backup_metadata.sequence;
CREATE UNIQUE INDEX backup_idempotency_key ON backup_metadata (user_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX backup_latest_idx ON backup_metadata (user_id, sequence DESC) WHERE state = 'committed';
CREATE INDEX backup_committed_idx ON backup_metadata (user_id, committed_at) WHERE committed_at IS NOT NULL;
CREATE INDEX backup_sweep_idx ON backup_metadata (lease_until) WHERE state IN ('uploading', 'aborting', 'deleted');

-- The quota counter: changed by one conditional UPDATE, never summed.
CREATE TABLE backup_usage (
    user_id   uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    committed bigint NOT NULL DEFAULT 0 CHECK (committed >= 0),
    reserved  bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    uploads   integer NOT NULL DEFAULT 0 CHECK (uploads >= 0) -- in state uploading
);
