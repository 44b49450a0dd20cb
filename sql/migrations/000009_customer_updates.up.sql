-- Accounts whose address changed, so that their customer at Stripe has to get it. A row goes when Stripe has the address.
CREATE TABLE customer_updates (
    user_id     uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    changed_at  timestamptz NOT NULL,            -- the last change of the address
    attempts    integer     NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL             -- also the lease of the worker that has claimed it
);
CREATE INDEX customer_updates_due_idx ON customer_updates (next_try_at);
