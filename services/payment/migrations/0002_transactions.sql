-- Movements of money, and the keys by which callers ask for them.

CREATE TABLE transactions (
    id                uuid        PRIMARY KEY,
    kind              text        NOT NULL CHECK (kind IN
                          ('authorization', 'charge', 'capture', 'refund', 'void')),
    -- 'open': the intent is written, the provider's answer is not.
    state             text        NOT NULL CHECK (state IN
                          ('open', 'done', 'failed', 'voided', 'expired')),
    -- What is captured or voided: an authorisation; what is refunded: a capture or a charge.
    parent_id         uuid        REFERENCES transactions,
    order_id          uuid        NOT NULL,
    user_id           uuid        NOT NULL,
    -- As callers know it: the id of a saved method, or one of the provider's own.
    payment_method_id text        NOT NULL,
    -- As the provider knows it.
    token             text        NOT NULL,
    provider          text        NOT NULL,
    provider_ref      text        NOT NULL DEFAULT '',
    idempotency_key   text        NOT NULL,
    amount_cents      bigint      NOT NULL CHECK (amount_cents > 0),
    currency          text        NOT NULL,
    -- What captures of an authorisation, or refunds of a capture, have taken: `claimed` counts the open
    -- ones too, `settled` only those that are done.
    claimed_cents     bigint      NOT NULL DEFAULT 0,
    settled_cents     bigint      NOT NULL DEFAULT 0,
    -- Of an authorisation: a void was asked for, nothing may be captured any more.
    undone            boolean     NOT NULL DEFAULT false,
    -- Of an authorisation: when it ends by itself.
    expires_at        timestamptz,
    decline_code      text        NOT NULL DEFAULT '',
    reason            text        NOT NULL DEFAULT '',
    -- When the provider is asked about an open one, and how often it was.
    due_at            timestamptz NOT NULL,
    attempts          integer     NOT NULL DEFAULT 0,
    created_at        timestamptz NOT NULL,
    finished_at       timestamptz,
    CONSTRAINT transactions_key_key UNIQUE (kind, idempotency_key),
    -- The last guard: whatever the code does, no more is captured than held, or refunded than captured.
    CONSTRAINT transactions_claimed_within_amount
        CHECK (0 <= settled_cents AND settled_cents <= claimed_cents AND claimed_cents <= amount_cents),
    CHECK ((parent_id IS NULL) = (kind IN ('authorization', 'charge'))),
    CHECK ((expires_at IS NOT NULL) = (kind = 'authorization')),
    CHECK (kind = 'authorization' OR (NOT undone AND state NOT IN ('voided', 'expired'))),
    CHECK ((finished_at IS NULL) = (state = 'open'))
);

CREATE INDEX transactions_order_id_idx ON transactions (order_id, created_at, id);
CREATE INDEX transactions_parent_id_idx ON transactions (parent_id) WHERE parent_id IS NOT NULL;
-- What the workers ask for.
CREATE INDEX transactions_open_idx ON transactions (due_at, id) WHERE state = 'open';
CREATE INDEX transactions_expiry_idx ON transactions (expires_at, id)
    WHERE kind = 'authorization' AND state = 'done' AND NOT undone AND claimed_cents = 0;
-- An authorisation is voided once, by however many requests.
CREATE UNIQUE INDEX transactions_void_key ON transactions (parent_id) WHERE kind = 'void';

-- Every key that was ever used, for as long as the effect. A row says what was asked for and what came
-- of it: a transaction, a refusal that stays one, or nothing to do.
CREATE TABLE idempotency_keys (
    operation      text        NOT NULL CHECK (operation IN
                       ('authorize', 'charge', 'capture', 'refund', 'void')),
    key            text        NOT NULL,
    -- What was asked for, in words; NULL is a tombstone: an authorisation that was voided before it came.
    request        text,
    transaction_id uuid        REFERENCES transactions,
    refusal        text,
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (operation, key),
    CHECK (transaction_id IS NULL OR refusal IS NULL)
);
