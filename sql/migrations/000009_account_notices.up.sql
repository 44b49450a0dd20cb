-- Accounts whose address changed, so that their customer at Stripe has to get it. A row goes when Stripe has the address.
CREATE TABLE customer_updates (
    user_id     uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    changed_at  timestamptz NOT NULL,            -- the last change of the address
    attempts    integer     NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL             -- also the lease of the worker that has claimed it
);
CREATE INDEX customer_updates_due_idx ON customer_updates (next_try_at);

-- When the owner was last told that a payment failed.
ALTER TABLE subscriptions ADD COLUMN payment_failed_told_at timestamptz;

-- From which networks an account was signed in.
CREATE INDEX audit_events_sign_ins_idx ON audit_events (user_id, network, id) WHERE kind IN ('signed_in', 'registered');
