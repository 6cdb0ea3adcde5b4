//! `/payment-methods`. `NewCard` does not implement `Debug`: it contains a card number.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Call, CallError, GatewayClient};

/// A saved card.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PaymentMethod {
    pub(crate) id: Uuid,
    pub(crate) brand: String,
    pub(crate) last_four: String,
    pub(crate) exp_month: u32,
    pub(crate) exp_year: u32,
    pub(crate) is_default: bool,
}

/// A card to save.
#[derive(Serialize)]
pub(crate) struct NewCard<'a> {
    pub(crate) card_number: &'a str,
    pub(crate) exp_month: u32,
    pub(crate) exp_year: u32,
    pub(crate) cvv: &'a str,
    pub(crate) is_default: bool,
}

#[derive(Deserialize)]
struct PaymentMethodList {
    payment_methods: Vec<PaymentMethod>,
}

impl GatewayClient {
    /// Lists the saved cards, the default first.
    pub(crate) async fn payment_methods(&self) -> Result<Vec<PaymentMethod>, CallError> {
        let list: PaymentMethodList = self.signed_in(Call::get("/payment-methods")).await?;
        Ok(list.payment_methods)
    }

    /// Saves a card.
    pub(crate) async fn add_card(
        &self,
        card: &NewCard<'_>,
        idempotency_key: &str,
    ) -> Result<PaymentMethod, CallError> {
        let call = Call::post("/payment-methods").json(card);
        self.signed_in(call.idempotency_key(idempotency_key)).await
    }

    /// Deletes a card.
    pub(crate) async fn delete_payment_method(&self, id: Uuid) -> Result<(), CallError> {
        self.signed_in_unit(Call::delete(format!("/payment-methods/{id}"))).await
    }

    /// Makes a card the default.
    pub(crate) async fn set_default_payment_method(&self, id: Uuid) -> Result<(), CallError> {
        self.signed_in_unit(Call::put(format!("/payment-methods/{id}/default"))).await
    }
}
