//! Invariants of stock and shipments.

use super::Invariant;

pub(super) static ALL: [Invariant; 4] = [
    Invariant {
        description: "the initial stock minus bought units is on hand, and nothing is reserved",
        sql: "SELECT 'product ' || w.product_id || ': ' || units || ' initially, '
                  || sold || ' bought, ' || on_hand || ' on hand, ' || reserved || ' reserved'
              FROM initial_stock w LEFT JOIN stock s USING (product_id) CROSS JOIN LATERAL (
                  SELECT coalesce(sum(quantity), 0) AS sold
                  FROM order_lines l JOIN order_totals o ON o.id = l.order_id
                  WHERE l.product_id = w.product_id AND o.bought) AS bought
              WHERE on_hand IS NULL OR units - sold <> on_hand OR reserved <> 0",
        faults: &[
            "UPDATE stock SET on_hand = on_hand - 1
             WHERE product_id = (SELECT product_id FROM stock LIMIT 1)",
            "UPDATE stock SET reserved = 1
             WHERE product_id = (SELECT product_id FROM stock LIMIT 1)",
            "UPDATE orders SET status = 'cancelled'
             WHERE id = (SELECT id FROM order_totals WHERE bought LIMIT 1)",
            "UPDATE order_lines SET quantity = quantity + 1 WHERE ctid =
                 (SELECT l.ctid FROM order_lines l
                  JOIN order_totals o ON o.id = l.order_id WHERE bought LIMIT 1)",
        ],
    },
    Invariant {
        description: "every change of the stock has exactly one movement",
        sql: "SELECT 'product ' || product_id FROM stock s
              WHERE (on_hand, reserved) IS DISTINCT FROM (
                  SELECT (sum(on_hand_delta)::int, sum(reserved_delta)::int) FROM stock_movements m
                  WHERE m.product_id = s.product_id)
              UNION ALL SELECT kind || ' of order ' || order_id || ' ' || count(*) || ' times'
                  FROM stock_movements WHERE order_id IS NOT NULL
                  GROUP BY product_id, order_id, kind HAVING count(*) > 1",
        faults: &[
            "DELETE FROM stock_movements WHERE ctid =
                 (SELECT ctid FROM stock_movements WHERE kind = 'commit' LIMIT 1)",
            "INSERT INTO stock_movements SELECT product_id, kind, 0, 0, order_id
             FROM stock_movements WHERE kind = 'commit' LIMIT 1",
        ],
    },
    Invariant {
        description: "the reservation of an order is committed if and only if the order was bought",
        sql: "SELECT 'order ' || coalesce(r.order_id, o.id) || ': ' || coalesce(r.state, 'none')
              FROM reservations r FULL JOIN order_totals o ON o.id = r.order_id
              WHERE o.id IS NULL OR coalesce(r.state = 'held', false)
                  OR coalesce(r.state = 'committed', false) <> bought",
        faults: &[
            "UPDATE reservations SET state = 'held' WHERE order_id =
                 (SELECT order_id FROM reservations WHERE state = 'released' LIMIT 1)",
            "UPDATE reservations SET state = 'committed' WHERE order_id =
                 (SELECT order_id FROM reservations WHERE state = 'restocked' LIMIT 1)",
            "DELETE FROM reservations WHERE order_id =
                 (SELECT order_id FROM reservations WHERE state = 'committed' LIMIT 1)",
        ],
    },
    Invariant {
        description: "every bought order has exactly one shipment, and no other order has one",
        sql: "SELECT 'order ' || coalesce(s.order_id, o.id) || ': ' || coalesce(shipment_count, 0)
                  || ' shipments'
              FROM (SELECT order_id, count(*) AS shipment_count FROM shipments
                    WHERE status <> 'cancelled' GROUP BY order_id) s
              FULL JOIN order_totals o ON o.id = s.order_id
              WHERE o.id IS NULL OR coalesce(shipment_count, 0) <> bought::int
                  OR (bought AND tracking_number IS NULL)",
        faults: &[
            "DELETE FROM shipments
             WHERE id = (SELECT id FROM shipments WHERE status <> 'cancelled' LIMIT 1)",
            "INSERT INTO shipments SELECT gen_random_uuid(), order_id, status FROM shipments
             WHERE status <> 'cancelled' LIMIT 1",
            "UPDATE shipments SET status = 'pending' WHERE id =
                 (SELECT s.id FROM shipments s JOIN order_totals o ON o.id = s.order_id
                  WHERE NOT bought LIMIT 1)",
            "INSERT INTO shipments VALUES (gen_random_uuid(), gen_random_uuid(), 'pending')",
        ],
    },
];
