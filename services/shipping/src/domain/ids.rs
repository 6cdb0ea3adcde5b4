//! Ids, each with its own type, so that one cannot be passed in place of another.

pub use wire::OrderId;

wire::id! {
    /// Id of a shipment.
    ShipmentId
}
wire::id! {
    /// Id of a tracking event.
    EventId
}
