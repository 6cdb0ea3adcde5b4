-- Categories and products. Names of constraints are part of the code: see src/error.rs.

CREATE TABLE categories (
    id          uuid        PRIMARY KEY,
    name        text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    slug        text        NOT NULL CONSTRAINT categories_slug_key UNIQUE,
    description text        NOT NULL DEFAULT '',
    parent_id   uuid        CONSTRAINT categories_parent_id_fkey REFERENCES categories,
    created_at  timestamptz NOT NULL,
    CHECK (parent_id <> id)
);

CREATE INDEX categories_parent_id_idx ON categories (parent_id);

CREATE TABLE products (
    id           uuid        PRIMARY KEY,
    name         text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    slug         text        NOT NULL CONSTRAINT products_slug_key UNIQUE,
    description  text        NOT NULL DEFAULT '',
    price_cents  bigint      NOT NULL CHECK (price_cents >= 0),
    currency     text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    category_id  uuid        CONSTRAINT products_category_id_fkey REFERENCES categories,
    image_urls   text[]      NOT NULL DEFAULT '{}',
    weight_grams integer     NOT NULL CHECK (weight_grams > 0),
    -- A deleted product is an inactive one: orders and wishlists still point at it.
    is_active    boolean     NOT NULL DEFAULT true,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL
);

-- One index for each order in which products are listed, with the tie-break that makes it stable.
CREATE INDEX products_newest_idx ON products (created_at, id);
CREATE INDEX products_price_idx  ON products (price_cents, id);
CREATE INDEX products_name_idx   ON products (lower(name), id);
-- Filter by category, and the number of active products in each.
CREATE INDEX products_category_idx ON products (category_id, is_active);
