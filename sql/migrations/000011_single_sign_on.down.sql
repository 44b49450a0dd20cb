DELETE FROM mail_codes WHERE purpose = 'link';
ALTER TABLE mail_codes DROP CONSTRAINT mail_codes_purpose_check;
ALTER TABLE mail_codes ADD CONSTRAINT mail_codes_purpose_check CHECK (purpose IN ('verification', 'reset', 'address'));
DROP VIEW sso_required;
UPDATE refresh_tokens SET revoked_for = 'logout' WHERE revoked_for = 'sso';
ALTER TABLE refresh_tokens DROP CONSTRAINT refresh_tokens_revoked_for_check;
ALTER TABLE refresh_tokens ADD CONSTRAINT refresh_tokens_revoked_for_check
    CHECK (revoked_for IN ('logout', 'password', 'reuse', 'operator', 'deletion', 'limit')) NOT VALID;
ALTER TABLE refresh_tokens DROP COLUMN sso_team_id;
DROP TABLE sso_answers;
DROP TABLE sso_starts;
DROP TABLE sso_identities;
DROP TABLE sso_domains;
DROP TABLE sso_connections;
