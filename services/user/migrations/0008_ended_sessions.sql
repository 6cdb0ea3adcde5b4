-- Sessions that ended while their access tokens may still be valid. The gateway refuses these tokens.
-- A trigger writes the rows, so that every way to end a session is covered, also that of the previous
-- release during a rollout.

CREATE TABLE ended_sessions (
    session_id uuid        PRIMARY KEY,
    -- The transaction that ended the session. Readers continue at the oldest transaction that was
    -- running when they read, so that they miss no row, however late it is committed.
    xid        bigint      NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    -- By the clock of the server, which also decides when the row is deleted.
    ended_at   timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX ended_sessions_xid_idx   ON ended_sessions (xid, session_id);
CREATE INDEX ended_sessions_ended_idx ON ended_sessions (ended_at);

CREATE FUNCTION sessions_record_end() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    -- Access tokens do not outlive their session, so an expired session needs no row. The clocks of
    -- the servers may differ a little.
    INSERT INTO ended_sessions (session_id)
    SELECT id FROM ended WHERE expires_at > now() - interval '5 minutes'
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE TRIGGER sessions_record_end AFTER DELETE ON sessions
    REFERENCING OLD TABLE AS ended
    FOR EACH STATEMENT EXECUTE FUNCTION sessions_record_end();
