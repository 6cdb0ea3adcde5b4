-- When the delivery of a message was first tried. A message that removes units from a cart is closed 7
-- days later. NULL: not tried, or tried by the previous release only.
ALTER TABLE outbox ADD COLUMN tried_at timestamptz;
