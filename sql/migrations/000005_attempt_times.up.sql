-- When each wrong password was tried, so that each stops counting by itself. attempts is no longer read; a later
-- migration drops it.
ALTER TABLE password_attempts ADD COLUMN tried_at timestamptz[] NOT NULL DEFAULT '{}';
