//! Invariants of orders and of the responses that shoppers received.

use super::Invariant;

pub(super) static ALL: [Invariant; 4] = [
    Invariant {
        description: "every order is in a final state, and all work for it is finished",
        sql: "SELECT 'order ' || id || ' is ' || status FROM order_totals
                  WHERE status NOT IN ('confirmed', 'cancelled') OR in_cart OR confirmed IS NULL
              UNION ALL SELECT 'checkout ' || order_id || ' is at ' || step FROM checkouts
                  WHERE step NOT IN ('confirmed', 'cancelled') OR lease_until IS NOT NULL
              UNION ALL SELECT 'refund ' || id || ' is at ' || step FROM refunds
                  WHERE step <> 'done' OR lease_until IS NOT NULL
              UNION ALL SELECT topic || ' of ' || order_id || ' is ' || state FROM outbox
                  WHERE state <> 'delivered' OR lease_until IS NOT NULL
              UNION ALL SELECT kind || ' ' || id || ' is open' FROM transactions
                  WHERE state = 'open'",
        faults: &[
            "UPDATE orders SET status = 'pending'
             WHERE id = (SELECT id FROM order_totals WHERE bought LIMIT 1)",
            "UPDATE checkouts SET step = 'capture'
             WHERE order_id = (SELECT order_id FROM checkouts LIMIT 1)",
            "UPDATE checkouts SET lease_until = now()
             WHERE order_id = (SELECT order_id FROM checkouts LIMIT 1)",
            "DELETE FROM checkouts WHERE order_id = (SELECT order_id FROM checkouts LIMIT 1)",
            "UPDATE refunds SET step = 'restock' WHERE id = (SELECT id FROM refunds LIMIT 1)",
            "UPDATE outbox SET state = 'waiting' WHERE ctid = (SELECT ctid FROM outbox LIMIT 1)",
            "UPDATE transactions SET state = 'open'
             WHERE id = (SELECT id FROM transactions LIMIT 1)",
        ],
    },
    Invariant {
        description: "an idempotency key creates one order, which every response names",
        sql: "SELECT 'key ' || idempotency_key || ': ' || count(*) || ' orders' FROM orders
                  GROUP BY user_id, idempotency_key HAVING count(*) > 1 OR idempotency_key IS NULL
              UNION ALL SELECT DISTINCT 'key ' || a.key || ' was answered with ' || a.order_id
                  FROM order_requests a LEFT JOIN orders o ON o.id = a.order_id
                      AND o.user_id = a.user_id AND o.idempotency_key = a.key::text
                  WHERE a.order_id IS NOT NULL AND o.id IS NULL
              UNION ALL SELECT 'order ' || o.id || ' without a request' FROM orders o
                  WHERE NOT EXISTS (SELECT FROM order_requests a
                      WHERE a.user_id = o.user_id AND a.key::text = o.idempotency_key)",
        faults: &[
            "INSERT INTO orders SELECT gen_random_uuid(), user_id, status, total_cents,
                 refunded_cents, in_cart, idempotency_key, transaction_id, failure_code,
                 tracking_number FROM orders LIMIT 1",
            "UPDATE order_requests SET order_id = gen_random_uuid() WHERE ctid =
                 (SELECT ctid FROM order_requests WHERE order_id IS NOT NULL LIMIT 1)",
            "UPDATE order_requests SET order_id =
                 (SELECT id FROM orders WHERE id <> order_id LIMIT 1)
             WHERE ctid = (SELECT ctid FROM order_requests WHERE order_id IS NOT NULL LIMIT 1)",
            "UPDATE orders SET idempotency_key = gen_random_uuid()::text WHERE id =
                 (SELECT id FROM orders LIMIT 1)",
        ],
    },
    Invariant {
        description: "orders match responses: 201 placed, 402 or 409 refused, 200 or 202 canceled",
        sql: "SELECT DISTINCT a.status || ' for order ' || o.id || ', ' || o.status || ' '
                  || coalesce(failure_code, '')
              FROM order_requests a JOIN order_totals o ON o.id = a.order_id
              WHERE CASE a.status WHEN 201 THEN failure_code IS NOT NULL
                      WHEN 202 THEN false
                      ELSE failure_code IS NULL OR o.status <> 'cancelled' END
              UNION ALL SELECT DISTINCT c.status || ' for a cancel of order ' || o.id || ', '
                  || o.status FROM cancel_requests c JOIN orders o ON o.id = c.order_id
                  WHERE c.status IS NOT NULL AND o.status <> 'cancelled'",
        faults: &[
            "UPDATE orders SET failure_code = 'checkout_timed_out' WHERE id =
                 (SELECT order_id FROM order_requests WHERE status = 201 LIMIT 1)",
            "UPDATE orders SET failure_code = NULL WHERE id =
                 (SELECT order_id FROM order_requests WHERE status = 402 LIMIT 1)",
            "UPDATE orders SET status = 'confirmed' WHERE id =
                 (SELECT order_id FROM cancel_requests WHERE status IS NOT NULL LIMIT 1)",
        ],
    },
    Invariant {
        description: "an order is cancelled only if it was refused or a shopper requested it",
        sql: "SELECT 'order ' || o.id FROM order_totals o WHERE status = 'cancelled'
                  AND failure_code IS NULL
                  AND NOT EXISTS (SELECT FROM cancel_requests c WHERE c.order_id = o.id)
              UNION ALL SELECT 'order ' || id || ' was refused and paid' FROM order_totals
                  WHERE failure_code IS NOT NULL AND (status <> 'cancelled' OR confirmed)",
        faults: &[
            "UPDATE orders SET status = 'cancelled' WHERE id =
                 (SELECT id FROM order_totals o WHERE bought AND NOT EXISTS
                     (SELECT FROM cancel_requests c WHERE c.order_id = o.id) LIMIT 1)",
            "UPDATE orders SET failure_code = 'out_of_stock' WHERE id =
                 (SELECT id FROM order_totals WHERE confirmed LIMIT 1)",
        ],
    },
];
