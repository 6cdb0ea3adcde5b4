//! Ids, each a type of its own, so that none is passed for another.

pub use wire::OrderId;

wire::id! {
    /// A shipment.
    ShipmentId
}
wire::id! {
    /// Something that happened to a parcel.
    EventId
}
