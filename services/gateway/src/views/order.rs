//! Orders, for customers and administrators.

use proto::order::v1::{self, OrderStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::address::Address;
use super::money::Money;
use super::non_empty;
use super::page::Pagination;

/// Names of the statuses.
pub(crate) const STATUSES: [(&str, OrderStatus); 7] = [
    ("pending", OrderStatus::Pending),
    ("confirmed", OrderStatus::Confirmed),
    ("processing", OrderStatus::Processing),
    ("shipped", OrderStatus::Shipped),
    ("delivered", OrderStatus::Delivered),
    ("cancelled", OrderStatus::Cancelled),
    ("refunded", OrderStatus::Refunded),
];

/// Returns the name of a status.
fn status_name(status: OrderStatus) -> &'static str {
    let found = STATUSES.iter().find(|(_, known)| *known == status);
    found.map_or("unknown", |(name, _)| name)
}

/// An order. Its lines and prices are those at the time of the order.
#[derive(Serialize, ToSchema)]
pub(crate) struct Order {
    /// Id of the order.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a70")]
    id: String,
    /// Number that customers see, unique: ten digits of Crockford's base32. Absent for a moment
    /// while an earlier release is being replaced.
    #[schema(
        value_type = String, required = false,
        pattern = "^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{2}$",
        example = "K7Q2-M9XD-4T"
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    /// Id of the customer's account.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a20")]
    user_id: String,
    /// Status of the order.
    #[schema(
        pattern = "^(pending|confirmed|processing|shipped|delivered|cancelled|refunded)$",
        example = "confirmed"
    )]
    status: &'static str,
    /// Ordered lines.
    items: Vec<OrderItem>,
    /// Total of the lines.
    subtotal: Money,
    /// Shipping cost.
    shipping: Money,
    /// Tax on the subtotal.
    tax: Money,
    /// Total of subtotal, shipping and tax.
    total: Money,
    /// Amount refunded so far.
    refunded: Money,
    /// Shipping address.
    shipping_address: Address,
    /// Id of the saved payment method, or a test id.
    #[schema(example = "pm_test_visa")]
    payment_method_id: String,
    /// Id of the transaction that captured the payment; `null` before.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a80")]
    transaction_id: Option<String>,
    /// Tracking number of the carrier; `null` until the shipment exists.
    #[schema(example = "9400136208303345501234")]
    tracking_number: Option<String>,
    /// Status changes, oldest first.
    history: Vec<HistoryEntry>,
    /// Reason of a failed checkout, as the code of its problem; `null` if the checkout did not
    /// fail.
    #[schema(example = "payment_declined")]
    failure_code: Option<String>,
    /// Reason of a declined payment; `null` if it was not declined.
    #[schema(example = "insufficient_funds")]
    decline_code: Option<String>,
    /// Products that were unavailable; empty if that was not the reason of the failure.
    #[schema(example = json!([]))]
    unavailable_product_ids: Vec<String>,
    /// Time of creation.
    #[schema(format = DateTime, example = "2026-11-22T10:00:00Z")]
    created_at: String,
    /// Time of the last change.
    #[schema(format = DateTime, example = "2026-11-22T10:00:02Z")]
    updated_at: String,
}

/// A line of an order.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderItem {
    /// Id of the line.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a71")]
    id: String,
    /// Id of the product.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10")]
    product_id: String,
    /// Name of the product when it was ordered.
    #[schema(example = "Laptop Backpack")]
    product_name: String,
    /// Quantity.
    #[schema(example = 2, minimum = 1)]
    quantity: i32,
    /// Unit price when it was ordered.
    unit_price: Money,
    /// Price of the line when it was ordered.
    total_price: Money,
}

/// A change of an order's status.
#[derive(Serialize, ToSchema)]
pub(crate) struct HistoryEntry {
    /// Id of the status change.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a72")]
    id: String,
    /// New status.
    #[schema(
        pattern = "^(pending|confirmed|processing|shipped|delivered|cancelled|refunded)$",
        example = "confirmed"
    )]
    status: &'static str,
    /// Reason; `""` if none was given.
    #[schema(example = "")]
    notes: String,
    /// Account that made the change; `null` for the shop itself.
    #[schema(example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a20")]
    actor_id: Option<String>,
    /// Time of the change.
    #[schema(format = DateTime, example = "2026-11-22T10:00:02Z")]
    created_at: String,
}

impl From<v1::Order> for Order {
    fn from(order: v1::Order) -> Self {
        Self {
            status: status_name(order.status()),
            id: order.id,
            number: non_empty(order.number),
            user_id: order.user_id,
            items: order.items.into_iter().map(OrderItem::from).collect(),
            subtotal: order.subtotal.unwrap_or_default().into(),
            shipping: order.shipping.unwrap_or_default().into(),
            tax: order.tax.unwrap_or_default().into(),
            total: order.total.unwrap_or_default().into(),
            refunded: order.refunded.unwrap_or_default().into(),
            shipping_address: order.shipping_address.unwrap_or_default().into(),
            payment_method_id: order.payment_method_id,
            transaction_id: non_empty(order.transaction_id),
            tracking_number: non_empty(order.tracking_number),
            history: order.history.into_iter().map(HistoryEntry::from).collect(),
            failure_code: non_empty(order.failure_code),
            decline_code: non_empty(order.decline_code),
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
            status: status_name(entry.status()),
            id: entry.id,
            notes: entry.notes,
            actor_id: non_empty(entry.actor_id),
            created_at: entry.created_at,
        }
    }
}

/// A page of orders.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderList {
    /// Orders of this page, newest first.
    orders: Vec<Order>,
    /// Position of the page in the whole list.
    pagination: Pagination,
}

impl From<v1::ListOrdersResponse> for OrderList {
    fn from(v1::ListOrdersResponse { orders, pagination }: v1::ListOrdersResponse) -> Self {
        let orders = orders.into_iter().map(Order::from);
        Self { orders: orders.collect(), pagination: pagination.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_is_omitted_while_the_service_sends_none() {
        let json = |number: &str| {
            let order = v1::Order { number: number.into(), ..Default::default() };
            serde_json::to_value(Order::from(order)).unwrap()
        };
        assert_eq!(json("K7Q2-M9XD-4T")["number"], "K7Q2-M9XD-4T");
        assert!(json("").get("number").is_none());
    }
}
