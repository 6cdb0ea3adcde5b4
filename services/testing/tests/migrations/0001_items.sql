CREATE TABLE items (name text PRIMARY KEY);
