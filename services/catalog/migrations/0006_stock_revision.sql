-- The part of a product's revision that counts the movements of its stock: see 0005.

ALTER TABLE stock ADD COLUMN revision bigint NOT NULL DEFAULT 0;

CREATE TRIGGER stock_increase_revision
    BEFORE UPDATE ON stock
    FOR EACH ROW
    WHEN ((OLD.on_hand, OLD.reserved) IS DISTINCT FROM (NEW.on_hand, NEW.reserved))
    EXECUTE FUNCTION increase_revision();
