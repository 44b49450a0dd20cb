DROP INDEX audit_events_sign_ins_idx;
ALTER TABLE subscriptions DROP COLUMN payment_failed_told_at;
DROP TABLE customer_updates;
