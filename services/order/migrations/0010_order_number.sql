-- no-transaction
-- Order numbers: ten random Crockford base32 digits, stored without hyphens.
--
-- The previous release writes orders without a number during a rollout; the default gives them one.
--
-- One statement that commits after each step, so that no lock is held for long: a large table is
-- filled while customers order. A repeat continues an interrupted run.
DO $migration$
DECLARE
    last_id uuid := '00000000-0000-0000-0000-000000000000';
    ids     uuid[];
BEGIN
    CREATE OR REPLACE FUNCTION random_order_number() RETURNS text LANGUAGE sql VOLATILE AS $$
        -- Bytes 6 and 8 of a random UUID contain its version and variant. The other bytes are
        -- random, and 256 is a multiple of 32, so that every digit has the same probability.
        SELECT string_agg(
            substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', get_byte(random.bytes, n) % 32 + 1, 1), '')
        FROM (SELECT uuid_send(gen_random_uuid()) AS bytes) random,
            unnest(ARRAY[0, 1, 2, 3, 4, 5, 9, 10, 11, 12]) n
    $$;
    -- Two clauses: a column that is added with a random default rewrites the table.
    ALTER TABLE orders ADD COLUMN IF NOT EXISTS number text COLLATE "C";
    ALTER TABLE orders ALTER COLUMN number SET DEFAULT random_order_number();
    COMMIT;

    -- Before the rows are filled: the build is short, and a number that occurs twice fails a batch,
    -- which a repeat fills with other numbers. The condition stays true for every row; as long as
    -- the index has one, PostgreSQL does not take the column for the target of a foreign key, and
    -- a batch does not wait for transactions that insert history, messages or refunds.
    CREATE UNIQUE INDEX IF NOT EXISTS orders_number_key ON orders (number)
        WHERE number IS NOT NULL;
    COMMIT;

    LOOP
        SELECT array_agg(id ORDER BY id) INTO ids
        FROM (SELECT id FROM orders WHERE id > last_id ORDER BY id LIMIT 1000) batch;
        EXIT WHEN ids IS NULL;
        UPDATE orders SET number = random_order_number() WHERE id = ANY (ids) AND number IS NULL;
        last_id := ids[array_upper(ids, 1)];
        COMMIT;
    END LOOP;

    -- NOT NULL checks the whole table while nobody can read it, unless a valid constraint proves it.
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'orders_number_check') THEN
        ALTER TABLE orders ADD CONSTRAINT orders_number_check
            CHECK (number IS NOT NULL AND number ~ '^[0-9A-HJKMNP-TV-Z]{10}$') NOT VALID;
    END IF;
    COMMIT;
    ALTER TABLE orders VALIDATE CONSTRAINT orders_number_check;
    COMMIT;
    ALTER TABLE orders ALTER COLUMN number SET NOT NULL;
END $migration$;
