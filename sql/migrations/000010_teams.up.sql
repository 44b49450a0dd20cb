-- Teams. An account is in one team at most. The plan of the owner pays for it, or without one the plan of the former owner
-- who handed it over. An account owns one team, and pays for one that somebody else owns.
CREATE TABLE teams (
    id         uuid PRIMARY KEY,
    name       text        NOT NULL DEFAULT '',
    owner_id   uuid        NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    payer_id   uuid        UNIQUE REFERENCES users (id) ON DELETE SET NULL, -- a former owner
    created_at timestamptz NOT NULL
);

-- Seats are taken in the order of place. The owner has the lowest: a hand-over exchanges two places.
CREATE SEQUENCE team_places;
CREATE TABLE team_members (
    user_id   uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    team_id   uuid        NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    role      text        NOT NULL CHECK (role IN ('admin', 'member')), -- of the owner: 'admin', which it is after a hand-over
    place     bigint      NOT NULL DEFAULT nextval('team_places'),
    joined_at timestamptz NOT NULL
);
ALTER SEQUENCE team_places OWNED BY team_members.place;
CREATE INDEX team_members_place_idx ON team_members (team_id, place);
CREATE INDEX team_members_user_idx ON team_members (team_id, user_id);

-- Invitations. The code is made when its mail is sent, and only its HMAC is kept. Rows are pruned a day after they expired.
CREATE TABLE team_invitations (
    id         uuid PRIMARY KEY,
    team_id    uuid        NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    email      text        NOT NULL,
    digest     bytea,                -- NULL until the code is mailed, and once it is of no use
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz           -- when it was accepted, revoked or replaced
);
CREATE UNIQUE INDEX team_invitations_open_key ON team_invitations (team_id, email) WHERE ended_at IS NULL;
CREATE INDEX team_invitations_team_idx ON team_invitations (team_id, id);
CREATE INDEX team_invitations_email_idx ON team_invitations (email, id);
CREATE INDEX team_invitations_expires_idx ON team_invitations (expires_at);

-- How many seats of Team an account's own plan has: of its subscription or of an operator's grant. 0 for none.
CREATE FUNCTION own_team_seats(tier text, seats integer, grant_tier text, grant_seats integer, deleted_at timestamptz)
RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN deleted_at IS NOT NULL THEN 0 ELSE greatest(
        CASE WHEN tier = 'team' THEN seats ELSE 0 END, CASE WHEN grant_tier = 'team' THEN grant_seats ELSE 0 END) END
$$;

-- How many seats each team has. 0 while no plan pays for it.
CREATE VIEW team_seats AS
SELECT t.id AS team_id, coalesce(
    nullif(own_team_seats(o.tier, o.seats, o.grant_tier, o.grant_seats, o.deleted_at), 0),
    own_team_seats(p.tier, p.seats, p.grant_tier, p.grant_seats, p.deleted_at), 0) AS seats
FROM teams t JOIN users o ON o.id = t.owner_id LEFT JOIN users p ON p.id = t.payer_id;

-- What each account has by its team: team_id and its seats, or the nil id and 0 where it is in none or has no seat. lent
-- says that its own plan pays for a team that it is not in, so that it has no seat by it.
CREATE VIEW team_plans AS
SELECT u.id AS user_id,
    coalesce(s.team_id, '00000000-0000-0000-0000-000000000000') AS team_id,
    coalesce(s.seats, 0) AS seats,
    EXISTS (
        SELECT 1 FROM teams x JOIN users o ON o.id = x.owner_id
        WHERE x.payer_id = u.id AND x.id IS DISTINCT FROM m.team_id
            AND own_team_seats(o.tier, o.seats, o.grant_tier, o.grant_seats, o.deleted_at) = 0
    ) AS lent
FROM users u
LEFT JOIN team_members m ON m.user_id = u.id
LEFT JOIN team_seats s ON s.team_id = m.team_id
    AND (SELECT count(*) FROM team_members b WHERE b.team_id = m.team_id AND b.place < m.place) < s.seats;

-- The members of a team share one count of tokens, which is kept under the team's id.
ALTER TABLE token_usage DROP CONSTRAINT token_usage_user_id_fkey;
