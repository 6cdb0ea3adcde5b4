//! Ids, each with its own type, so that one cannot be passed in place of another.

pub use wire::{OrderId, ProductId};

wire::id! {
    /// The id of a category.
    CategoryId
}
wire::id! {
    /// The id of a reservation, for people and logs; callers use the id of its order.
    ReservationId
}
