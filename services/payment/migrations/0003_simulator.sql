-- The records of the simulated provider: as much apart from ours as those of a provider elsewhere.
-- They refer to nothing of ours and are written in transactions of their own.

CREATE TABLE simulator_cards (
    -- The key of the request.
    key       text PRIMARY KEY,
    token     text NOT NULL UNIQUE,
    -- How payments with it end. Not its number.
    behaviour text NOT NULL
);

CREATE TABLE simulator_movements (
    -- The key of the request: a repeat gets the first answer.
    key              text        PRIMARY KEY,
    reference        text        NOT NULL UNIQUE,
    operation        text        NOT NULL CHECK (operation IN
                         ('authorize', 'charge', 'capture', 'refund', 'void')),
    parent_reference text        REFERENCES simulator_movements (reference),
    amount_cents     bigint      NOT NULL CHECK (amount_cents > 0),
    currency         text        NOT NULL,
    decline_code     text,
    expires_at       timestamptz,
    created_at       timestamptz NOT NULL
);

CREATE INDEX simulator_movements_parent_idx ON simulator_movements (parent_reference)
    WHERE parent_reference IS NOT NULL;
