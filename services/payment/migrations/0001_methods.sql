-- Cards that customers saved: what the provider calls them, and what people know them by. No number,
-- no check digits.

-- One row a customer who ever saved a method; locked by whatever changes their methods, so that "one
-- is the default" and "no more than twenty" are decided by one at a time.
CREATE TABLE customers (
    user_id uuid PRIMARY KEY
);

CREATE TABLE payment_methods (
    id         uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES customers,
    provider   text        NOT NULL,
    token      text        NOT NULL,
    brand      text        NOT NULL,
    last_four  text        NOT NULL CHECK (last_four ~ '^[0-9]{4}$'),
    exp_month  integer     NOT NULL CHECK (exp_month BETWEEN 1 AND 12),
    exp_year   integer     NOT NULL,
    is_default boolean     NOT NULL,
    created_at timestamptz NOT NULL,
    -- Kept after it was removed, for the transactions that were made with it.
    removed_at timestamptz,
    CHECK (removed_at IS NULL OR NOT is_default)
);

CREATE INDEX payment_methods_user_id_idx ON payment_methods (user_id, created_at, id)
    WHERE removed_at IS NULL;
CREATE UNIQUE INDEX payment_methods_default_key ON payment_methods (user_id) WHERE is_default;

-- Requests to save a card that came with a key. A row without a method is one that is being worked on
-- until `busy_until`; after that it is taken over.
CREATE TABLE method_requests (
    user_id     uuid        NOT NULL,
    key         text        NOT NULL,
    -- An HMAC under a key that the database does not know.
    fingerprint bytea       NOT NULL,
    -- The key by which the provider knows the request.
    id          uuid        NOT NULL UNIQUE,
    method_id   uuid        REFERENCES payment_methods,
    busy_until  timestamptz NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (user_id, key)
);

CREATE INDEX method_requests_created_at_idx ON method_requests (created_at);
