-- The program knows the kinds of mails. A list here would have to change with each of them.
ALTER TABLE notifications
    DROP CONSTRAINT notifications_kind_check,
    ADD CONSTRAINT notifications_kind_check CHECK (kind ~ '^[a-z_]{1,40}$');
