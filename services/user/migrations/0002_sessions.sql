-- Sessions, the tokens that keep them alive, and the ways into an account.

-- A session is a family of refresh tokens. One that ended is gone, and its tokens with it.
CREATE TABLE sessions (
    id         uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    -- When its newest token expires.
    expires_at timestamptz NOT NULL
);

CREATE INDEX sessions_user_idx    ON sessions (user_id, created_at, id);
CREATE INDEX sessions_expires_idx ON sessions (expires_at);

-- A token is 256 random bits, of which only the SHA-256 is here. Used ones stay until they expire: by
-- them a second use is told.
CREATE TABLE refresh_tokens (
    digest     bytea       PRIMARY KEY CHECK (octet_length(digest) = 32),
    session_id uuid        NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);

CREATE INDEX refresh_tokens_session_idx ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expires_idx ON refresh_tokens (expires_at);

-- Tokens that set a new password, once.
CREATE TABLE password_resets (
    digest     bytea       PRIMARY KEY CHECK (octet_length(digest) = 32),
    user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The mail that brings it. One that had to be sent again may have brought several.
    mail_id    uuid        NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX password_resets_user_idx    ON password_resets (user_id);
CREATE INDEX password_resets_expires_idx ON password_resets (expires_at);

-- Attempts to sign in that did not succeed, by the SHA-256 of the e-mail's key: also for addresses that
-- no account has, which are nobody's business.
CREATE TABLE sign_in_attempts (
    digest        bytea       PRIMARY KEY CHECK (octet_length(digest) = 32),
    failures      integer     NOT NULL CHECK (failures >= 0),
    last_at       timestamptz NOT NULL,
    blocked_until timestamptz NOT NULL
);

CREATE INDEX sign_in_attempts_last_idx ON sign_in_attempts (last_at);
