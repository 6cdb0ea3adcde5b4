//! How pages show an order.

use crate::format::Format;
use crate::gateway_client::{Order, OrderStatus};
use crate::messages::Messages;

/// Characters of an id that stand for a number: enough to name an order on the telephone.
const ID_CHARS: usize = 8;

/// An order in a list.
pub(crate) struct OrderCard {
    pub(crate) href: String,
    pub(crate) number: String,
    pub(crate) date: String,
    pub(crate) total: String,
    pub(crate) status: StatusPill,
    /// The products in one line.
    pub(crate) items: String,
}

/// A status as a label with a color.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatusPill {
    pub(crate) text: &'static str,
    /// Name of the style.
    pub(crate) class: &'static str,
}

impl OrderCard {
    /// Creates the entry of an order.
    pub(crate) fn new(order: &Order, format: &Format, m: &Messages) -> Self {
        let items: Vec<String> = order
            .items
            .iter()
            .map(|item| match item.quantity {
                1 => item.product_name.clone(),
                quantity => format!("{quantity} × {}", item.product_name),
            })
            .collect();
        Self {
            href: format!("/orders/{}", order.id),
            number: number(order),
            date: format.date(order.created_at),
            total: format.money(order.total),
            status: StatusPill::new(order.status, m),
            items: items.join(", "),
        }
    }
}

impl StatusPill {
    /// Returns the label of a status.
    pub(crate) fn new(status: OrderStatus, m: &Messages) -> Self {
        let (text, class) = match status {
            OrderStatus::Pending => (m.orders.pending, "warn"),
            OrderStatus::Confirmed => (m.orders.confirmed, "ok"),
            OrderStatus::Processing => (m.orders.processing, "ok"),
            OrderStatus::Shipped => (m.orders.shipped, "accent"),
            OrderStatus::Delivered => (m.orders.delivered, "neutral"),
            OrderStatus::Cancelled => (m.orders.cancelled, "danger"),
            OrderStatus::Refunded => (m.orders.refunded, "neutral"),
            OrderStatus::Unknown => (m.orders.unknown, "neutral"),
        };
        Self { text, class }
    }
}

/// Returns the number of an order, or the end of its id while there is none: the start of an id is
/// the time, which orders share.
pub(crate) fn number(order: &Order) -> String {
    order.number.clone().unwrap_or_else(|| {
        let id = order.id.simple().to_string().to_uppercase();
        let start = id.len().saturating_sub(ID_CHARS);
        let tail = id.get(start..).unwrap_or_default();
        let (first, second) = tail.split_at_checked(ID_CHARS / 2).unwrap_or((tail, ""));
        format!("{first}-{second}")
    })
}
