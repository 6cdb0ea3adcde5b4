-- The snapshot: the rows of all databases and the observations of the shoppers in one database, so
-- that one statement can compare them. Columns have the names and types of their sources.

-- from order_db
CREATE TABLE orders (
    id uuid, user_id uuid, status text, total_cents bigint, refunded_cents bigint, in_cart boolean,
    idempotency_key text, transaction_id text, failure_code text, tracking_number text
);
CREATE TABLE order_lines (order_id uuid, product_id uuid, quantity integer);
CREATE TABLE checkouts (order_id uuid, step text, lease_until timestamptz);
CREATE TABLE refunds (
    id uuid, order_id uuid, kind text, amount_cents bigint, step text, lease_until timestamptz
);
CREATE TABLE outbox (order_id uuid, topic text, state text, lease_until timestamptz);
-- from payment_db
CREATE TABLE transactions (
    id uuid, kind text, state text, parent_id uuid, order_id uuid, amount_cents bigint,
    provider_ref text
);
CREATE TABLE simulator_movements (
    key text, reference text, operation text, parent_reference text, amount_cents bigint,
    decline_code text
);
-- from catalog_db
CREATE TABLE stock (product_id uuid, on_hand integer, reserved integer);
CREATE TABLE stock_movements (
    product_id uuid, kind text, on_hand_delta integer, reserved_delta integer, order_id uuid
);
CREATE TABLE reservations (order_id uuid, state text);
-- from shipping_db
CREATE TABLE shipments (id uuid, order_id uuid, status text);
-- from notification_db
CREATE TABLE notifications (kind text, idempotency_key text, status text);

-- the stock before the first order
CREATE TABLE initial_stock (product_id uuid, units integer);
-- the observations of the shoppers
CREATE TABLE accounts (user_id uuid);
CREATE TABLE unknown_carts (user_id uuid);
CREATE TABLE cart_additions (user_id uuid, product_id uuid, quantity integer);
CREATE TABLE order_requests (user_id uuid, key uuid, status integer, order_id uuid);
CREATE TABLE cancel_requests (order_id uuid, status integer);
-- the final content of the carts
CREATE TABLE carts (user_id uuid, product_id uuid, quantity integer);

CREATE INDEX ON transactions (order_id);

-- Each order with the movements of money that belong to it. `bought`: paid and not canceled.
CREATE VIEW order_totals AS
SELECT o.*, c.step = 'confirmed' AS confirmed,
    c.step = 'confirmed' AND o.status <> 'cancelled' AS bought,
    (SELECT count(*) FROM transactions t
     WHERE t.order_id = o.id AND t.kind IN ('capture', 'charge') AND t.state = 'done') AS captures,
    (SELECT coalesce(sum(amount_cents), 0) FROM transactions t
     WHERE t.order_id = o.id AND t.kind IN ('capture', 'charge') AND t.state = 'done') AS captured,
    (SELECT coalesce(sum(amount_cents), 0) FROM transactions t
     WHERE t.order_id = o.id AND t.kind = 'refund' AND t.state = 'done') AS refunded
FROM orders o LEFT JOIN checkouts c ON c.order_id = o.id;
