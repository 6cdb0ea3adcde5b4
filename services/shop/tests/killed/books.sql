-- The books: the rows of all databases, and what shoppers saw, side by side, so that one statement can
-- compare them. Columns have the names and types of where they come from.

-- of order_db
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
-- of payment_db
CREATE TABLE transactions (
    id uuid, kind text, state text, parent_id uuid, order_id uuid, amount_cents bigint,
    provider_ref text
);
CREATE TABLE simulator_movements (
    key text, reference text, operation text, parent_reference text, amount_cents bigint,
    decline_code text
);
-- of catalog_db
CREATE TABLE stock (product_id uuid, on_hand integer, reserved integer);
CREATE TABLE stock_movements (
    product_id uuid, kind text, on_hand_delta integer, reserved_delta integer, order_id uuid
);
CREATE TABLE reservations (order_id uuid, state text);
-- of shipping_db
CREATE TABLE shipments (id uuid, order_id uuid, status text);
-- of notification_db
CREATE TABLE notifications (kind text, idempotency_key text, status text);

-- what was there before the first order
CREATE TABLE wares (product_id uuid, units integer);
-- what the shoppers saw
CREATE TABLE accounts (user_id uuid);
CREATE TABLE unsure (user_id uuid);
CREATE TABLE puts (user_id uuid, product_id uuid, quantity integer);
CREATE TABLE asked (user_id uuid, key uuid, status integer, order_id uuid);
CREATE TABLE cancels (order_id uuid, status integer);
-- what is left in the carts
CREATE TABLE carts (user_id uuid, product_id uuid, quantity integer);

CREATE INDEX ON transactions (order_id);

-- Each order beside what the other services did for it. `bought`: it was paid and not called off.
CREATE VIEW sums AS
SELECT o.*, c.step = 'confirmed' AS confirmed,
    c.step = 'confirmed' AND o.status <> 'cancelled' AS bought,
    (SELECT count(*) FROM transactions t
     WHERE t.order_id = o.id AND t.kind IN ('capture', 'charge') AND t.state = 'done') AS captures,
    (SELECT coalesce(sum(amount_cents), 0) FROM transactions t
     WHERE t.order_id = o.id AND t.kind IN ('capture', 'charge') AND t.state = 'done') AS captured,
    (SELECT coalesce(sum(amount_cents), 0) FROM transactions t
     WHERE t.order_id = o.id AND t.kind = 'refund' AND t.state = 'done') AS given_back
FROM orders o LEFT JOIN checkouts c ON c.order_id = o.id;
