-- The provider that a team signs in with.
CREATE TABLE sso_connections (
    team_id       uuid PRIMARY KEY REFERENCES teams (id) ON DELETE CASCADE,
    issuer        text        NOT NULL,
    client_id     text        NOT NULL,
    client_secret bytea       NOT NULL, -- sealed with SECRETS_KEY, bound to the team
    key_id        bytea       NOT NULL, -- of the key that sealed it
    required      boolean     NOT NULL, -- whether members of its domains sign in with it only
    updated_at    timestamptz NOT NULL
);
CREATE INDEX sso_connections_key_idx ON sso_connections (key_id);

-- The domains of a team. One counts from proved_at on: a DNS record held the token then, and held it ever since it was
-- looked up. A domain counts for one team.
CREATE TABLE sso_domains (
    team_id       uuid        NOT NULL REFERENCES sso_connections (team_id) ON DELETE CASCADE,
    domain        text        NOT NULL,
    token         text        NOT NULL, -- public: it is in DNS
    created_at    timestamptz NOT NULL,
    proved_at     timestamptz,
    checked_at    timestamptz,
    next_check_at timestamptz NOT NULL, -- also the lease of the worker that looks it up
    PRIMARY KEY (team_id, domain)
);
CREATE UNIQUE INDEX sso_domains_proved_key ON sso_domains (domain) WHERE proved_at IS NOT NULL;
CREATE INDEX sso_domains_due_idx ON sso_domains (next_check_at);

-- What providers call the people whose accounts these are. team_id is NULL for a provider of the operator. One team's
-- provider says nothing about what another's, or the operator's, calls somebody, even if they have the same issuer.
CREATE TABLE sso_identities (
    id           uuid PRIMARY KEY,
    user_id      uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    team_id      uuid REFERENCES teams (id) ON DELETE CASCADE,
    issuer       text        NOT NULL,
    subject      text        NOT NULL,
    email        text        NOT NULL, -- of the person at the provider, when it was linked
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX sso_identities_subject_key
    ON sso_identities (issuer, subject, (coalesce(team_id, '00000000-0000-0000-0000-000000000000')));
CREATE INDEX sso_identities_user_idx ON sso_identities (user_id, id);
CREATE INDEX sso_identities_team_idx ON sso_identities (team_id);

-- Sign-ins at a provider. What the provider has to repeat is derived from the state and the browser's cookie, which are
-- not kept.
CREATE TABLE sso_starts (
    digest         bytea PRIMARY KEY,    -- SHA-256 of the state, which is random
    browser        bytea       NOT NULL, -- SHA-256 of the cookie, which is random
    provider       text,                 -- of the operator
    team_id        uuid REFERENCES sso_connections (team_id) ON DELETE CASCADE,
    code_challenge text        NOT NULL, -- of the app that gets the sign-in (PKCE, S256)
    redirect_uri   text        NOT NULL,
    state          text        NOT NULL, -- of the app, returned to it
    expires_at     timestamptz NOT NULL
);
CREATE INDEX sso_starts_team_idx ON sso_starts (team_id);
CREATE INDEX sso_starts_expires_idx ON sso_starts (expires_at);

-- What a provider said, until the app asks for it with its code, or the owner of an account proves with the ticket that it
-- is theirs.
CREATE TABLE sso_answers (
    digest         bytea PRIMARY KEY,    -- SHA-256 of the code or the ticket, which is random
    user_id        uuid REFERENCES users (id) ON DELETE CASCADE, -- of a ticket: the account of the same address
    team_id        uuid REFERENCES sso_connections (team_id) ON DELETE CASCADE,
    code_challenge text,                 -- NULL for a ticket
    issuer         text        NOT NULL,
    subject        text        NOT NULL,
    email          text        NOT NULL,
    email_verified boolean     NOT NULL,
    expires_at     timestamptz NOT NULL
);
CREATE INDEX sso_answers_user_idx ON sso_answers (user_id);
CREATE INDEX sso_answers_team_idx ON sso_answers (team_id);
CREATE INDEX sso_answers_expires_idx ON sso_answers (expires_at);

-- The team whose provider a session was opened with. NULL for every other way to sign in.
ALTER TABLE refresh_tokens ADD COLUMN sso_team_id uuid;
ALTER TABLE refresh_tokens DROP CONSTRAINT refresh_tokens_revoked_for_check;
ALTER TABLE refresh_tokens ADD CONSTRAINT refresh_tokens_revoked_for_check
    CHECK (revoked_for IN ('logout', 'password', 'reuse', 'operator', 'deletion', 'limit', 'sso')) NOT VALID;

-- The accounts that may sign in with the provider of their team only.
CREATE VIEW sso_required AS
SELECT m.user_id, m.team_id
FROM team_members m
JOIN sso_connections c ON c.team_id = m.team_id AND c.required
JOIN teams t ON t.id = m.team_id AND t.owner_id <> m.user_id
JOIN users u ON u.id = m.user_id
JOIN sso_domains d ON d.team_id = m.team_id AND d.domain = split_part(u.email, '@', 2) AND d.proved_at IS NOT NULL
JOIN team_seats s ON s.team_id = m.team_id AND s.seats > 0;

-- A code may prove that an account may be linked to a provider's sign-in.
ALTER TABLE mail_codes DROP CONSTRAINT mail_codes_purpose_check;
ALTER TABLE mail_codes ADD CONSTRAINT mail_codes_purpose_check
    CHECK (purpose IN ('verification', 'reset', 'address', 'link'));
