ALTER TABLE users
    ADD COLUMN email_verified_at timestamptz,                                             -- NULL: nobody has shown that the address is theirs
    ADD COLUMN language text NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'de', 'it')); -- of its mails

-- Codes that were or will be mailed, and requests for a code by addresses without an account, which get none. A code is
-- made when it is mailed: only its HMAC is kept. Rows are pruned a day after they were made. user_id is no foreign key, so
-- that a request for an unknown address takes as long as one for a known address.
CREATE TABLE mail_codes (
    id         uuid PRIMARY KEY,
    purpose    text        NOT NULL CHECK (purpose IN ('verification', 'reset', 'address')),
    user_id    uuid,                 -- NULL: no account has the address
    address    text,                 -- that the account is to get, for 'address'
    handle     bytea,                -- SHA-256 of the handle of a 'reset', which is random
    scope      bytea       NOT NULL, -- HMAC of what has one valid code at a time
    counted_as bytea       NOT NULL, -- HMAC of the address, and of the network where that has a count of its own
    digest     bytea,                -- HMAC of the code; NULL until it is mailed, and once it is void
    tries      smallint    NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,          -- NULL until the code is mailed
    ended_at   timestamptz           -- when it was used or became void
);
CREATE UNIQUE INDEX mail_codes_handle_key ON mail_codes (handle) WHERE handle IS NOT NULL;
CREATE INDEX mail_codes_scope_idx ON mail_codes (scope);
CREATE INDEX mail_codes_user_idx ON mail_codes (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX mail_codes_counted_idx ON mail_codes (counted_as, created_at);
CREATE INDEX mail_codes_created_idx ON mail_codes (created_at);

-- Mails to send: ids and kinds, no texts and no codes. A row goes when its mail was sent or given up.
CREATE TABLE mail_outbox (
    id          uuid PRIMARY KEY,
    kind        text        NOT NULL,
    user_id     uuid,                 -- NULL with code_id alone: no account has the address, and nothing is sent
    code_id     uuid,
    address     text,                 -- the recipient, where it is not the account's present address
    language    text        NOT NULL,
    created_at  timestamptz NOT NULL,
    attempts    integer     NOT NULL DEFAULT 0,
    refusals    integer     NOT NULL DEFAULT 0, -- how often the mail server refused it for good
    next_try_at timestamptz NOT NULL            -- also the lease of the worker that has claimed it
);
CREATE INDEX mail_outbox_due_idx ON mail_outbox (next_try_at);
CREATE INDEX mail_outbox_code_idx ON mail_outbox (code_id) WHERE code_id IS NOT NULL;
