//! What must be true once everything is quiet: each a statement over the books that gives what is wrong.
//! And of each, faults that it has to see: a check that sees nothing proves nothing.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, query, query_scalar};

/// The most findings that are told of one invariant.
const MAX_TOLD: usize = 5;

/// Something that must be true.
pub(crate) struct Invariant {
    /// In words.
    pub(crate) says: &'static str,
    /// Gives a text for each thing that contradicts it.
    sql: &'static str,
    /// Changes of the books that contradict it.
    faults: &'static [&'static str],
}

/// What contradicts the invariants, in words.
pub(crate) async fn findings(books: &mut PgConnection) -> Vec<String> {
    let mut all = Vec::new();
    for invariant in &INVARIANTS {
        let found = invariant.findings(books).await;
        let shown = found.iter().take(MAX_TOLD).map(|one| format!("  {one}\n"));
        if !found.is_empty() {
            all.push(format!(
                "{} ({} ×):\n{}",
                invariant.says,
                found.len(),
                shown.collect::<String>()
            ));
        }
    }
    all
}

/// The faults that are not seen: each is planted in the books, looked for, and taken back.
pub(crate) async fn blind_spots(books: &mut PgConnection) -> Vec<String> {
    let mut all = Vec::new();
    for invariant in &INVARIANTS {
        for fault in invariant.faults {
            let mut planted = books.begin().await.unwrap();
            let changed = query(AssertSqlSafe(*fault)).execute(&mut *planted).await.unwrap();
            if changed.rows_affected() == 0 {
                all.push(format!("{}: nothing in the books to spoil by {fault}", invariant.says));
            } else if invariant.findings(&mut planted).await.is_empty() {
                all.push(format!("{}: does not see {fault}", invariant.says));
            }
            planted.rollback().await.unwrap();
        }
    }
    all
}

impl Invariant {
    async fn findings(&self, books: &mut PgConnection) -> Vec<String> {
        query_scalar(self.sql).fetch_all(books).await.unwrap()
    }
}

