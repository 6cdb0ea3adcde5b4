//! `/cart` and `/shipping/quotes`: of the customer, or of a guest with the token of a cart.

use std::time::Duration;

use money::Money;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{Call, CallError, GatewayClient, Quote};
use crate::api::{CartToken, Credential, Reply};

/// Timeout of a merge: a sign-in does not wait longer for it, because it can be repeated.
const MERGE_TIMEOUT: Duration = Duration::from_secs(2);

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

/// A cart after an addition.
#[derive(Deserialize)]
pub(super) struct ExtendedCart {
    /// The token of the cart, if the call created it for a guest.
    cart_token: Option<CartToken>,
}

/// A cart after the cart of a guest was merged into it.
#[derive(Deserialize)]
pub(crate) struct MergedCart {
    /// Lines of the guest's cart for which there was no room.
    pub(crate) not_merged: Vec<CartItem>,
}

#[derive(Deserialize)]
struct QuoteList {
    quotes: Vec<Quote>,
}

impl GatewayClient {
    /// Returns the cart.
    ///
    /// # Errors
    /// [`CallError::SignedOut`] for a guest without a cart, and when the session has just ended.
    pub(crate) async fn cart(&self) -> Result<Cart, CallError> {
        self.cart_reply(&Call::get("/cart")).await?.json()
    }

    /// Adds units of a product to the cart. Creates a cart for a guest who has none.
    pub(crate) async fn add_to_cart(&self, product: Uuid, quantity: u32) -> Result<(), CallError> {
        let body = json!({"product_id": product, "quantity": quantity});
        let call = Call::post("/cart/items").json(&body);
        if self.session.may_have_cart() {
            return self.change_cart(&call).await;
        }
        let created: ExtendedCart = self.public(call).await?;
        if let Some(token) = created.cart_token {
            self.session.store_cart(&token);
        }
        Ok(())
    }

    /// Sets the quantity of a line.
    pub(crate) async fn set_quantity(&self, product: Uuid, quantity: u32) -> Result<(), CallError> {
        let call = Call::put(format!("/cart/items/{product}"));
        self.change_cart(&call.json(&json!({"quantity": quantity}))).await
    }

    /// Removes a line.
    pub(crate) async fn remove_from_cart(&self, product: Uuid) -> Result<(), CallError> {
        self.change_cart(&Call::delete(format!("/cart/items/{product}"))).await
    }

    /// Merges the cart of a guest into the cart of the customer. A repeat has no effect.
    pub(crate) async fn merge_cart(&self, guest: &CartToken) -> Result<MergedCart, CallError> {
        let body = json!({"cart_token": guest.expose()});
        self.signed_in(Call::post("/cart/merge").json(&body).timeout(MERGE_TIMEOUT)).await
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
        let list: QuoteList = self.cart_reply(&call).await?.json()?;
        Ok(list.quotes)
    }

    /// Returns the shipping costs of one unit of a product, cheapest first. They do not depend on
    /// the postal code.
    pub(super) async fn product_quotes(
        &self,
        product: Uuid,
        country: &str,
    ) -> Result<Vec<Quote>, CallError> {
        let call = Call::get("/shipping/quotes").query([
            ("product_id", Some(product.to_string())),
            ("country", Some(country.to_owned())),
            ("zip_code", Some(String::new())),
        ]);
        let list: QuoteList = self.public(call).await?;
        Ok(list.quotes)
    }

    /// Changes the cart. A change extends the life of a guest's cart, and so of its cookie.
    async fn change_cart(&self, call: &Call) -> Result<(), CallError> {
        self.cart_reply(call).await?;
        if !self.session.is_signed_in()
            && let Some(token) = self.session.cart_token()
        {
            self.session.store_cart(&token);
        }
        Ok(())
    }

    /// Makes a call for the owner of the cart. A session has precedence over a guest's cart.
    async fn cart_reply(&self, call: &Call) -> Result<Reply, CallError> {
        if self.session.is_signed_in() {
            return self.signed_in_reply(call).await;
        }
        let token = self.session.cart_token().ok_or(CallError::SignedOut)?;
        self.http.send(call, Credential::Cart(&token), self.session.visitor()).await
    }
}
