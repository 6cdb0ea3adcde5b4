//! Parsers of the request fields that only payments have.

use kit::Env;
use money::Currency;
use proto::common::v1 as common;
use proto::payment::v1 as pb;
use wire::Fields;

use crate::domain::card::{Brand, Card, Cvv, Expiry, ExpiryError, Number};
use crate::domain::ids::{IdempotencyKey, MAX_KEY_CHARS};
use crate::ledger::Source;
use crate::provider::ProviderClient;

/// Largest amount of one request, in minor units. It is above any real payment, and sums of such
/// amounts stay far below the limit of `i64`.
const MAX_CENTS: i64 = 1_000_000_000_000;

pub(super) trait PaymentFields {
    /// Parses a required idempotency key.
    fn key(&mut self, field: &str, text: &str) -> Option<IdempotencyKey>;

    /// Parses an optional idempotency key.
    fn key_or_none(&mut self, field: &str, text: &str) -> Option<Option<IdempotencyKey>>;

    /// Parses a positive amount in the shop's currency.
    fn amount(&mut self, money: Option<&common::Money>, currency: Currency)
    -> Option<money::Money>;

    /// Parses the id of a saved payment method, or of a test method of the provider.
    fn source(&mut self, field: &str, text: &str, provider: &ProviderClient) -> Option<Source>;

    /// Parses the card of a request.
    fn card(&mut self, request: &pb::AddPaymentMethodRequest, env: &Env) -> Option<Card>;
}

impl PaymentFields for Fields {
    fn key(&mut self, field: &str, text: &str) -> Option<IdempotencyKey> {
        if text.is_empty() {
            return self.reject(field, "is required");
        }
        let message = || format!("must be 1 to {MAX_KEY_CHARS} printable characters");
        IdempotencyKey::new(text).or_else(|| self.reject(field, message()))
    }

    fn key_or_none(&mut self, field: &str, text: &str) -> Option<Option<IdempotencyKey>> {
        if text.is_empty() { Some(None) } else { self.key(field, text).map(Some) }
    }

    fn amount(
        &mut self,
        money: Option<&common::Money>,
        currency: Currency,
    ) -> Option<money::Money> {
        self.money("amount", money, currency, (1, MAX_CENTS))
    }

    fn source(&mut self, field: &str, text: &str, provider: &ProviderClient) -> Option<Source> {
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
    let message = "must be the three or four digits that are printed on the card";
    Cvv::parse(text, brand).or_else(|| fields.reject("cvv", message))
}
