//! What shipping costs.

use proto::shipping::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::money::Money;

/// What a service of a carrier costs.
#[derive(Serialize, ToSchema)]
pub(crate) struct Quote {
    /// The carrier.
    #[schema(example = "USPS")]
    carrier: String,
    /// Its service.
    #[schema(example = "First Class")]
    service: String,
    /// What it costs.
    cost: Money,
    /// Days it takes.
    #[schema(example = 5, minimum = 0)]
    estimated_days: i32,
}

/// What shipping a cart costs.
#[derive(Serialize, ToSchema)]
pub(crate) struct QuoteList {
    /// The services there are, cheapest first.
    quotes: Vec<Quote>,
}

impl From<v1::GetQuoteResponse> for QuoteList {
    fn from(v1::GetQuoteResponse { quotes }: v1::GetQuoteResponse) -> Self {
        let quotes = quotes.into_iter().map(|quote| Quote {
            carrier: quote.carrier,
            service: quote.service,
            cost: quote.cost.unwrap_or_default().into(),
            estimated_days: quote.estimated_days,
        });
        Self { quotes: quotes.collect() }
    }
}