const INVARIANTS: [Invariant; 14] = [
    Invariant {
        says: "every order has come to its end, and so has all work for it",
        sql: "SELECT 'order ' || id || ' is ' || status FROM sums
                  WHERE status NOT IN ('confirmed', 'cancelled') OR in_cart OR confirmed IS NULL
              UNION ALL SELECT 'checkout ' || order_id || ' is at ' || step FROM checkouts
                  WHERE step NOT IN ('confirmed', 'cancelled') OR lease_until IS NOT NULL
              UNION ALL SELECT 'refund ' || id || ' is at ' || step FROM refunds
                  WHERE step <> 'done' OR lease_until IS NOT NULL
              UNION ALL SELECT topic || ' of ' || order_id || ' is ' || state FROM outbox
                  WHERE state <> 'delivered' OR lease_until IS NOT NULL
              UNION ALL SELECT kind || ' ' || id || ' is open' FROM transactions WHERE state = 'open'",
        faults: &[
            "UPDATE orders SET status = 'pending' WHERE id = (SELECT id FROM sums WHERE bought LIMIT 1)",
            "UPDATE checkouts SET step = 'capture'
             WHERE order_id = (SELECT order_id FROM checkouts LIMIT 1)",
            "UPDATE checkouts SET lease_until = now()
             WHERE order_id = (SELECT order_id FROM checkouts LIMIT 1)",
            "DELETE FROM checkouts WHERE order_id = (SELECT order_id FROM checkouts LIMIT 1)",
            "UPDATE refunds SET step = 'restock' WHERE id = (SELECT id FROM refunds LIMIT 1)",
            "UPDATE outbox SET state = 'waiting' WHERE ctid = (SELECT ctid FROM outbox LIMIT 1)",
            "UPDATE transactions SET state = 'open' WHERE id = (SELECT id FROM transactions LIMIT 1)",
        ],
    },
    Invariant {
        says: "what was ordered was paid once, and nothing else was",
        sql: "SELECT 'order ' || id || ': ' || captures || ' captures, ' || captured || ' of ' || total_cents
                  FROM sums WHERE CASE WHEN confirmed THEN captures <> 1 OR captured <> total_cents
                      OR transaction_id IS NULL ELSE captures <> 0 OR transaction_id IS NOT NULL END
              UNION ALL SELECT kind || ' ' || t.id || ' without an order' FROM transactions t
                  LEFT JOIN orders o ON o.id = t.order_id WHERE o.id IS NULL",
        faults: &[
            "INSERT INTO transactions SELECT gen_random_uuid(), kind, state, parent_id, order_id,
                 amount_cents, provider_ref FROM transactions
             WHERE kind = 'capture' AND state = 'done' LIMIT 1",
            "UPDATE transactions SET amount_cents = amount_cents + 1 WHERE id =
                 (SELECT id FROM transactions WHERE kind = 'capture' AND state = 'done' LIMIT 1)",
            "DELETE FROM transactions WHERE id =
                 (SELECT id FROM transactions WHERE kind = 'capture' AND state = 'done' LIMIT 1)",
            "UPDATE transactions SET order_id = (SELECT id FROM sums WHERE NOT confirmed LIMIT 1)
             WHERE id = (SELECT id FROM transactions WHERE kind = 'capture' AND state = 'done' LIMIT 1)",
            "DELETE FROM orders WHERE id = (SELECT id FROM sums WHERE bought LIMIT 1)",
        ],
    },
    Invariant {
        says: "the money of cancelled orders was given back, all of it, and of no others",
        sql: "SELECT 'order ' || id || ', ' || status || ': ' || captured || ' taken, ' || given_back
                  || ' given back, it says ' || refunded_cents
              FROM sums WHERE given_back <> refunded_cents
                  OR captured - given_back <> CASE WHEN bought THEN total_cents ELSE 0 END",
        faults: &[
            "DELETE FROM transactions WHERE id =
                 (SELECT id FROM transactions WHERE kind = 'refund' AND state = 'done' LIMIT 1)",
            "INSERT INTO transactions SELECT gen_random_uuid(), 'refund', state, id, order_id,
                 amount_cents, provider_ref FROM transactions
             WHERE kind = 'capture' AND state = 'done' AND order_id IN (SELECT id FROM sums WHERE bought)
             LIMIT 1",
            "UPDATE orders SET refunded_cents = 1 WHERE id = (SELECT id FROM sums WHERE bought LIMIT 1)",
        ],
    },
    Invariant {
        says: "no money is held any more",
        sql: "SELECT 'authorisation ' || a.id || ' of order ' || a.order_id FROM transactions a
              WHERE a.kind = 'authorization' AND a.state = 'done' AND NOT EXISTS
                  (SELECT FROM transactions c
                   WHERE c.parent_id = a.id AND c.kind = 'capture' AND c.state = 'done')",
        faults: &[
            "UPDATE transactions SET state = 'done' WHERE id = (SELECT id FROM transactions
                 WHERE kind = 'authorization' AND state <> 'done' LIMIT 1)",
        ],
    },
    Invariant {
        says: "the provider has the same movements as we have",
        sql: "SELECT coalesce(t.kind || ' ' || t.id, m.operation || ' ' || m.key) || ': ' ||
                  coalesce(t.state, 'unknown to us') || ', ' || coalesce(m.decline_code, m.reference, 'not there')
              FROM transactions t FULL JOIN simulator_movements m ON m.key = t.id::text
              WHERE t.id IS NULL OR m.amount_cents <> t.amount_cents
                  OR m.operation <> CASE t.kind WHEN 'authorization' THEN 'authorize' ELSE t.kind END
                  OR CASE WHEN t.state = 'failed' THEN m.key IS NOT NULL AND m.decline_code IS NULL
                      -- A void of what never was needs no provider.
                      WHEN t.kind = 'void' AND t.provider_ref = '' THEN m.key IS NOT NULL
                      ELSE m.key IS NULL OR m.decline_code IS NOT NULL OR m.reference <> t.provider_ref
                      END",
        faults: &[
            "DELETE FROM transactions WHERE id =
                 (SELECT id FROM transactions WHERE kind = 'capture' AND state = 'done' LIMIT 1)",
            "DELETE FROM simulator_movements WHERE key =
                 (SELECT key FROM simulator_movements WHERE operation = 'capture' LIMIT 1)",
            "UPDATE simulator_movements SET amount_cents = amount_cents + 1 WHERE key =
                 (SELECT key FROM simulator_movements LIMIT 1)",
            "UPDATE simulator_movements SET decline_code = 'card_declined' WHERE key =
                 (SELECT key FROM simulator_movements WHERE operation = 'capture' LIMIT 1)",
            "UPDATE transactions SET state = 'failed' WHERE id =
                 (SELECT id FROM transactions WHERE kind = 'capture' AND state = 'done' LIMIT 1)",
        ],
    },
    Invariant {
        says: "what is missing on the shelves was bought, and nothing is put aside",
        sql: "SELECT 'product ' || w.product_id || ': ' || units || ' at first, ' || sold || ' bought, '
                  || on_hand || ' left, ' || reserved || ' put aside'
              FROM wares w LEFT JOIN stock s USING (product_id) CROSS JOIN LATERAL (
                  SELECT coalesce(sum(quantity), 0) AS sold FROM order_lines l JOIN sums o ON o.id = l.order_id
                  WHERE l.product_id = w.product_id AND o.bought) AS bought
              WHERE on_hand IS NULL OR units - sold <> on_hand OR reserved <> 0",
        faults: &[
            "UPDATE stock SET on_hand = on_hand - 1 WHERE product_id = (SELECT product_id FROM stock LIMIT 1)",
            "UPDATE stock SET reserved = 1 WHERE product_id = (SELECT product_id FROM stock LIMIT 1)",
            "UPDATE orders SET status = 'cancelled' WHERE id = (SELECT id FROM sums WHERE bought LIMIT 1)",
            "UPDATE order_lines SET quantity = quantity + 1 WHERE ctid = (SELECT l.ctid FROM order_lines l
                 JOIN sums o ON o.id = l.order_id WHERE bought LIMIT 1)",
        ],
    },
    Invariant {
        says: "every movement of the stock is written down",
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
            "INSERT INTO stock_movements SELECT product_id, kind, 0, 0, order_id FROM stock_movements
             WHERE kind = 'commit' LIMIT 1",
        ],
    },
    Invariant {
        says: "the stock of an order has left exactly when it was bought",
        sql: "SELECT 'order ' || coalesce(r.order_id, o.id) || ': ' || coalesce(r.state, 'none')
              FROM reservations r FULL JOIN sums o ON o.id = r.order_id
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
        says: "what was bought is sent once, and nothing else is",
        sql: "SELECT 'order ' || coalesce(s.order_id, o.id) || ': ' || coalesce(parcels, 0) || ' parcels'
              FROM (SELECT order_id, count(*) AS parcels FROM shipments WHERE status <> 'cancelled'
                    GROUP BY order_id) s
              FULL JOIN sums o ON o.id = s.order_id
              WHERE o.id IS NULL OR coalesce(parcels, 0) <> bought::int
                  OR (bought AND tracking_number IS NULL)",
        faults: &[
            "DELETE FROM shipments WHERE id = (SELECT id FROM shipments WHERE status <> 'cancelled' LIMIT 1)",
            "INSERT INTO shipments SELECT gen_random_uuid(), order_id, status FROM shipments
             WHERE status <> 'cancelled' LIMIT 1",
            "UPDATE shipments SET status = 'pending' WHERE id =
                 (SELECT s.id FROM shipments s JOIN sums o ON o.id = s.order_id WHERE NOT bought LIMIT 1)",
            "INSERT INTO shipments VALUES (gen_random_uuid(), gen_random_uuid(), 'pending')",
        ],
    },
    Invariant {
        says: "everybody gets one mail of each kind that is due, and no other",
        sql: "SELECT 'order ' || coalesce(d.order_id, s.order_id) || ': ' || coalesce(s.mails, 0) || ' of '
                  || coalesce(d.mails, 0) || ' × ' || coalesce(d.kind, s.kind)
              FROM (
                  SELECT id AS order_id, 'order_confirmation' AS kind, 1 AS mails FROM sums WHERE confirmed
                  UNION ALL SELECT id, 'order_cancelled', 1 FROM orders WHERE status = 'cancelled'
                  UNION ALL SELECT order_id, 'refund_issued', count(*) FROM refunds GROUP BY order_id
              ) d FULL JOIN (
                  SELECT split_part(idempotency_key, ':', 1)::uuid AS order_id, kind, count(*) AS mails
                  FROM notifications WHERE kind <> 'welcome' GROUP BY 1, 2
              ) s ON s.order_id = d.order_id AND s.kind = d.kind
              WHERE coalesce(s.mails, 0) <> coalesce(d.mails, 0)
              UNION ALL SELECT kind || ' ' || idempotency_key || ' is ' || status FROM notifications
                  WHERE status <> 'sent'",
        faults: &[
            "DELETE FROM notifications WHERE ctid =
                 (SELECT ctid FROM notifications WHERE kind = 'order_confirmation' LIMIT 1)",
            "INSERT INTO notifications SELECT kind, idempotency_key || ':again', status FROM notifications
             WHERE kind = 'order_cancelled' LIMIT 1",
            "INSERT INTO notifications SELECT 'order_confirmation', id || ':confirmation', 'sent' FROM sums
             WHERE NOT confirmed LIMIT 1",
            "UPDATE notifications SET status = 'failed' WHERE ctid =
                 (SELECT ctid FROM notifications WHERE kind = 'refund_issued' LIMIT 1)",
        ],
    },
    Invariant {
        says: "a key makes one order, and is answered with no other",
        sql: "SELECT 'key ' || idempotency_key || ': ' || count(*) || ' orders' FROM orders
                  GROUP BY user_id, idempotency_key HAVING count(*) > 1 OR idempotency_key IS NULL
              UNION ALL SELECT DISTINCT 'key ' || a.key || ' was answered with ' || a.order_id FROM asked a
                  LEFT JOIN orders o ON o.id = a.order_id AND o.user_id = a.user_id
                      AND o.idempotency_key = a.key::text
                  WHERE a.order_id IS NOT NULL AND o.id IS NULL
              UNION ALL SELECT 'order ' || o.id || ' that nobody asked for' FROM orders o
                  WHERE NOT EXISTS (SELECT FROM asked a
                      WHERE a.user_id = o.user_id AND a.key::text = o.idempotency_key)",
        faults: &[
            "INSERT INTO orders SELECT gen_random_uuid(), user_id, status, total_cents, refunded_cents,
                 in_cart, idempotency_key, transaction_id, failure_code, tracking_number FROM orders LIMIT 1",
            "UPDATE asked SET order_id = gen_random_uuid() WHERE ctid =
                 (SELECT ctid FROM asked WHERE order_id IS NOT NULL LIMIT 1)",
            "UPDATE asked SET order_id = (SELECT id FROM orders WHERE id <> order_id LIMIT 1) WHERE ctid =
                 (SELECT ctid FROM asked WHERE order_id IS NOT NULL LIMIT 1)",
            "UPDATE orders SET idempotency_key = gen_random_uuid()::text WHERE id =
                 (SELECT id FROM orders LIMIT 1)",
        ],
    },
    Invariant {
        says: "what shoppers were told is so: made (201), refused (402, 409), called off (200, 202)",
        sql: "SELECT DISTINCT a.status || ' for order ' || o.id || ', ' || o.status || ' '
                  || coalesce(failure_code, '')
              FROM asked a JOIN sums o ON o.id = a.order_id
              WHERE CASE a.status WHEN 201 THEN failure_code IS NOT NULL
                      WHEN 202 THEN false
                      ELSE failure_code IS NULL OR o.status <> 'cancelled' END
              UNION ALL SELECT DISTINCT c.status || ' for a cancel of order ' || o.id || ', ' || o.status
                  FROM cancels c JOIN orders o ON o.id = c.order_id
                  WHERE c.status IS NOT NULL AND o.status <> 'cancelled'",
        faults: &[
            "UPDATE orders SET failure_code = 'checkout_timed_out' WHERE id =
                 (SELECT order_id FROM asked WHERE status = 201 LIMIT 1)",
            "UPDATE orders SET failure_code = NULL WHERE id =
                 (SELECT order_id FROM asked WHERE status = 402 LIMIT 1)",
            "UPDATE orders SET status = 'confirmed' WHERE id =
                 (SELECT order_id FROM cancels WHERE status IS NOT NULL LIMIT 1)",
        ],
    },
    Invariant {
        says: "no order is cancelled without a reason: it was refused, or somebody wanted it",
        sql: "SELECT 'order ' || o.id FROM sums o WHERE status = 'cancelled'
                  AND (failure_code IS NULL) AND NOT EXISTS (SELECT FROM cancels c WHERE c.order_id = o.id)
              UNION ALL SELECT 'order ' || id || ' was refused and paid' FROM sums
                  WHERE failure_code IS NOT NULL AND (status <> 'cancelled' OR confirmed)",
        faults: &[
            "UPDATE orders SET status = 'cancelled' WHERE id = (SELECT id FROM sums WHERE bought
                 AND NOT EXISTS (SELECT FROM cancels c WHERE c.order_id = sums.id) LIMIT 1)",
            "UPDATE orders SET failure_code = 'out_of_stock' WHERE id =
                 (SELECT id FROM sums WHERE confirmed LIMIT 1)",
        ],
    },
    Invariant {
        says: "units that were ordered have left the cart once, and all others are still there",
        sql: "SELECT 'cart of ' || user_id || ', product ' || product_id || ': ' || sum(put) || ' put, '
                  || sum(gone) || ' ordered, ' || sum(there) || ' there'
              FROM (SELECT user_id, product_id, quantity AS put, 0 AS gone, 0 AS there FROM puts
                  UNION ALL SELECT user_id, product_id, 0, quantity, 0 FROM order_lines l
                      JOIN sums o ON o.id = l.order_id WHERE confirmed
                  UNION ALL SELECT user_id, product_id, 0, 0, quantity FROM carts) units
              WHERE user_id NOT IN (SELECT user_id FROM unsure)
              GROUP BY user_id, product_id HAVING sum(put) - sum(gone) <> sum(there)",
        faults: &[
            "INSERT INTO carts SELECT user_id, product_id, 1 FROM order_lines l JOIN sums o
                 ON o.id = l.order_id WHERE confirmed AND user_id NOT IN (SELECT user_id FROM unsure) LIMIT 1",
            "DELETE FROM carts WHERE ctid = (SELECT ctid FROM carts
                 WHERE user_id NOT IN (SELECT user_id FROM unsure) LIMIT 1)",
        ],
    },
];
