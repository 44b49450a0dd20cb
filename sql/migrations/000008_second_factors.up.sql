-- Codes of an authenticator app (TOTP). A row without confirmed_at guards nothing yet.
CREATE TABLE totp_secrets (
    user_id      uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret       bytea       NOT NULL, -- sealed with SECRETS_KEY, bound to the user
    key_id       bytea       NOT NULL, -- of the key that sealed it
    created_at   timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_step    bigint      NOT NULL DEFAULT 0 -- the 30 seconds whose code was used last: no code counts twice
);
CREATE INDEX totp_secrets_key_idx ON totp_secrets (key_id);
CREATE INDEX totp_secrets_unconfirmed_idx ON totp_secrets (created_at) WHERE confirmed_at IS NULL;

-- The digest is SHA-256 of the user's id and the code, which has 80 random bits, so that it needs no slower hash.
CREATE TABLE recovery_codes (
    digest  bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES totp_secrets (user_id) ON DELETE CASCADE,
    used_at timestamptz
);
CREATE INDEX recovery_codes_user_idx ON recovery_codes (user_id);

-- What a right password, or a right mailed code, waits with for the second factor.
CREATE TABLE second_factor_tickets (
    digest        bytea PRIMARY KEY,    -- SHA-256 of the ticket, which is random
    user_id       uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    verified_at   timestamptz NOT NULL, -- when the account's password was last changed then
    device_id     uuid,                 -- the session whose refresh token came with the log-in
    password_hash text,                 -- of a reset: the new password's
    tries         integer     NOT NULL DEFAULT 0,
    expires_at    timestamptz NOT NULL
);
CREATE INDEX second_factor_tickets_user_idx ON second_factor_tickets (user_id);
CREATE INDEX second_factor_tickets_expires_idx ON second_factor_tickets (expires_at);

CREATE TABLE passkeys (
    id              uuid PRIMARY KEY,
    user_id         uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name            text        NOT NULL, -- given by the owner
    credential_id   bytea       NOT NULL,
    public_key      bytea       NOT NULL,
    sign_count      bigint      NOT NULL, -- 0 for ever where the authenticator does not count
    backup_eligible boolean     NOT NULL, -- whether it may be synchronized between devices
    backed_up       boolean     NOT NULL,
    transports      text[]      NOT NULL,
    created_at      timestamptz NOT NULL,
    last_used_at    timestamptz
);
CREATE UNIQUE INDEX passkeys_credential_key ON passkeys (credential_id);
CREATE INDEX passkeys_user_idx ON passkeys (user_id, id);

-- Registrations and sign-ins with passkeys that are under way.
CREATE TABLE passkey_ceremonies (
    digest         bytea PRIMARY KEY,    -- SHA-256 of the ticket, which is random
    kind           text        NOT NULL CHECK (kind IN ('registration', 'login')),
    user_id        uuid REFERENCES users (id) ON DELETE CASCADE, -- of a registration; of a sign-in once it is known
    session_id     uuid,                 -- that asked for the registration
    name           text,                 -- of the new passkey
    challenge      jsonb       NOT NULL, -- what the authenticator's answer has to fulfil
    options        jsonb       NOT NULL, -- what the page gives to the browser
    code_challenge text,                 -- of the app that gets the sign-in (PKCE, S256)
    redirect_uri   text,
    state          text,                 -- of the app, returned to it
    code_digest    bytea,                -- SHA-256 of the code of a sign-in that succeeded
    passkey_id     uuid REFERENCES passkeys (id) ON DELETE CASCADE,
    expires_at     timestamptz NOT NULL
);
CREATE UNIQUE INDEX passkey_ceremonies_code_key ON passkey_ceremonies (code_digest) WHERE code_digest IS NOT NULL;
CREATE INDEX passkey_ceremonies_user_idx ON passkey_ceremonies (user_id);
CREATE INDEX passkey_ceremonies_passkey_idx ON passkey_ceremonies (passkey_id);
CREATE INDEX passkey_ceremonies_expires_idx ON passkey_ceremonies (expires_at);
