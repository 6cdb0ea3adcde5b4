//! `/checkout/preview` and `POST /orders`.

use std::time::Duration;

use money::Money;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Call, CallError, GatewayClient, Order};

/// Timeout of placing an order: the gateway waits ten seconds for the checkout.
const PLACE_TIMEOUT: Duration = Duration::from_secs(18);

/// Price of a service of a carrier.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Quote {
    pub(crate) carrier: String,
    pub(crate) service: String,
    pub(crate) cost: Money,
    pub(crate) estimated_days: u32,
}

/// A service of a carrier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ShippingOption {
    pub(crate) carrier: String,
    pub(crate) service: String,
}

/// What an order of the cart costs now.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Preview {
    pub(crate) cart_version: i64,
    pub(crate) items: Vec<PreviewItem>,
    pub(crate) quotes: Vec<Quote>,
    pub(crate) subtotal: Money,
    pub(crate) shipping: Money,
    pub(crate) tax: Money,
    pub(crate) total: Money,
}

/// A line of a preview.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PreviewItem {
    pub(crate) product_id: Uuid,
    pub(crate) product_name: String,
    pub(crate) quantity: u32,
    pub(crate) total_price: Money,
}

/// An order to place.
#[derive(Debug, Serialize)]
pub(crate) struct NewOrder {
    pub(crate) address_id: Uuid,
    pub(crate) payment_method_id: Uuid,
    pub(crate) shipping_option: ShippingOption,
    pub(crate) cart_version: i64,
    pub(crate) expected_total: Money,
}

impl GatewayClient {
    /// Returns the prices of an order of the cart; with the cheapest delivery without an option.
    pub(crate) async fn preview(
        &self,
        address: Uuid,
        option: Option<&ShippingOption>,
    ) -> Result<Preview, CallError> {
        let body = json!({"address_id": address, "shipping_option": option});
        self.signed_in(Call::post("/checkout/preview").json(&body)).await
    }

    /// Places an order. A repeat with the same key returns the same order. It may be pending.
    pub(crate) async fn place_order(
        &self,
        order: &NewOrder,
        idempotency_key: &str,
    ) -> Result<Order, CallError> {
        let call = Call::post("/orders").json(order).timeout(PLACE_TIMEOUT);
        self.signed_in(call.idempotency_key(idempotency_key)).await
    }
}
