DELETE FROM token_usage t WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = t.user_id);
ALTER TABLE token_usage
    ADD CONSTRAINT token_usage_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;
DROP VIEW team_plans;
DROP VIEW team_seats;
DROP FUNCTION own_team_seats;
DROP TABLE team_invitations;
DROP TABLE team_members;
DROP TABLE teams;
