-- What customers keep here.

CREATE TABLE addresses (
    id         uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL CONSTRAINT addresses_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    label      text        NOT NULL,
    recipient  text        NOT NULL,
    street     text        NOT NULL,
    city       text        NOT NULL,
    state      text        NOT NULL,
    zip_code   text        NOT NULL,
    country    text        NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    is_default boolean     NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE INDEX addresses_user_idx ON addresses (user_id, created_at, id);
-- At most one default; that there is one is seen to at the end of each transaction, below.
CREATE UNIQUE INDEX addresses_one_default_key ON addresses (user_id) WHERE is_default;

CREATE FUNCTION addresses_have_a_default() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    owner uuid := CASE TG_OP WHEN 'INSERT' THEN NEW.user_id ELSE OLD.user_id END;
BEGIN
    IF EXISTS (SELECT FROM addresses WHERE user_id = owner)
       AND NOT EXISTS (SELECT FROM addresses WHERE user_id = owner AND is_default)
    THEN
        RAISE EXCEPTION 'an account with addresses has a default one'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'addresses_have_a_default';
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER addresses_have_a_default
    AFTER INSERT OR UPDATE OF is_default OR DELETE ON addresses
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION addresses_have_a_default();

CREATE TABLE wishlist_items (
    id         uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- Of the catalog, which is asked by whoever shows it.
    product_id uuid        NOT NULL,
    added_at   timestamptz NOT NULL,
    CONSTRAINT wishlist_items_product_key UNIQUE (user_id, product_id)
);

CREATE INDEX wishlist_items_newest_idx ON wishlist_items (user_id, added_at, id);
