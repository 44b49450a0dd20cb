DROP TABLE passkey_ceremonies;
DROP TABLE passkeys;
DROP TABLE second_factor_tickets;
DROP TABLE recovery_codes;
DROP TABLE totp_secrets;
