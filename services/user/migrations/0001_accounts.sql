-- Accounts and what they tell of a person.

CREATE TABLE users (
    id            uuid        PRIMARY KEY,
    -- As its owner writes it; mail goes here.
    email         text        NOT NULL CHECK (octet_length(email) BETWEEN 3 AND 254),
    -- What all ways of writing it have in common; no two accounts share it.
    email_key     text        NOT NULL,
    -- bcrypt, in its own text form.
    password_hash text        NOT NULL,
    role          text        NOT NULL CHECK (role IN ('customer', 'admin')),
    disabled      boolean     NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT users_email_key UNIQUE (email_key)
);

-- The order in which accounts are listed.
CREATE INDEX users_newest_idx ON users (created_at, id);
-- Whether somebody else can still run the shop.
CREATE INDEX users_active_admins_idx ON users (id) WHERE role = 'admin' AND NOT disabled;

CREATE TABLE profiles (
    user_id    uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    -- Empty: not told.
    first_name text NOT NULL,
    last_name  text NOT NULL,
    phone      text NOT NULL,
    avatar_url text NOT NULL
);
