DROP TABLE token_reservations;
DROP TABLE token_usage;
