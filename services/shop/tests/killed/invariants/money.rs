//! Money.

use super::Invariant;

pub(super) static ALL: [Invariant; 4] = [
    Invariant {
        says: "what was ordered was paid once, and nothing else was",
        sql: "SELECT 'order ' || id || ': ' || captures || ' captures, ' || captured || ' of '
                  || total_cents
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
             WHERE id = (SELECT id FROM transactions
                 WHERE kind = 'capture' AND state = 'done' LIMIT 1)",
            "DELETE FROM orders WHERE id = (SELECT id FROM sums WHERE bought LIMIT 1)",
        ],
    },
    Invariant {
        says: "the money of cancelled orders was given back, all of it, and of no others",
        sql: "SELECT 'order ' || id || ', ' || status || ': ' || captured || ' taken, '
                  || given_back || ' given back, it says ' || refunded_cents
              FROM sums WHERE given_back <> refunded_cents
                  OR captured - given_back <> CASE WHEN bought THEN total_cents ELSE 0 END",
        faults: &[
            "DELETE FROM transactions WHERE id =
                 (SELECT id FROM transactions WHERE kind = 'refund' AND state = 'done' LIMIT 1)",
            "INSERT INTO transactions SELECT gen_random_uuid(), 'refund', state, id, order_id,
                 amount_cents, provider_ref FROM transactions
             WHERE kind = 'capture' AND state = 'done'
                 AND order_id IN (SELECT id FROM sums WHERE bought) LIMIT 1",
            "UPDATE orders SET refunded_cents = 1
             WHERE id = (SELECT id FROM sums WHERE bought LIMIT 1)",
        ],
    },
    Invariant {
        says: "no money is held any more",
        sql: "SELECT 'authorisation ' || a.id || ' of order ' || a.order_id FROM transactions a
              WHERE a.kind = 'authorization' AND a.state = 'done' AND NOT EXISTS
                  (SELECT FROM transactions c
                   WHERE c.parent_id = a.id AND c.kind = 'capture' AND c.state = 'done')",
        faults: &["UPDATE transactions SET state = 'done' WHERE id = (SELECT id FROM transactions
                 WHERE kind = 'authorization' AND state <> 'done' LIMIT 1)"],
    },
    Invariant {
        says: "the provider has the same movements as we have",
        sql: "SELECT coalesce(t.kind || ' ' || t.id, m.operation || ' ' || m.key) || ': ' ||
                  coalesce(t.state, 'unknown to us') || ', '
                  || coalesce(m.decline_code, m.reference, 'not there')
              FROM transactions t FULL JOIN simulator_movements m ON m.key = t.id::text
              WHERE t.id IS NULL OR m.amount_cents <> t.amount_cents
                  OR m.operation <>
                      CASE t.kind WHEN 'authorization' THEN 'authorize' ELSE t.kind END
                  OR CASE WHEN t.state = 'failed' THEN m.key IS NOT NULL AND m.decline_code IS NULL
                      -- A void of what never was needs no provider.
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
