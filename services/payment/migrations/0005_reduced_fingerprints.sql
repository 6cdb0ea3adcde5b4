-- The fingerprint of a request to save a card covers the card's number only until the card is saved.
-- Afterwards it is one byte: whether the card was to be the default. A retry is compared with the saved
-- card itself.

-- What earlier releases stored covered the number and the CVV. Empty: the byte is unknown.
UPDATE method_requests SET fingerprint = '' WHERE method_id IS NOT NULL;

-- Finds the requests that saved no card, which are deleted sooner.
CREATE INDEX method_requests_unfinished_idx ON method_requests (created_at) WHERE method_id IS NULL;

-- For the previous release, which keeps the fingerprint when it saves the card. A later migration
-- removes the trigger.
CREATE FUNCTION reduce_fingerprint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.fingerprint := '';
    RETURN NEW;
END $$;

CREATE TRIGGER method_requests_reduce_fingerprint BEFORE UPDATE OF method_id ON method_requests
    FOR EACH ROW WHEN (NEW.method_id IS NOT NULL AND NEW.fingerprint = OLD.fingerprint)
    EXECUTE FUNCTION reduce_fingerprint();
