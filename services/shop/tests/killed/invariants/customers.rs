//! Invariants of mails and carts.

use super::Invariant;

pub(super) static ALL: [Invariant; 2] = [
    Invariant {
        description: "each order has exactly one mail of each kind that is due, and no other \
            (no address is verified: an unpaid order has none)",
        sql: "SELECT 'order ' || coalesce(d.order_id, s.order_id) || ': ' || coalesce(s.mails, 0)
                  || ' of ' || coalesce(d.mails, 0) || ' × ' || coalesce(d.kind, s.kind)
              FROM (
                  SELECT id AS order_id, 'order_confirmation' AS kind, 1 AS mails
                      FROM order_totals WHERE confirmed
                  UNION ALL SELECT id, 'order_cancelled', 1 FROM orders
                      WHERE status = 'cancelled' AND transaction_id IS NOT NULL
                  UNION ALL SELECT order_id, 'refund_issued', count(*)
                      FROM refunds GROUP BY order_id
              ) d FULL JOIN (
                  SELECT split_part(idempotency_key, ':', 1)::uuid AS order_id, kind,
                      count(*) AS mails FROM notifications
                      WHERE kind <> 'email_verification' GROUP BY 1, 2
              ) s ON s.order_id = d.order_id AND s.kind = d.kind
              WHERE coalesce(s.mails, 0) <> coalesce(d.mails, 0)
              UNION ALL SELECT kind || ' ' || idempotency_key || ' is ' || status FROM notifications
                  WHERE status <> 'sent'",
        faults: &[
            "DELETE FROM notifications WHERE ctid =
                 (SELECT ctid FROM notifications WHERE kind = 'order_confirmation' LIMIT 1)",
            "INSERT INTO notifications SELECT kind, idempotency_key || ':again', status
             FROM notifications WHERE kind = 'order_cancelled' LIMIT 1",
            "INSERT INTO notifications SELECT 'order_confirmation', id || ':confirmation', 'sent'
             FROM order_totals WHERE NOT confirmed LIMIT 1",
            "UPDATE notifications SET status = 'failed' WHERE ctid =
                 (SELECT ctid FROM notifications WHERE kind = 'refund_issued' LIMIT 1)",
        ],
    },
    Invariant {
        description: "ordered units are removed from the cart once, and all others are still in it",
        sql: "SELECT 'cart of ' || user_id || ', product ' || product_id || ': ' || sum(added)
                  || ' added, ' || sum(ordered) || ' ordered, ' || sum(left_over) || ' in the cart'
              FROM (SELECT user_id, product_id, quantity AS added, 0 AS ordered, 0 AS left_over
                      FROM cart_additions
                  UNION ALL SELECT user_id, product_id, 0, quantity, 0 FROM order_lines l
                      JOIN order_totals o ON o.id = l.order_id WHERE confirmed
                  UNION ALL SELECT user_id, product_id, 0, 0, quantity FROM carts) units
              WHERE user_id NOT IN (SELECT user_id FROM unknown_carts)
              GROUP BY user_id, product_id HAVING sum(added) - sum(ordered) <> sum(left_over)",
        faults: &[
            "INSERT INTO carts SELECT user_id, product_id, 1 FROM order_lines l JOIN order_totals o
                 ON o.id = l.order_id WHERE confirmed
                     AND user_id NOT IN (SELECT user_id FROM unknown_carts) LIMIT 1",
            "DELETE FROM carts WHERE ctid = (SELECT ctid FROM carts
                 WHERE user_id NOT IN (SELECT user_id FROM unknown_carts) LIMIT 1)",
        ],
    },
];
