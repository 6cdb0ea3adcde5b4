//! Orders, as their customers and administrators see them.

use proto::order::v1::{self, OrderStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::address::Address;
use super::money::Money;
use super::page::Pagination;
use super::reference;

/// The words of the statuses.
pub(crate) const STATUSES: [(&str, OrderStatus); 7] = [
    ("pending", OrderStatus::Pending),
    ("confirmed", OrderStatus::Confirmed),
    ("processing", OrderStatus::Processing),
    ("shipped", OrderStatus::Shipped),
    ("delivered", OrderStatus::Delivered),
    ("cancelled", OrderStatus::Cancelled),
    ("refunded", OrderStatus::Refunded),
];

/// The word of a status.
fn word(status: OrderStatus) -> &'static str {
    let found = STATUSES.iter().find(|(_, known)| *known == status);
    found.map_or("unknown", |(word, _)| word)
}

/// An order. Its lines and prices are those of the moment it was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct Order {
    /// The order.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a70")]
    id: String,
    /// Whose it is.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a20")]
    user_id: String,
    /// Where it stands.
    #[schema(
        pattern = "^(pending|confirmed|processing|shipped|delivered|cancelled|refunded)$",
        example = "confirmed"
    )]
    status: &'static str,
    /// What was ordered.
    items: Vec<OrderItem>,
    /// The sum of the lines.
    subtotal: Money,
    /// What shipping costs.
    shipping: Money,
    /// The tax on the subtotal.
    tax: Money,
    /// Subtotal, shipping and tax together.
    total: Money,
    /// What was given back so far.
    refunded: Money,
    /// Where it goes.
    shipping_address: Address,
    /// How it is paid: a saved method, or a test id.
    #[schema(example = "pm_test_visa")]
    payment_method_id: String,
    /// The transaction that took the money; `null` before.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a80")]
    transaction_id: Option<String>,
    /// The carrier's number; `null` before there is a parcel.
    #[schema(example = "9400136208303345501234")]
    tracking_number: Option<String>,
    /// What happened, oldest first.
    history: Vec<HistoryEntry>,
    /// Why it came to nothing, as the code of the problem that told so; `null` when that is not so.
    #[schema(example = "payment_declined")]
    failure_code: Option<String>,
    /// Why the payment was declined; `null` when it was not.
    #[schema(example = "insufficient_funds")]
    decline_code: Option<String>,
    /// The products that could not be had; empty when that was not the reason.
    #[schema(example = json!([]))]
    unavailable_product_ids: Vec<String>,
    /// When it was made.
    #[schema(format = DateTime, example = "2026-11-22T10:00:00Z")]
    created_at: String,
    /// When it changed last.
    #[schema(format = DateTime, example = "2026-11-22T10:00:02Z")]
    updated_at: String,
}

/// A line of an order.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderItem {
    /// The line.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a71")]
    id: String,
    /// The product.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10")]
    product_id: String,
    /// Its name when it was ordered.
    #[schema(example = "Laptop Backpack")]
    product_name: String,
    /// How many.
    #[schema(example = 2, minimum = 1)]
    quantity: i32,
    /// What one cost.
    unit_price: Money,
    /// What the line cost.
    total_price: Money,
}

/// A change of an order's status.
#[derive(Serialize, ToSchema)]
pub(crate) struct HistoryEntry {
    /// The change.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a72")]
    id: String,
    /// The status that it came to.
    #[schema(
        pattern = "^(pending|confirmed|processing|shipped|delivered|cancelled|refunded)$",
        example = "confirmed"
    )]
    status: &'static str,
    /// Why; `""` when nothing was said.
    #[schema(example = "")]
    notes: String,
    /// Who; `null` for the shop itself.
    #[schema(example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a20")]
    actor_id: Option<String>,
    /// When.
    #[schema(format = DateTime, example = "2026-11-22T10:00:02Z")]
    created_at: String,
}

impl From<v1::Order> for Order {
    fn from(order: v1::Order) -> Self {
        Self {
            status: word(order.status()),
            id: order.id,
            user_id: order.user_id,
            items: order.items.into_iter().map(OrderItem::from).collect(),
            subtotal: order.subtotal.unwrap_or_default().into(),
            shipping: order.shipping.unwrap_or_default().into(),
            tax: order.tax.unwrap_or_default().into(),
            total: order.total.unwrap_or_default().into(),
            refunded: order.refunded.unwrap_or_default().into(),
            shipping_address: order.shipping_address.unwrap_or_default().into(),
            payment_method_id: order.payment_method_id,
            transaction_id: reference(order.transaction_id),
            tracking_number: reference(order.tracking_number),
            history: order.history.into_iter().map(HistoryEntry::from).collect(),
            failure_code: reference(order.failure_code),
            decline_code: reference(order.decline_code),
            unavailable_product_ids: order.unavailable_product_ids,
            created_at: order.created_at,
            updated_at: order.updated_at,
        }
    }
}

impl From<v1::OrderItem> for OrderItem {
    fn from(item: v1::OrderItem) -> Self {
        Self {
            id: item.id,
            product_id: item.product_id,
            product_name: item.product_name,
            quantity: item.quantity,
            unit_price: item.unit_price.unwrap_or_default().into(),
            total_price: item.total_price.unwrap_or_default().into(),
        }
    }
}

impl From<v1::OrderStatusHistory> for HistoryEntry {
    fn from(entry: v1::OrderStatusHistory) -> Self {
        Self {
            status: word(entry.status()),
            id: entry.id,
            notes: entry.notes,
            actor_id: reference(entry.actor_id),
            created_at: entry.created_at,
        }
    }
}

/// A page of orders.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderList {
    /// The orders of this page, newest first.
    orders: Vec<Order>,
    /// Where the page stands.
    pagination: Pagination,
}

impl From<v1::ListOrdersResponse> for OrderList {
    fn from(v1::ListOrdersResponse { orders, pagination }: v1::ListOrdersResponse) -> Self {
        let orders = orders.into_iter().map(Order::from);
        Self { orders: orders.collect(), pagination: pagination.into() }
    }
}
