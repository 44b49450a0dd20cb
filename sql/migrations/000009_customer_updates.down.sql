DROP TABLE customer_updates;
