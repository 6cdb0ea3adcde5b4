-- Shipments, what is sent in them, and what happened to them.

-- One row an order, for as long as the order: it is the memory that makes repeats harmless. A row
-- without a parcel is a tombstone: a cancellation that came before what it cancels.
CREATE TABLE shipments (
    id           uuid        PRIMARY KEY,
    order_id     uuid        NOT NULL,
    status       text        NOT NULL CHECK (status IN
                     ('pending', 'label_created', 'picked_up', 'in_transit', 'out_for_delivery',
                      'delivered', 'failed', 'cancelled')),
    created_at   timestamptz NOT NULL,
    -- When the status last changed.
    moved_at     timestamptz NOT NULL,
    shipped_at   timestamptz,
    delivered_at timestamptz,
    CONSTRAINT shipments_order_id_key UNIQUE (order_id)
);

-- What the played carrier asks for.
CREATE INDEX shipments_under_way_idx ON shipments (moved_at, id)
    WHERE status NOT IN ('delivered', 'failed', 'cancelled');

CREATE TABLE parcels (
    shipment_id     uuid    PRIMARY KEY REFERENCES shipments,
    tracking_number text    NOT NULL,
    service         text    NOT NULL CHECK (service IN
                        ('usps_priority_mail', 'usps_first_class', 'fedex_ground', 'fedex_2_day', 'ups_ground')),
    weight_grams    integer NOT NULL CHECK (weight_grams > 0),
    CONSTRAINT parcels_tracking_number_key UNIQUE (tracking_number)
);

-- Where a parcel goes, and where it starts unless that is the shop's own address.
CREATE TABLE parcel_addresses (
    shipment_id uuid NOT NULL REFERENCES parcels,
    kind        text NOT NULL CHECK (kind IN ('from', 'to')),
    recipient   text NOT NULL,
    street      text NOT NULL,
    city        text NOT NULL,
    state       text NOT NULL,
    zip_code    text NOT NULL,
    country     text NOT NULL,
    PRIMARY KEY (shipment_id, kind)
);

-- One row for each status that a shipment had, so that there are only as many as there are statuses. The
-- number tells their order: clocks of replicas differ, but the shipment is locked while one is written.
CREATE TABLE tracking_events (
    number      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          uuid        NOT NULL UNIQUE,
    shipment_id uuid        NOT NULL REFERENCES shipments,
    status      text        NOT NULL,
    description text        NOT NULL,
    location    text        NOT NULL,
    created_at  timestamptz NOT NULL,
    CONSTRAINT tracking_events_shipment_id_status_key UNIQUE (shipment_id, status)
);
