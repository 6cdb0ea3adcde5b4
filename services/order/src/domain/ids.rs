//! Ids, each a type of its own, so that none is passed for another.

pub use wire::{OrderId, ProductId, UserId};

wire::id! {
    /// A line of an order.
    LineId
}
wire::id! {
    /// An entry of an order's history.
    EntryId
}
wire::id! {
    /// A flow that gives money back.
    RefundId
}
wire::id! {
    /// A message on its way out.
    MessageId
}
