-- The order of names that readers expect (É beside E, not after Z), the same on every server: the root
-- collation of Unicode (CLDR), instead of the one of the database, which depends on its server.
--
-- The previous release uses products_name_idx during a rollout; a later migration drops it. Building the
-- index blocks edits of products for a moment, but neither reads nor orders.

CREATE INDEX products_name_unicode_idx ON products (name COLLATE "und-x-icu", id);
