//! `/orders`.

use std::time::Duration;

use jiff::Timestamp;
use money::Money;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::catalog::Pagination;
use super::{Address, Call, CallError, EventReader, GatewayClient};

/// Timeout of a cancellation, which refunds: longer than that of other calls, and shorter than the
/// deadline of a page.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(7);

/// The status of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrderStatus {
    Pending,
    Confirmed,
    Processing,
    Shipped,
    Delivered,
    Cancelled,
    Refunded,
    /// A status of a newer release.
    #[serde(other)]
    Unknown,
}

impl OrderStatus {
    /// The statuses by which customers filter their orders.
    pub(crate) const ALL: [Self; 7] = [
        Self::Pending,
        Self::Confirmed,
        Self::Processing,
        Self::Shipped,
        Self::Delivered,
        Self::Cancelled,
        Self::Refunded,
    ];

    /// The name in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Processing => "processing",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Refunded => "refunded",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the order does not change any more, but for a refund.
    pub(crate) fn is_final(self) -> bool {
        match self {
            Self::Delivered | Self::Cancelled | Self::Refunded => true,
            Self::Pending | Self::Confirmed | Self::Processing | Self::Shipped | Self::Unknown => {
                false
            }
        }
    }

    /// Parses the name in the API.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// An order.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: Uuid,
    /// The number for customers; absent while the order service does not send it.
    #[serde(default)]
    pub(crate) number: Option<String>,
    pub(crate) status: OrderStatus,
    pub(crate) items: Vec<OrderItem>,
    pub(crate) subtotal: Money,
    pub(crate) shipping: Money,
    pub(crate) tax: Money,
    pub(crate) total: Money,
    pub(crate) refunded: Money,
    pub(crate) shipping_address: Address,
    pub(crate) tracking_number: Option<String>,
    pub(crate) history: Vec<HistoryEntry>,
    /// Why the checkout failed.
    pub(crate) failure_code: Option<String>,
    pub(crate) created_at: Timestamp,
}

impl Order {
    /// Returns the version of the state that pages show.
    pub(crate) fn version(&self) -> String {
        version(self.status, self.refunded, self.tracking_number.as_deref())
    }
}

/// Returns a text that differs between states of an order that look different on a page.
fn version(status: OrderStatus, refunded: Money, tracking_number: Option<&str>) -> String {
    format!("{}-{}-{}", status.name(), refunded.cents(), tracking_number.unwrap_or_default())
}

/// A line of an order.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct OrderItem {
    pub(crate) product_id: Uuid,
    pub(crate) product_name: String,
    pub(crate) quantity: u32,
    pub(crate) unit_price: Money,
    pub(crate) total_price: Money,
}

/// A change of the status.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct HistoryEntry {
    pub(crate) status: OrderStatus,
    pub(crate) created_at: Timestamp,
}

/// What an event contains of the state of an order.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct OrderState {
    pub(crate) status: OrderStatus,
    refunded: Money,
    tracking_number: Option<String>,
}

impl OrderState {
    /// Returns the version of the state.
    pub(crate) fn version(&self) -> String {
        version(self.status, self.refunded, self.tracking_number.as_deref())
    }
}

/// The states of an order: the current one, and one after each change.
pub(crate) struct OrderStates(EventReader);

impl OrderStates {
    /// Waits for the next state; `None` when the stream has ended.
    ///
    /// # Errors
    /// Fails when the connection is lost, or the event cannot be read.
    pub(crate) async fn next(&mut self) -> Result<Option<OrderState>, CallError> {
        let Some(data) = self.0.next_data().await? else { return Ok(None) };
        let invalid = |error: serde_json::Error| CallError::InvalidResponse(error.to_string());
        serde_json::from_str(&data).map(Some).map_err(invalid)
    }
}

/// A page of orders.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct OrderList {
    pub(crate) orders: Vec<Order>,
    pub(crate) pagination: Pagination,
}

/// The shipment of an order.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Tracking {
    pub(crate) shipment: Option<Shipment>,
    pub(crate) events: Vec<TrackingEvent>,
}

/// A shipment.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Shipment {
    pub(crate) tracking_number: String,
    pub(crate) carrier: String,
    pub(crate) service: String,
    pub(crate) status: ShipmentStatus,
    /// Time of the handover to the carrier.
    pub(crate) shipped_at: Option<Timestamp>,
    pub(crate) delivered_at: Option<Timestamp>,
}

/// The status of a shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ShipmentStatus {
    Pending,
    LabelCreated,
    PickedUp,
    InTransit,
    OutForDelivery,
    Delivered,
    Failed,
    Cancelled,
    /// A status of a newer release.
    #[serde(other)]
    Unknown,
}

/// A tracking event.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct TrackingEvent {
    pub(crate) description: String,
    pub(crate) location: String,
    pub(crate) timestamp: Timestamp,
}

impl GatewayClient {
    /// Lists the orders of the customer, newest first.
    pub(crate) async fn orders(
        &self,
        status: Option<OrderStatus>,
        page: u32,
        page_size: u32,
    ) -> Result<OrderList, CallError> {
        let call = Call::get("/orders").query([
            ("status", status.map(|status| status.name().to_owned())),
            ("page", Some(page.max(1).to_string())),
            ("page_size", Some(page_size.to_string())),
        ]);
        self.signed_in(call).await
    }

    /// Returns an order of the customer.
    pub(crate) async fn order(&self, id: Uuid) -> Result<Order, CallError> {
        self.signed_in(Call::get(format!("/orders/{id}"))).await
    }

    /// Opens the stream of the states of an order.
    pub(crate) async fn watch_order(&self, id: Uuid) -> Result<OrderStates, CallError> {
        let call = Call::get(format!("/orders/{id}/events"));
        self.signed_in_events(&call).await.map(OrderStates)
    }

    /// Returns the shipment of an order.
    pub(crate) async fn tracking(&self, id: Uuid) -> Result<Tracking, CallError> {
        self.signed_in(Call::get(format!("/orders/{id}/tracking"))).await
    }

    /// Cancels an order. It may be cancelled when its checkout has finished.
    pub(crate) async fn cancel_order(&self, id: Uuid, reason: &str) -> Result<Order, CallError> {
        let call = Call::delete(format!("/orders/{id}"));
        self.signed_in(call.json(&json!({"reason": reason})).timeout(CANCEL_TIMEOUT)).await
    }
}
