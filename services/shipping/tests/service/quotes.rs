//! What shipping would cost.

use proto::{common::v1::Address, shipping::v1 as pb};
use sqlx::PgPool;

use crate::depot::{Depot, address, fields};

async fn quotes(depot: &Depot, request: pb::GetQuoteRequest) -> Vec<(String, i64, i32)> {
    let answer = depot.client.clone().get_quote(request).await.unwrap().into_inner();
    let quote = |quote: pb::ShippingQuote| {
        let cost = quote.cost.unwrap();
        assert_eq!(cost.currency, "USD");
        let name = format!("{} {}", quote.carrier, quote.service);
        (name, cost.amount_cents, quote.estimated_days)
    };
    answer.quotes.into_iter().map(quote).collect()
}

#[sqlx::test(migrator = "shipping::MIGRATOR")]
async fn a_kilogram_costs_what_the_price_list_says_cheapest_first(pool: PgPool) {
    let depot = Depot::open(&pool).await;
    // Who has no account yet knows no more than that.
    let to = Address { zip_code: "62701".into(), country: "us".into(), ..Default::default() };
    let request = pb::GetQuoteRequest { from: None, to: Some(to), weight_grams: 1000 };
    let expected = [
        ("USPS First Class", 600, 5),
        ("USPS Priority Mail", 650, 3),
        ("UPS Ground", 670, 4),
        ("FedEx Ground", 680, 4),
        ("FedEx 2-Day", 850, 2),
    ]
    .map(|(name, cents, days)| (name.to_owned(), cents, days));
    assert_eq!(quotes(&depot, request.clone()).await, expected);
    let request = pb::GetQuoteRequest { from: Some(address()), to: Some(address()), ..request };
    assert_eq!(quotes(&depot, request).await, expected);
    depot.close().await;
}

#[sqlx::test(migrator = "shipping::MIGRATOR")]
async fn a_quote_needs_a_country_and_a_weight_within_bounds(pool: PgPool) {
    let depot = Depot::open(&pool).await;
    for weight_grams in [0, -1, 20_000_001, i32::MAX] {
        let nowhere = Some(Address::default());
        let request = pb::GetQuoteRequest { from: nowhere.clone(), to: nowhere, weight_grams };
        let wrong = fields(depot.client.clone().get_quote(request).await);
        assert_eq!(wrong, ["from.country", "to.country", "weight_grams"]);
    }
    let request = pb::GetQuoteRequest { from: None, to: Some(address()), weight_grams: 20_000_000 };
    assert_eq!(quotes(&depot, request).await.len(), 5);
    depot.close().await;
}
