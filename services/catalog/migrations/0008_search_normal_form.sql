-- Search compares texts in Unicode Normalization Form C, in which search texts arrive and new names are
-- stored. Older names keep their form, so that the search columns are normalized here.

CREATE OR REPLACE FUNCTION products_set_search() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    names text := category_names(NEW.category_id);
BEGIN
    NEW.search_text := lower(normalize(NEW.name || ' ' || names));
    NEW.search_words := setweight(to_tsvector('english', normalize(NEW.name)), 'A')
        || setweight(to_tsvector('english', normalize(names)), 'B')
        || setweight(to_tsvector('english', normalize(NEW.description)), 'C');
    RETURN NEW;
END
$$;

-- Only the products whose search columns change.
UPDATE products SET category_id = category_id
WHERE search_text IS NOT NFC NORMALIZED OR description IS NOT NFC NORMALIZED;
