-- The revision of a product is products.revision + stock.revision: it increases with every edit and with
-- every movement of stock, so that an edit can be refused when the product has changed since it was read.
-- Two columns, because a reservation must not lock or rewrite the product (0002). Triggers, so that no
-- statement can forget it, also those of the previous release during a rollout.
--
-- One migration per table: a transaction that locks both tables could wait for a reservation that waits
-- for it.

ALTER TABLE products ADD COLUMN revision bigint NOT NULL DEFAULT 1;

CREATE FUNCTION increase_revision() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.revision := OLD.revision + 1;
    RETURN NEW;
END
$$;

-- An update that only refreshes the search columns, as after the renaming of a category, is no edit.
CREATE TRIGGER products_increase_revision
    BEFORE UPDATE ON products
    FOR EACH ROW
    WHEN ((OLD.name, OLD.slug, OLD.description, OLD.price_cents, OLD.currency, OLD.category_id,
           OLD.image_urls, OLD.weight_grams, OLD.is_active, OLD.updated_at)
          IS DISTINCT FROM
          (NEW.name, NEW.slug, NEW.description, NEW.price_cents, NEW.currency, NEW.category_id,
           NEW.image_urls, NEW.weight_grams, NEW.is_active, NEW.updated_at))
    EXECUTE FUNCTION increase_revision();
