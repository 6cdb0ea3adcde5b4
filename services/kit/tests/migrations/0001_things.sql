CREATE TABLE things (
    name text NOT NULL CONSTRAINT things_name_key UNIQUE
);
