-- Sends the id of an order to the channel `order_changes` when a change of the order commits. PostgreSQL
-- drops repeats within a transaction. The previous release writes through the trigger, too.

CREATE FUNCTION order_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('order_changes', NEW.id::text);
    RETURN NULL;
END
$$;

CREATE TRIGGER order_changed AFTER UPDATE ON orders
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION order_changed();
