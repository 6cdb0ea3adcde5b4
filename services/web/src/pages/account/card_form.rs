//! The form of a card. It belongs to the payment simulator; other providers bring their own
//! payment step. Its values are passed through: not rendered again, not logged.

use serde::Deserialize;
use uuid::Uuid;

use crate::forms::{Checkbox, Field, FormErrors};
use crate::gateway_client::{CallError, GatewayClient, NewCard, PaymentMethod};
use crate::messages::Messages;

/// Name of the field with month and year.
const EXPIRY: &str = "expiry";

/// A submitted card. It does not implement `Debug`: it contains a card number.
#[derive(Deserialize)]
pub(crate) struct CardForm {
    card_number: String,
    /// Month and year, such as `12/30`.
    expiry: String,
    cvv: String,
    #[serde(default)]
    is_default: Checkbox,
    idempotency_key: Uuid,
}

/// The fields of the form. `templates/components/card_form.html` renders them.
pub(crate) struct CardFields {
    pub(crate) fields: Vec<Field>,
    pub(crate) errors: FormErrors,
    pub(crate) idempotency_key: String,
}

impl CardForm {
    /// Saves the card.
    pub(crate) async fn save(&self, gateway: &GatewayClient) -> Result<PaymentMethod, CallError> {
        // An unreadable expiry is sent as an invalid one, so that the gateway reports all errors.
        let (exp_month, exp_year) = parse_expiry(&self.expiry).unwrap_or_default();
        let card = NewCard {
            card_number: self.card_number.trim(),
            exp_month,
            exp_year,
            cvv: self.cvv.trim(),
            is_default: self.is_default.0,
        };
        gateway.add_card(&card, &self.idempotency_key.to_string()).await
    }
}

impl CardFields {
    /// Returns the empty fields with the errors of a rejected form.
    pub(crate) fn new(m: &Messages, errors: FormErrors, idempotency_key: String) -> Self {
        let c = &m.card;
        // Month and year are one field of the form.
        let errors = errors.rename("exp_month", EXPIRY).rename("exp_year", EXPIRY);
        let expiry = Field::text(EXPIRY, c.expiry)
            .autocomplete("cc-exp")
            .input_mode("numeric")
            .max_length(7)
            .hint(c.expiry_hint)
            .error(&errors);
        let fields = vec![
            Field::text("card_number", c.number)
                .autocomplete("cc-number")
                .input_mode("numeric")
                .max_length(40)
                .error(&errors),
            expiry,
            Field::text("cvv", c.cvv)
                .autocomplete("cc-csc")
                .input_mode("numeric")
                .max_length(4)
                .error(&errors),
        ];
        Self { fields, errors, idempotency_key }
    }
}

/// Returns the name of a card, such as `Visa •••• 4242`.
pub(crate) fn card_name(card: &PaymentMethod) -> String {
    format!("{} •••• {}", brand_name(&card.brand), card.last_four)
}

fn brand_name(brand: &str) -> String {
    match brand {
        "amex" => "American Express".to_owned(),
        "mastercard" => "Mastercard".to_owned(),
        brand => {
            let mut letters = brand.chars();
            let first = letters.next().map(|letter| letter.to_uppercase().to_string());
            first.unwrap_or_default() + letters.as_str()
        }
    }
}

/// Parses `12/30`, `12 / 2030`, `1230` and `12-2030`.
fn parse_expiry(text: &str) -> Option<(u32, u32)> {
    let separators = ['/', '-', '.', ' '];
    let text = text.trim();
    let (month, year) = match text.split_once(separators) {
        Some((month, year)) => (month, year.trim_start_matches(separators)),
        None => (text.get(..2)?, text.get(2..)?),
    };
    let year: u32 = match year.len() {
        2 => 2000 + year.parse::<u32>().ok()?,
        4 => year.parse().ok()?,
        _ => return None,
    };
    Some((month.parse().ok()?, year))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_is_read_as_cards_print_it() {
        for text in ["12/30", "12 / 30", "12/2030", "1230", "12-30", " 12/30"] {
            assert_eq!(parse_expiry(text), Some((12, 2030)), "{text}");
        }
        assert_eq!(parse_expiry("1/30"), Some((1, 2030)));
        for text in ["", "12", "december", "12/3", "12/203", "/"] {
            assert_eq!(parse_expiry(text), None, "{text}");
        }
    }

    #[test]
    fn brands_are_written_as_names() {
        assert_eq!(brand_name("visa"), "Visa");
        assert_eq!(brand_name("amex"), "American Express");
        assert_eq!(brand_name(""), "");
    }
}
