-- Orders, their lines and their history. Names of constraints are part of the code: see src/error.rs.

CREATE SEQUENCE orders_left_cart_seq;

CREATE TABLE orders (
    id                      uuid        PRIMARY KEY,
    user_id                 uuid        NOT NULL,
    status                  text        NOT NULL CHECK (status IN ('pending', 'confirmed', 'processing',
                                            'shipped', 'delivered', 'cancelled', 'refunded')),
    currency                text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    subtotal_cents          bigint      NOT NULL CHECK (subtotal_cents >= 0),
    shipping_cents          bigint      NOT NULL CHECK (shipping_cents >= 0),
    tax_cents               bigint      NOT NULL CHECK (tax_cents >= 0),
    total_cents             bigint      NOT NULL,
    refunded_cents          bigint      NOT NULL DEFAULT 0,
    recipient               text        NOT NULL,
    street                  text        NOT NULL,
    city                    text        NOT NULL,
    state                   text        NOT NULL,
    zip_code                text        NOT NULL,
    country                 text        NOT NULL,
    payment_method          text        NOT NULL,
    carrier                 text        NOT NULL,
    service                 text        NOT NULL,
    weight_grams            integer     NOT NULL CHECK (weight_grams > 0),
    cart_version            bigint      NOT NULL,
    -- Its units are still in the cart, or its checkout is at work: nothing else is ordered meanwhile.
    in_cart                 boolean     NOT NULL DEFAULT true,
    -- A number that grows, of when its paid units left the cart.
    left_cart               bigint,
    idempotency_key         text,
    -- SHA-256 of what was asked for with the key.
    fingerprint             bytea       NOT NULL,
    transaction_id          text,
    tracking_number         text,
    failure_code            text,
    decline_code            text        NOT NULL DEFAULT '',
    unavailable_product_ids uuid[]      NOT NULL DEFAULT '{}',
    created_at              timestamptz NOT NULL,
    updated_at              timestamptz NOT NULL,
    CHECK (total_cents = subtotal_cents + shipping_cents + tax_cents),
    -- The last guards: never more back than was paid, nothing shipped or refunded without a payment.
    CONSTRAINT orders_refunded_within_total CHECK (refunded_cents BETWEEN 0 AND total_cents),
    CONSTRAINT orders_refunded_was_paid CHECK (refunded_cents = 0 OR transaction_id IS NOT NULL),
    CONSTRAINT orders_confirmed_was_paid
        CHECK (status IN ('pending', 'cancelled') OR transaction_id IS NOT NULL),
    CONSTRAINT orders_cancelled_gives_back CHECK (failure_code IS NULL OR transaction_id IS NULL)
);

-- A repeat returns the same order.
CREATE UNIQUE INDEX orders_idempotency_key ON orders (user_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
-- A key that met the order of another request stands for that order from then on, whatever becomes of it.
CREATE TABLE order_keys (
    user_id     uuid  NOT NULL,
    key         text  NOT NULL,
    fingerprint bytea NOT NULL,
    order_id    uuid  NOT NULL REFERENCES orders,
    PRIMARY KEY (user_id, key)
);
-- One order of a cart as it was; a refused customer can try again.
CREATE UNIQUE INDEX orders_cart_version_key ON orders (user_id, cart_version)
    WHERE status <> 'cancelled';
-- Nobody buys the same units twice.
CREATE UNIQUE INDEX orders_in_cart_key ON orders (user_id) WHERE in_cart;
-- The last of a customer's orders whose units left the cart.
CREATE INDEX orders_left_cart_idx ON orders (user_id, left_cart) WHERE left_cart IS NOT NULL;

-- Lists, newest first, with the tie-break that makes them stable.
CREATE INDEX orders_user_idx ON orders (user_id, created_at DESC, id DESC);
CREATE INDEX orders_newest_idx ON orders (created_at DESC, id DESC);
CREATE INDEX orders_status_idx ON orders (status, created_at DESC, id DESC);
-- What the checker looks at.
CREATE INDEX orders_updated_idx ON orders (updated_at) WHERE status <> 'pending';

CREATE TABLE order_lines (
    id               uuid    PRIMARY KEY,
    order_id         uuid    NOT NULL REFERENCES orders,
    position         integer NOT NULL,
    product_id       uuid    NOT NULL,
    product_name     text    NOT NULL,
    quantity         integer NOT NULL CHECK (quantity > 0),
    unit_price_cents bigint  NOT NULL CHECK (unit_price_cents >= 0),
    UNIQUE (order_id, position)
);

CREATE TABLE order_history (
    id         uuid        PRIMARY KEY,
    order_id   uuid        NOT NULL REFERENCES orders,
    -- Two entries of one moment keep their order.
    position   bigint      GENERATED ALWAYS AS IDENTITY,
    status     text        NOT NULL,
    notes      text        NOT NULL,
    actor_id   text        NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE INDEX order_history_order_id_idx ON order_history (order_id, position);
