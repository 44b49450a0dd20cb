DROP TABLE backup_usage;
DROP TABLE backup_metadata;
DROP TABLE stripe_inbox;
DROP TABLE subscriptions;
DROP TABLE account_deletions;
DROP TABLE login_attempts;
DROP TABLE refresh_tokens;
DROP TABLE users;
