-- Search: words (tsvector) and spellings (trigrams) of a product, its category and those above it.
-- The database keeps both columns itself, so that no statement can forget to.

-- A trusted extension: the owner of the database may create it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

ALTER TABLE products
    ADD COLUMN search_text  text     NOT NULL DEFAULT '',
    ADD COLUMN search_words tsvector NOT NULL DEFAULT '';

-- The names of a category and of all above it. UNION, not UNION ALL: it ends even on a cycle.
CREATE FUNCTION category_names(category uuid) RETURNS text
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE up AS (
        SELECT c.id, c.parent_id, c.name FROM categories c WHERE c.id = category
        UNION
        SELECT c.id, c.parent_id, c.name FROM categories c JOIN up ON c.id = up.parent_id
    )
    SELECT coalesce(string_agg(name, ' '), '') FROM up
$$;

CREATE FUNCTION products_set_search() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    names text := category_names(NEW.category_id);
BEGIN
    NEW.search_text := lower(NEW.name || ' ' || names);
    NEW.search_words := setweight(to_tsvector('english', NEW.name), 'A')
        || setweight(to_tsvector('english', names), 'B')
        || setweight(to_tsvector('english', NEW.description), 'C');
    RETURN NEW;
END
$$;

CREATE TRIGGER products_set_search
    BEFORE INSERT OR UPDATE OF name, description, category_id ON products
    FOR EACH ROW EXECUTE FUNCTION products_set_search();

-- A category that is renamed or moved changes how the products in and below it are found.
CREATE FUNCTION categories_touch_products() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    WITH RECURSIVE down AS (
        SELECT NEW.id AS id
        UNION
        SELECT c.id FROM categories c JOIN down ON c.parent_id = down.id
    )
    UPDATE products SET category_id = category_id WHERE category_id IN (SELECT id FROM down);
    RETURN NULL;
END
$$;

CREATE TRIGGER categories_touch_products
    AFTER UPDATE OF name, parent_id ON categories
    FOR EACH ROW
    WHEN (OLD.name IS DISTINCT FROM NEW.name OR OLD.parent_id IS DISTINCT FROM NEW.parent_id)
    EXECUTE FUNCTION categories_touch_products();

CREATE INDEX products_search_words_idx ON products USING gin (search_words);
CREATE INDEX products_search_text_idx  ON products USING gin (search_text gin_trgm_ops);
