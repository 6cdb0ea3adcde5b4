-- Addresses are compared in NFC. An address that another account has in NFC stays as it is: both
-- accounts exist, and only its owner can say which one is right. Of several addresses that become
-- equal, the oldest account's is changed.
UPDATE users u
SET email = normalize(email), email_key = normalize(email_key)
WHERE id IN (
        SELECT DISTINCT ON (normalize(email_key)) id FROM users
        WHERE email_key IS NOT NFC NORMALIZED
        ORDER BY normalize(email_key), created_at, id)
    AND octet_length(normalize(email)) <= 254
    AND NOT EXISTS (SELECT FROM users o WHERE o.email_key = normalize(u.email_key));
