//! `/cart` and `/shipping/quotes`.

use money::Money;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{Call, CallError, GatewayClient, Quote};

/// A cart with current prices.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Cart {
    pub(crate) items: Vec<CartItem>,
    pub(crate) total: Money,
}

/// A line of a cart.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CartItem {
    pub(crate) product_id: Uuid,
    pub(crate) product_name: String,
    pub(crate) quantity: u32,
    pub(crate) unit_price: Money,
    pub(crate) total_price: Money,
    pub(crate) image_url: String,
    pub(crate) available: bool,
}

impl Cart {
    /// Returns the number of units.
    pub(crate) fn units(&self) -> u64 {
        self.items.iter().map(|item| u64::from(item.quantity)).sum()
    }
}

#[derive(Deserialize)]
struct QuoteList {
    quotes: Vec<Quote>,
}

impl GatewayClient {
    /// Returns the cart.
    pub(crate) async fn cart(&self) -> Result<Cart, CallError> {
        self.signed_in(Call::get("/cart")).await
    }

    /// Adds units of a product to the cart.
    pub(crate) async fn add_to_cart(&self, product: Uuid, quantity: u32) -> Result<(), CallError> {
        let body = json!({"product_id": product, "quantity": quantity});
        self.signed_in_unit(Call::post("/cart/items").json(&body)).await
    }

    /// Sets the quantity of a line.
    pub(crate) async fn set_quantity(&self, product: Uuid, quantity: u32) -> Result<(), CallError> {
        let call = Call::put(format!("/cart/items/{product}"));
        self.signed_in_unit(call.json(&json!({"quantity": quantity}))).await
    }

    /// Removes a line.
    pub(crate) async fn remove_from_cart(&self, product: Uuid) -> Result<(), CallError> {
        self.signed_in_unit(Call::delete(format!("/cart/items/{product}"))).await
    }

    /// Returns the shipping costs of the cart, cheapest first.
    pub(crate) async fn shipping_quotes(
        &self,
        country: &str,
        zip_code: &str,
    ) -> Result<Vec<Quote>, CallError> {
        let call = Call::get("/shipping/quotes").query([
            ("country", Some(country.to_owned())),
            ("zip_code", Some(zip_code.to_owned())),
        ]);
        self.signed_in(call).await.map(|list: QuoteList| list.quotes)
    }
}
