ALTER TABLE password_attempts DROP COLUMN tried_at;
