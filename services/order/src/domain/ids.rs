//! Ids, each a distinct type, so that none is passed in place of another.

pub use wire::{OrderId, ProductId, UserId};

wire::id! {
    /// Id of a line of an order.
    LineId
}
wire::id! {
    /// Id of an entry of an order's history.
    EntryId
}
wire::id! {
    /// Id of a refund saga.
    RefundId
}
wire::id! {
    /// Id of an outbox message.
    MessageId
}
