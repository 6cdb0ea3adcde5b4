//! Ids. Each is a type of its own, so that one cannot be passed for another.

pub use wire::OrderId;

wire::id! {
    /// Id of a shipment.
    ShipmentId
}
wire::id! {
    /// Id of a tracking event.
    EventId
}
