DROP TABLE billing_reconcile;
DROP TRIGGER users_remember_deleted_customer ON users;
DROP FUNCTION remember_deleted_customer();
DROP TABLE deleted_customers;

DROP INDEX stripe_inbox_settled_idx;
UPDATE stripe_inbox SET state = 'orphan' WHERE state IN ('foreign', 'dead');
ALTER TABLE stripe_inbox
    DROP CONSTRAINT stripe_inbox_state_check,
    ADD CONSTRAINT stripe_inbox_state_check CHECK (state IN ('pending', 'done', 'orphan'));

DROP INDEX subscriptions_running_idx;
UPDATE subscriptions SET seats = 1 WHERE seats < 1;
ALTER TABLE subscriptions
    DROP COLUMN version, DROP COLUMN paid_tier, DROP COLUMN paid_seats,
    DROP CONSTRAINT subscriptions_seats_check,
    ADD CONSTRAINT subscriptions_seats_check CHECK (seats >= 1);

DROP SEQUENCE billing_versions;
DROP TABLE stripe_account;
