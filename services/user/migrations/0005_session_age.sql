-- Rotation of refresh tokens with one successor per token, and the list of sessions. The previous
-- release ignores the new columns.

-- The successor of a used token, sealed under a key derived from the used token itself: nonce,
-- ciphertext and tag. Only present during the grace period.
ALTER TABLE refresh_tokens
    ADD COLUMN successor bytea CHECK (octet_length(successor) = 60);

-- The tokens whose grace period may have ended.
CREATE INDEX refresh_tokens_successor_idx ON refresh_tokens (used_at) WHERE successor IS NOT NULL;

-- When the session was last refreshed; NULL: never since this column exists.
ALTER TABLE sessions
    ADD COLUMN last_used_at timestamptz;
