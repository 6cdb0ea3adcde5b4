-- Verification of e-mail addresses.

-- Accounts from before this column count as verified, and so do accounts that the previous release
-- creates during a rollout.
ALTER TABLE users ADD COLUMN email_verified boolean NOT NULL DEFAULT true;

-- Tokens that prove the receipt of a mail at an address. The address is that of the account, or a new
-- one that the account takes over with the token.
CREATE TABLE email_verifications (
    digest     bytea       PRIMARY KEY CHECK (octet_length(digest) = 32),
    user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email      text        NOT NULL CHECK (octet_length(email) BETWEEN 3 AND 254),
    -- The mail with the token. A mail that was sent again has several tokens.
    mail_id    uuid        NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX email_verifications_user_idx    ON email_verifications (user_id);
CREATE INDEX email_verifications_mail_idx    ON email_verifications (mail_id);
CREATE INDEX email_verifications_expires_idx ON email_verifications (expires_at);

-- The mails that an address may still get (a token bucket), by the SHA-256 of the address's key. A
-- full bucket has no row.
CREATE TABLE mail_allowances (
    digest  bytea       PRIMARY KEY CHECK (octet_length(digest) = 32),
    full_at timestamptz NOT NULL
);

CREATE INDEX mail_allowances_full_idx ON mail_allowances (full_at);

-- The account of a verification mail, which is not always the account of the address.
ALTER TABLE outbox ADD COLUMN user_id uuid REFERENCES users (id) ON DELETE CASCADE;

-- Repeated requests send one mail, as long as it is not sent, and cannot fill the table.
CREATE UNIQUE INDEX outbox_email_verification_key ON outbox (user_id, email_key)
    WHERE kind = 'email_verification';

-- Finds the token of a mail that is sent again.
CREATE INDEX password_resets_mail_idx ON password_resets (mail_id);
