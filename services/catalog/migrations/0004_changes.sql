-- Tells listeners on channel `catalog_changes` what became stale, when the change commits:
--   product:<id>,<id>,…   these products (at most 100 ids: a payload holds 8000 bytes)
--   categories            categories, or the number of products in them
--   all                   more products than are worth naming
-- Statement triggers, so that a change of many rows is one message; PostgreSQL drops repeats within a
-- transaction.

CREATE FUNCTION notify_products(ids uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(ids) > 100 THEN
        PERFORM pg_notify('catalog_changes', 'all');
    ELSIF cardinality(ids) > 0 THEN
        PERFORM pg_notify('catalog_changes', 'product:' || array_to_string(ids, ','));
    END IF;
END
$$;

CREATE FUNCTION products_inserted() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM changed) THEN
        PERFORM notify_products(ARRAY(SELECT id FROM changed LIMIT 101));
        PERFORM pg_notify('catalog_changes', 'categories');
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION products_updated() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM notify_products(ARRAY(SELECT id FROM changed LIMIT 101));
    IF EXISTS (
        SELECT FROM changed JOIN before USING (id)
        WHERE changed.is_active <> before.is_active
           OR changed.category_id IS DISTINCT FROM before.category_id
    ) THEN
        PERFORM pg_notify('catalog_changes', 'categories');
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION stock_updated() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    -- A commit takes units that nobody could buy any more: what shoppers see stays the same.
    PERFORM notify_products(ARRAY(
        SELECT changed.product_id FROM changed JOIN before USING (product_id)
        WHERE changed.on_hand - changed.reserved <> before.on_hand - before.reserved
        LIMIT 101
    ));
    RETURN NULL;
END
$$;

CREATE FUNCTION categories_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('catalog_changes', 'categories');
    RETURN NULL;
END
$$;

CREATE TRIGGER products_inserted AFTER INSERT ON products
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION products_inserted();

CREATE TRIGGER products_updated AFTER UPDATE ON products
    REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION products_updated();

CREATE TRIGGER stock_updated AFTER UPDATE ON stock
    REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION stock_updated();

CREATE TRIGGER categories_changed AFTER INSERT OR UPDATE OR DELETE ON categories
    FOR EACH STATEMENT EXECUTE FUNCTION categories_changed();
