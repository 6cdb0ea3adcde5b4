-- What drivers carry on: checkouts, refunds, messages. All three have the same columns for it:
-- `due_at` says when to go on, `lease_until` who may (nobody else before), and `version` grows with
-- each claim and each outcome, so that a driver that lost its lease changes nothing any more.

CREATE TABLE checkouts (
    order_id      uuid        PRIMARY KEY REFERENCES orders,
    step          text        NOT NULL CHECK (step IN ('reserve', 'authorize', 'commit_stock', 'capture',
                                  'ship', 'confirmed', 'void', 'release', 'restock', 'cancelled')),
    data          jsonb       NOT NULL,
    attempts      integer     NOT NULL DEFAULT 0,
    due_at        timestamptz NOT NULL,
    lease_until   timestamptz,
    version       bigint      NOT NULL DEFAULT 0,
    began_at      timestamptz NOT NULL,
    deadline_at   timestamptz NOT NULL,
    last_error    text        NOT NULL DEFAULT '',
    -- Set by whoever wants the order cancelled, not by the driver.
    cancel_wanted boolean     NOT NULL DEFAULT false,
    cancel_reason text        NOT NULL DEFAULT '',
    cancel_actor  text        NOT NULL DEFAULT ''
);

CREATE INDEX checkouts_due_idx ON checkouts (due_at) WHERE step NOT IN ('confirmed', 'cancelled');

CREATE TABLE refunds (
    id              uuid        PRIMARY KEY,
    order_id        uuid        NOT NULL REFERENCES orders,
    kind            text        NOT NULL CHECK (kind IN ('cancel', 'refund')),
    amount_cents    bigint      NOT NULL CHECK (amount_cents > 0),
    reason          text        NOT NULL,
    actor_id        text        NOT NULL,
    idempotency_key text,
    fingerprint     bytea       NOT NULL,
    step            text        NOT NULL CHECK (step IN
                                    ('call_off', 'give_back', 'restock', 'done', 'refused')),
    attempts        integer     NOT NULL DEFAULT 0,
    -- How often the provider refused what is owed: part of the key of the next request.
    refusals        integer     NOT NULL DEFAULT 0,
    due_at          timestamptz NOT NULL,
    lease_until     timestamptz,
    version         bigint      NOT NULL DEFAULT 0,
    began_at        timestamptz NOT NULL,
    last_error      text        NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL
);

CREATE UNIQUE INDEX refunds_idempotency_key ON refunds (order_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
-- One at a time, so that amounts cannot add up to more than was paid.
CREATE UNIQUE INDEX refunds_open_key ON refunds (order_id) WHERE step NOT IN ('done', 'refused');
CREATE INDEX refunds_due_idx ON refunds (due_at) WHERE step NOT IN ('done', 'refused');
CREATE INDEX refunds_order_id_idx ON refunds (order_id, created_at);

CREATE TABLE outbox (
    id           uuid        PRIMARY KEY,
    order_id     uuid        NOT NULL REFERENCES orders,
    topic        text        NOT NULL CHECK (topic IN
                                 ('cart', 'confirmation', 'cancelled', 'shipped', 'refund')),
    -- Of a refund's message.
    refund_id    uuid,
    amount_cents bigint,
    state        text        NOT NULL DEFAULT 'waiting'
                                 CHECK (state IN ('waiting', 'delivered', 'refused')),
    attempts     integer     NOT NULL DEFAULT 0,
    due_at       timestamptz NOT NULL,
    lease_until  timestamptz,
    version      bigint      NOT NULL DEFAULT 0,
    last_error   text        NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL,
    CHECK ((topic = 'refund') = (refund_id IS NOT NULL AND amount_cents IS NOT NULL))
);

-- At most one message of a kind.
CREATE UNIQUE INDEX outbox_once_key ON outbox (order_id, topic) WHERE refund_id IS NULL;
CREATE UNIQUE INDEX outbox_refund_once_key ON outbox (refund_id) WHERE refund_id IS NOT NULL;
-- Mails that wait are not in the way of what empties carts.
CREATE INDEX outbox_cart_due_idx ON outbox (due_at) WHERE state = 'waiting' AND topic = 'cart';
CREATE INDEX outbox_mail_due_idx ON outbox (due_at) WHERE state = 'waiting' AND topic <> 'cart';
-- A mail waits for those before it of its order.
CREATE INDEX outbox_waiting_idx ON outbox (order_id) WHERE state = 'waiting';
