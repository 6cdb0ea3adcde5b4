-- Networks from which accounts signed in, and the mail when sign-ins with an address are throttled.
-- The previous release ignores the new table and column. It postpones a mail whose kind it does not
-- know; the new release sends it.

-- The networks from which the owner of an account has signed in: at most 10, for 90 days.
CREATE TABLE known_networks (
    user_id      uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- HMAC-SHA-256 of the account's address and the network. The key is not in the database.
    digest       bytea       NOT NULL CHECK (octet_length(digest) = 32),
    last_used_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, digest)
);

CREATE INDEX known_networks_last_used_idx ON known_networks (last_used_at);

-- When the owner of the address was last sent a mail about throttled sign-ins.
ALTER TABLE sign_in_attempts
    ADD COLUMN mailed_at timestamptz;

-- The program knows the kinds of mails. A list here would have to change with each of them.
ALTER TABLE outbox
    DROP CONSTRAINT outbox_kind_check,
    ADD CONSTRAINT outbox_kind_check CHECK (kind ~ '^[a-z_]{1,40}$');

-- At most one such mail waits for an address, so that failed sign-ins do not fill the table.
CREATE UNIQUE INDEX outbox_sign_in_throttled_key ON outbox (email_key)
    WHERE kind = 'sign_in_throttled';
