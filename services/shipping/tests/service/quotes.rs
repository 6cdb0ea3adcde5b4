//! Quotes of shipping services.

use proto::common::v1::Address;
use proto::shipping::v1 as pb;

use crate::fixture::{ShippingFixture, address, args, env, fields};

/// Returns name, cost and days of each quote, and asserts the currency of the costs.
async fn quotes_in(
    currency: &str,
    service: &ShippingFixture,
    request: pb::GetQuoteRequest,
) -> Vec<(String, i64, i32)> {
    let response = service.client.clone().get_quote(request).await.unwrap().into_inner();
    let quote = |quote: pb::ShippingQuote| {
        let cost = quote.cost.unwrap();
        assert_eq!(cost.currency, currency);
        let name = format!("{} {}", quote.carrier, quote.service);
        (name, cost.amount_cents, quote.estimated_days)
    };
    response.quotes.into_iter().map(quote).collect()
}

async fn quotes(
    service: &ShippingFixture,
    request: pb::GetQuoteRequest,
) -> Vec<(String, i64, i32)> {
    quotes_in("USD", service, request).await
}

#[tokio::test]
async fn quotes_follow_currency_or_setting() {
    let database = testing::database(&shipping::MIGRATOR).await;
    for (currency, setting, cheapest) in [
        ("USD", None, 600),
        ("JPY", None, 900),
        ("KWD", None, 1800),
        ("KWD", Some("250"), 1500),
        // A currency without a built-in level.
        ("XPF", None, 600),
        ("XPF", Some("11000"), 66_000),
    ] {
        let mut line = vec!["--currency", currency];
        line.extend(setting.iter().flat_map(|percent| ["--shipping-price-percent", percent]));
        let settings = args(database.url(), &line);
        let env = env("2026-03-01T12:00:00Z");
        let service = ShippingFixture::start_with(database.pool(), settings, env).await;
        let request = pb::GetQuoteRequest { from: None, to: Some(address()), weight_grams: 1000 };
        let quotes = quotes_in(currency, &service, request).await;
        assert_eq!(quotes[0], ("USPS First Class".to_owned(), cheapest, 5), "{currency}");
        service.stop().await;
    }
}

#[tokio::test]
async fn one_kilogram_quotes_match_price_list() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let service = ShippingFixture::start(database.pool()).await;
    // A customer without an account has entered only the postal code and the country.
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
    assert_eq!(quotes(&service, request.clone()).await, expected);
    let request = pb::GetQuoteRequest { from: Some(address()), to: Some(address()), ..request };
    assert_eq!(quotes(&service, request).await, expected);
    service.stop().await;
}

#[tokio::test]
async fn quote_requires_country_and_valid_weight() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let service = ShippingFixture::start(database.pool()).await;
    for weight_grams in [0, -1, 20_000_001, i32::MAX] {
        let invalid_address = Some(Address::default());
        let request = pb::GetQuoteRequest {
            from: invalid_address.clone(),
            to: invalid_address,
            weight_grams,
        };
        let wrong = fields(service.client.clone().get_quote(request).await);
        assert_eq!(wrong, ["from.country", "to.country", "weight_grams"]);
    }
    for country in ["UK", "XX"] {
        let to = Some(Address { country: country.into(), ..address() });
        let request = pb::GetQuoteRequest { from: None, to, weight_grams: 1 };
        let wrong = fields(service.client.clone().get_quote(request).await);
        assert_eq!(wrong, ["to.country"], "{country}");
    }
    let request = pb::GetQuoteRequest { from: None, to: Some(address()), weight_grams: 20_000_000 };
    assert_eq!(quotes(&service, request).await.len(), 5);
    service.stop().await;
}
