UPDATE refresh_tokens SET revoked_for = 'logout' WHERE revoked_for = 'limit';
ALTER TABLE refresh_tokens DROP CONSTRAINT refresh_tokens_revoked_for_check;
ALTER TABLE refresh_tokens ADD CONSTRAINT refresh_tokens_revoked_for_check
    CHECK (revoked_for IN ('logout', 'password', 'reuse', 'operator', 'deletion')) NOT VALID;
DROP INDEX refresh_tokens_live_idx;
DROP TABLE known_networks;
DROP TABLE password_attempts;
