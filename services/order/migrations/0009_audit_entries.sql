-- The audit log: what administrators changed, written in the transaction of the change. Every
-- service that has an audit log has this table in its own database.
CREATE TABLE audit_entries (
    id             uuid        PRIMARY KEY,
    at             timestamptz NOT NULL,
    -- The account that acted; NULL for a call that did not come through the gateway.
    actor_id       uuid,
    -- The /24 or /48 of the client's address; empty when it is not known.
    client_network text        NOT NULL DEFAULT '',
    request_id     text        NOT NULL DEFAULT '',
    -- What was done to what: 'product.update' and the id of the product.
    action         text        NOT NULL,
    object_id      uuid        NOT NULL,
    -- The changed fields, before and after; NULL before a creation and after a deletion.
    before         jsonb,
    after          jsonb
);

CREATE INDEX audit_entries_newest_idx ON audit_entries (at, id);
CREATE INDEX audit_entries_by_actor_idx ON audit_entries (actor_id, at, id);
CREATE INDEX audit_entries_by_object_idx ON audit_entries (object_id, at, id);
CREATE INDEX audit_entries_by_action_idx ON audit_entries (action, at, id);
