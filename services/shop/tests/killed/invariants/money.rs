//! Invariants of money.

use super::Invariant;

pub(super) static ALL: [Invariant; 4] = [
    Invariant {
        description: "every confirmed order is captured once, by its total, and no other order is",
        sql: "SELECT 'order ' || id || ': ' || captures || ' captures, ' || captured || ' of '
                  || total_cents
                  FROM order_totals WHERE CASE WHEN confirmed
                      THEN captures <> 1 OR captured <> total_cents OR transaction_id IS NULL
                      ELSE captures <> 0 OR transaction_id IS NOT NULL END
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
            "UPDATE transactions SET order_id =
                 (SELECT id FROM order_totals WHERE NOT confirmed LIMIT 1)
             WHERE id = (SELECT id FROM transactions
                 WHERE kind = 'capture' AND state = 'done' LIMIT 1)",
            "DELETE FROM orders WHERE id = (SELECT id FROM order_totals WHERE bought LIMIT 1)",
        ],
    },
    Invariant {
        description: "cancelled orders are refunded completely, and no other orders are refunded",
        sql: "SELECT 'order ' || id || ', ' || status || ': ' || captured || ' captured, '
                  || refunded || ' refunded, recorded ' || refunded_cents
              FROM order_totals WHERE refunded <> refunded_cents
                  OR captured - refunded <> CASE WHEN bought THEN total_cents ELSE 0 END",
        faults: &[
            "DELETE FROM transactions WHERE id =
                 (SELECT id FROM transactions WHERE kind = 'refund' AND state = 'done' LIMIT 1)",
            "INSERT INTO transactions SELECT gen_random_uuid(), 'refund', state, id, order_id,
                 amount_cents, provider_ref FROM transactions
             WHERE kind = 'capture' AND state = 'done'
                 AND order_id IN (SELECT id FROM order_totals WHERE bought) LIMIT 1",
            "UPDATE orders SET refunded_cents = 1
             WHERE id = (SELECT id FROM order_totals WHERE bought LIMIT 1)",
        ],
    },
    Invariant {
        description: "no authorization is left without a capture",
        sql: "SELECT 'authorization ' || a.id || ' of order ' || a.order_id FROM transactions a
              WHERE a.kind = 'authorization' AND a.state = 'done' AND NOT EXISTS
                  (SELECT FROM transactions c
                   WHERE c.parent_id = a.id AND c.kind = 'capture' AND c.state = 'done')",
        faults: &["UPDATE transactions SET state = 'done' WHERE id = (SELECT id FROM transactions
                 WHERE kind = 'authorization' AND state <> 'done' LIMIT 1)"],
    },
    Invariant {
        description: "the payment provider has the same movements as the payment service",
        sql: "SELECT coalesce(t.kind || ' ' || t.id, m.operation || ' ' || m.key) || ': ' ||
                  coalesce(t.state, 'unknown to payment') || ', '
                  || coalesce(m.decline_code, m.reference, 'unknown to the provider')
              FROM transactions t FULL JOIN simulator_movements m ON m.key = t.id::text
              WHERE t.id IS NULL OR m.amount_cents <> t.amount_cents
                  OR m.operation <>
                      CASE t.kind WHEN 'authorization' THEN 'authorize' ELSE t.kind END
                  OR CASE WHEN t.state = 'failed' THEN m.key IS NOT NULL AND m.decline_code IS NULL
                      -- The void of an authorization that never existed needs no provider.
                      WHEN t.kind = 'void' AND t.provider_ref = '' THEN m.key IS NOT NULL
                      ELSE m.key IS NULL OR m.decline_code IS NOT NULL
                          OR m.reference <> t.provider_ref
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
];
