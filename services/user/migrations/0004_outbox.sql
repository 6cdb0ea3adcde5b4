-- Mails that are to be sent, written in the transaction of their cause. A row is gone when the
-- notification service has taken it; its id is the idempotency key there.

CREATE TABLE outbox (
    id         uuid        PRIMARY KEY,
    kind       text        NOT NULL CHECK (kind IN ('welcome', 'password_reset')),
    email      text        NOT NULL,
    email_key  text        NOT NULL,
    first_name text        NOT NULL,
    attempts   integer     NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    -- When it may be taken: in the future while a worker has it, or after a failure.
    due_at     timestamptz NOT NULL
);

CREATE INDEX outbox_due_idx ON outbox (due_at, id);
-- Whoever asks for a new password several times gets one mail, as long as that has not been sent. And
-- nobody fills the table by asking.
CREATE UNIQUE INDEX outbox_password_reset_key ON outbox (email_key) WHERE kind = 'password_reset';

CREATE FUNCTION outbox_tell() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('user_outbox', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER outbox_tell AFTER INSERT ON outbox
    FOR EACH STATEMENT EXECUTE FUNCTION outbox_tell();
