-- Tokens of language models that an account used on a day (UTC), and what running requests have reserved. Only numbers.
CREATE TABLE token_usage (
    user_id  uuid    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day      date    NOT NULL,
    used     bigint  NOT NULL DEFAULT 0 CHECK (used >= 0),
    reserved bigint  NOT NULL DEFAULT 0 CHECK (reserved >= 0), -- the sum of the day's rows in token_reservations
    granted  bigint  NOT NULL DEFAULT 0 CHECK (granted >= 0),  -- what the latest statement reserved, for its RETURNING
    requests integer NOT NULL DEFAULT 0 CHECK (requests >= 0),
    PRIMARY KEY (user_id, day)
);
CREATE INDEX token_usage_day_idx ON token_usage (day);

-- One row for each running request. It ends with the request, or with its lease if the replica died.
CREATE TABLE token_reservations (
    id          uuid PRIMARY KEY,
    user_id     uuid        NOT NULL,
    day         date        NOT NULL,
    tokens      bigint      NOT NULL CHECK (tokens > 0),
    lease_until timestamptz NOT NULL,
    FOREIGN KEY (user_id, day) REFERENCES token_usage (user_id, day) ON DELETE CASCADE
);
CREATE INDEX token_reservations_usage_idx ON token_reservations (user_id, day);
CREATE INDEX token_reservations_lease_idx ON token_reservations (lease_until);
