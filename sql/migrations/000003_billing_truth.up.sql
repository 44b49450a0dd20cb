-- What tells Stripe's states apart: which account wrote them, in which order, and what was paid.

-- The Stripe account and mode that customers and subscriptions belong to. At most one row.
CREATE TABLE stripe_account (
    singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    account_id text        NOT NULL,
    livemode   boolean     NOT NULL,
    adopted_at timestamptz NOT NULL
);

-- Numbers every look at Stripe. A later look has a higher number, whatever the clocks say.
CREATE SEQUENCE billing_versions;

ALTER TABLE subscriptions
    ADD COLUMN version    bigint NOT NULL DEFAULT 0, -- of the look at Stripe that the row holds
    ADD COLUMN paid_tier  text CHECK (paid_tier IN ('free', 'pro', 'power', 'team')), -- last paid for; null while unknown
    ADD COLUMN paid_seats integer,
    DROP CONSTRAINT subscriptions_seats_check,
    ADD CONSTRAINT subscriptions_seats_check CHECK (seats >= 0);
UPDATE subscriptions SET paid_tier = tier, paid_seats = seats WHERE status IN ('active', 'past_due');
CREATE INDEX subscriptions_running_idx ON subscriptions (stripe_subscription_id)
    WHERE status NOT IN ('canceled', 'incomplete_expired');

-- foreign: of another mode, or of a subscription that is none of ours. dead: given up, which an operator was told.
ALTER TABLE stripe_inbox
    DROP CONSTRAINT stripe_inbox_state_check,
    ADD CONSTRAINT stripe_inbox_state_check CHECK (state IN ('pending', 'done', 'orphan', 'foreign', 'dead'));
CREATE INDEX stripe_inbox_settled_idx ON stripe_inbox (received_at) WHERE state <> 'pending';

-- Accounts that were deleted, until their subscriptions are known to have ended. The trigger writes them, so that no way
-- of deleting an account forgets it.
CREATE TABLE deleted_customers (
    user_id            uuid PRIMARY KEY,
    stripe_customer_id text        NOT NULL,
    deleted_at         timestamptz NOT NULL
);
CREATE INDEX deleted_customers_customer_idx ON deleted_customers (stripe_customer_id);
CREATE FUNCTION remember_deleted_customer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO deleted_customers (user_id, stripe_customer_id, deleted_at)
    VALUES (OLD.id, OLD.stripe_customer_id, clock_timestamp())
    ON CONFLICT (user_id) DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER users_remember_deleted_customer AFTER DELETE ON users
    FOR EACH ROW WHEN (OLD.stripe_customer_id IS NOT NULL) EXECUTE FUNCTION remember_deleted_customer();

-- The reconcile that runs, or ran last: who runs it until when, and how far it got. One row.
CREATE TABLE billing_reconcile (
    singleton    boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    holder       uuid,
    leased_until timestamptz NOT NULL,
    started_at   timestamptz NOT NULL,
    version      bigint      NOT NULL, -- of the look with which it began; 0 when none is unfinished
    after        text        NOT NULL  -- the last subscription of Stripe's list that was saved
);
INSERT INTO billing_reconcile (leased_until, started_at, version, after) VALUES ('epoch', 'epoch', 0, '');
