//! Ids, each a type of its own, so that none is passed for another.

pub use wire::{OrderId, ProductId};

wire::id! {
    /// A category.
    CategoryId
}
wire::id! {
    /// A reservation, for people and logs; callers name it by its order.
    ReservationId
}
