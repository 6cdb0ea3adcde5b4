-- Stock, its ledger, and reservations.
--
-- Stock has a table of its own, so that a reservation locks and rewrites a narrow row and neither
-- waits for nor bloats the product with its texts.

CREATE TABLE stock (
    product_id uuid    PRIMARY KEY REFERENCES products,
    on_hand    integer NOT NULL CHECK (on_hand <= 2000000000),
    reserved   integer NOT NULL DEFAULT 0,
    -- The last guard: whatever the code does, nothing is sold twice.
    CONSTRAINT stock_reserved_within_on_hand CHECK (reserved BETWEEN 0 AND on_hand)
);

CREATE INDEX stock_available_idx ON stock ((on_hand - reserved), product_id);

-- Every movement with its reason. The sums of the deltas of a product are its row in `stock`.
CREATE TABLE stock_movements (
    id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id     uuid        NOT NULL REFERENCES stock,
    kind           text        NOT NULL CHECK (kind IN
                       ('initial', 'adjust', 'set', 'reserve', 'commit', 'release', 'expire', 'restock')),
    on_hand_delta  integer     NOT NULL,
    reserved_delta integer     NOT NULL,
    reason         text        NOT NULL,
    order_id       uuid,
    actor_id       text        NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL
);

CREATE INDEX stock_movements_product_id_idx ON stock_movements (product_id, id);
CREATE INDEX stock_movements_order_id_idx ON stock_movements (order_id) WHERE order_id IS NOT NULL;

-- One row an order, for as long as the order: it is the memory that makes repeats harmless. A row
-- without lines is a tombstone: an undo that came before what it undoes.
CREATE TABLE reservations (
    order_id                uuid        PRIMARY KEY,
    id                      uuid        NOT NULL UNIQUE,
    state                   text        NOT NULL CHECK (state IN
                                ('held', 'refused', 'committed', 'released', 'expired', 'restocked')),
    unavailable_product_ids uuid[]      NOT NULL DEFAULT '{}',
    expires_at              timestamptz NOT NULL,
    created_at              timestamptz NOT NULL,
    updated_at              timestamptz NOT NULL
);

-- What the sweeper asks for.
CREATE INDEX reservations_due_idx ON reservations (expires_at, order_id) WHERE state = 'held';

-- No foreign key to products: what was asked for is remembered also of products that never were.
CREATE TABLE reservation_lines (
    order_id   uuid    NOT NULL REFERENCES reservations,
    product_id uuid    NOT NULL,
    quantity   integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, product_id)
);
