-- Idempotency keys are scoped to the customer: two customers may use the same key.
--
-- The previous release writes to these tables while it is replaced. It names no customer; the trigger
-- below determines the customer for it. A later migration removes the trigger.

-- The nil UUID stands for every customer: a tombstone of a void that named no customer, or a row whose
-- customer is unknown.
ALTER TABLE idempotency_keys ADD COLUMN user_id uuid;

UPDATE idempotency_keys k SET user_id = coalesce(
    (SELECT t.user_id FROM transactions t WHERE t.id = k.transaction_id),
    -- A refused request has no transaction; it names the transaction that it captures, refunds or voids.
    (SELECT t.user_id FROM transactions t
     WHERE t.id = substring(k.request FROM '^(?:authorization|transaction) ([0-9a-f-]{36}) ')::uuid),
    '00000000-0000-0000-0000-000000000000');

ALTER TABLE idempotency_keys ALTER COLUMN user_id SET NOT NULL;
ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_pkey;
ALTER TABLE idempotency_keys ADD PRIMARY KEY (operation, key, user_id);

ALTER TABLE transactions DROP CONSTRAINT transactions_key_key;
ALTER TABLE transactions ADD CONSTRAINT transactions_key_key UNIQUE (kind, idempotency_key, user_id);

-- Chooses the customer of a row so that it conflicts with every row that the previous release would
-- have found by its key: a tombstone of every customer, then the customer whom the request names, then
-- any customer.
CREATE FUNCTION idempotency_key_customer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A tombstone without a customer must see every authorization with its key, and every later
    -- authorization must see the tombstone. The lock waits for the authorizations that are being
    -- inserted, and makes later ones wait for the tombstone.
    IF NEW.request IS NULL THEN
        LOCK TABLE idempotency_keys IN SHARE ROW EXCLUSIVE MODE;
    END IF;
    NEW.user_id := coalesce(
        (SELECT user_id FROM idempotency_keys
         WHERE operation = NEW.operation AND key = NEW.key
             AND user_id = '00000000-0000-0000-0000-000000000000'),
        substring(NEW.request FROM '^order [0-9a-f-]{36} user ([0-9a-f-]{36}) ')::uuid,
        (SELECT user_id FROM idempotency_keys
         WHERE operation = NEW.operation AND key = NEW.key LIMIT 1),
        '00000000-0000-0000-0000-000000000000');
    RETURN NEW;
END $$;

CREATE TRIGGER idempotency_keys_customer BEFORE INSERT ON idempotency_keys
    FOR EACH ROW WHEN (NEW.user_id IS NULL) EXECUTE FUNCTION idempotency_key_customer();
