//! What only requests about payments hold, read.

use kit::Env;
use money::Currency;
use proto::{common::v1 as common, payment::v1 as pb};
use wire::Fields;

use crate::{
    domain::{
        card::{Brand, Card, Cvv, Expiry, ExpiryError, Number},
        ids::{Key, MAX_KEY_CHARS},
    },
    provider::Caller,
    transactions::Source,
};

/// The largest amount, in minor units: nobody pays more at once, and sums of it stay far from the end
/// of their type.
const MAX_CENTS: i64 = 1_000_000_000_000;

pub(super) trait PaymentFields {
    /// A key that must be there.
    fn key(&mut self, field: &str, text: &str) -> Option<Key>;

    /// A key that may be left out.
    fn key_or_none(&mut self, field: &str, text: &str) -> Option<Option<Key>>;

    /// A positive amount in the shop's currency.
    fn amount(&mut self, money: Option<&common::Money>, currency: Currency)
    -> Option<money::Money>;

    /// A saved method, or one of the provider's own.
    fn source(&mut self, field: &str, text: &str, provider: &Caller) -> Option<Source>;

    /// A card.
    fn card(&mut self, request: &pb::AddPaymentMethodRequest, env: &Env) -> Option<Card>;
}

impl PaymentFields for Fields {
    fn key(&mut self, field: &str, text: &str) -> Option<Key> {
        if text.is_empty() {
            return self.reject(field, "is required");
        }
        let says = || format!("must be 1 to {MAX_KEY_CHARS} printable characters");
        Key::new(text).or_else(|| self.reject(field, says()))
    }

    fn key_or_none(&mut self, field: &str, text: &str) -> Option<Option<Key>> {
        if text.is_empty() { Some(None) } else { self.key(field, text).map(Some) }
    }

    fn amount(
        &mut self,
        money: Option<&common::Money>,
        currency: Currency,
    ) -> Option<money::Money> {
        self.money("amount", money, currency, (1, MAX_CENTS))
    }

    fn source(&mut self, field: &str, text: &str, provider: &Caller) -> Option<Source> {
        if let Some(token) = provider.test_method(text) {
            return Some(Source::Test(text.to_owned(), token));
        }
        self.id(field, text).map(Source::Saved)
    }

    fn card(&mut self, request: &pb::AddPaymentMethodRequest, env: &Env) -> Option<Card> {
        let number = match Number::parse(&request.card_number) {
            Ok(number) => Some(number),
            Err(error) => self.reject("card_number", error.to_string()),
        };
        let today = env.now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let expiry = match Expiry::new(request.exp_month, request.exp_year, today) {
            Ok(expiry) => Some(expiry),
            Err(errors) => {
                for error in errors {
                    let field = match error {
                        ExpiryError::Month | ExpiryError::Past => "exp_month",
                        ExpiryError::Year => "exp_year",
                    };
                    self.reject::<()>(field, error.to_string());
                }
                None
            }
        };
        let cvv = cvv(self, &request.cvv, number.as_ref().map(Number::brand));
        Some(Card { number: number?, expiry: expiry?, cvv: cvv? })
    }
}

fn cvv(fields: &mut Fields, text: &str, brand: Option<Brand>) -> Option<Cvv> {
    if text.is_empty() {
        return fields.reject("cvv", "is required");
    }
    let says = "must be the three or four digits that are printed on the card";
    Cvv::parse(text, brand).or_else(|| fields.reject("cvv", says))
}
