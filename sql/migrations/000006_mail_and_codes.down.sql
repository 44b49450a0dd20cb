DROP TABLE mail_outbox;
DROP TABLE mail_codes;
ALTER TABLE users DROP COLUMN language, DROP COLUMN email_verified_at;
