//! Shipping quotes.

use proto::shipping::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::money::Money;

/// Price of a service of a carrier.
#[derive(Serialize, ToSchema)]
pub(crate) struct Quote {
    /// Carrier.
    #[schema(example = "USPS")]
    carrier: String,
    /// Service of the carrier.
    #[schema(example = "First Class")]
    service: String,
    /// Shipping cost.
    cost: Money,
    /// Estimated delivery time in days.
    #[schema(example = 5, minimum = 0)]
    estimated_days: i32,
}

/// Shipping quotes for a cart.
#[derive(Serialize, ToSchema)]
pub(crate) struct QuoteList {
    /// Available services, cheapest first.
    quotes: Vec<Quote>,
}

impl From<v1::ShippingQuote> for Quote {
    fn from(quote: v1::ShippingQuote) -> Self {
        Self {
            carrier: quote.carrier,
            service: quote.service,
            cost: quote.cost.unwrap_or_default().into(),
            estimated_days: quote.estimated_days,
        }
    }
}

impl From<v1::GetQuoteResponse> for QuoteList {
    fn from(v1::GetQuoteResponse { quotes }: v1::GetQuoteResponse) -> Self {
        Self { quotes: quotes.into_iter().map(Quote::from).collect() }
    }
}
