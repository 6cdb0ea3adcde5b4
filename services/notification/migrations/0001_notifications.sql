-- Mails: the queue, and the memory of what was sent to whom.

CREATE TABLE notifications (
    id              uuid        PRIMARY KEY,
    kind            text        NOT NULL CHECK (kind IN
                        ('welcome', 'password_reset', 'order_confirmation', 'shipping_update',
                         'order_cancelled', 'refund_issued')),
    recipient       text        NOT NULL,
    subject         text        NOT NULL,
    -- What the mail says, for as long as it may have to be written: not once it was sent or ran out,
    -- for it holds addresses and tokens.
    content         jsonb,
    -- The caller's key; two mails without one are two mails.
    idempotency_key text,
    status          text        NOT NULL DEFAULT 'queued'
                        CHECK (status IN ('queued', 'sent', 'failed')),
    attempts        integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    error           text        NOT NULL DEFAULT '',
    -- Of a queued mail: when it is tried next, or when the lease ends of the worker that tries it now.
    due_at          timestamptz NOT NULL,
    lease_id        uuid,
    -- After that it is of no use to its reader.
    expires_at      timestamptz,
    created_at      timestamptz NOT NULL,
    sent_at         timestamptz,
    -- At most one mail of a kind for a key: callers name theirs by the order or the account.
    CONSTRAINT notifications_idempotency_key UNIQUE (kind, idempotency_key),
    CONSTRAINT notifications_content_while_queued CHECK (status <> 'queued' OR content IS NOT NULL),
    CONSTRAINT notifications_sent_says_when CHECK ((status = 'sent') = (sent_at IS NOT NULL))
);

-- What workers ask for.
CREATE INDEX notifications_due_idx ON notifications (due_at, id) WHERE status = 'queued';
CREATE INDEX notifications_expiring_idx ON notifications (expires_at)
    WHERE expires_at IS NOT NULL AND content IS NOT NULL;

-- What administrators ask for.
CREATE INDEX notifications_newest_idx ON notifications (created_at, id);
CREATE INDEX notifications_newest_by_status_idx ON notifications (status, created_at, id);
