//! A shopper's journeys from outside the cluster.

use anyhow::{Context as _, Result, ensure};
use e2e::Cluster;
use e2e::cluster::Resource;
use e2e::shopper::Shopper;
use e2e::storefront::READY_TIMEOUT;
use e2e::wait::until;
use futures::future::try_join_all;
use reqwest::Method;
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "correct horse battery";
const NEW_PASSWORD: &str = "staple battery horse";

/// Connects, waits for the example, and reserves its rate limit.
async fn shopper() -> Result<(Cluster, Shopper)> {
    let mut cluster = Cluster::connect().await?;
    cluster.reserve(Resource::DemoRateLimit)?;
    cluster.demo().ready(READY_TIMEOUT).await?;
    Ok((cluster, Shopper::new()?))
}

async fn product(shopper: &Shopper, slug: &str) -> Result<Value> {
    shopper.request(Method::GET, &format!("/products/{slug}"), None, 200).await
}

#[tokio::test]
async fn registration_sends_a_verification_mail_and_cart_counts_all_adds() -> Result<()> {
    let (_cluster, mut shopper) = shopper().await?;
    let email = shopper.register(PASSWORD).await?;
    shopper.sign_in(&email, PASSWORD).await?;
    let me = shopper.request(Method::GET, "/me", None, 200).await?;
    assert_eq!(me["email"], email.as_str());
    assert_eq!(me["role"], "customer");

    let backpack = product(&shopper, "laptop-backpack").await?;
    let one = || json!({"product_id": backpack["id"], "quantity": 1});
    let adds = (0..20).map(|_| shopper.request(Method::POST, "/cart/items", Some(one()), 201));
    try_join_all(adds).await?;
    let cart = shopper.request(Method::GET, "/cart", None, 200).await?;
    assert_eq!(cart["items"][0]["quantity"], 20, "all concurrent additions count");
    assert_eq!(cart["total"]["amount_cents"], 20 * 5900);

    let mail = shopper.mail(&email, "Confirm your e-mail address").await?;
    ensure!(!mail.contains("Ada"), "a stranger's words: {mail}");
    Ok(())
}

#[tokio::test]
async fn saved_card_hides_its_number_and_quotes_are_sorted() -> Result<()> {
    let (_cluster, mut shopper) = shopper().await?;
    shopper.register(PASSWORD).await?;
    let card = json!({
        "card_number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvv": "123",
        "is_default": true,
    });
    shopper.request(Method::POST, "/payment-methods", Some(card), 201).await?;
    let cards = shopper.request(Method::GET, "/payment-methods", None, 200).await?.to_string();
    ensure!(cards.contains("4242") && !cards.contains("42424242"), "{cards}");

    let backpack = product(&shopper, "laptop-backpack").await?;
    let line = json!({"product_id": backpack["id"], "quantity": 1});
    shopper.request(Method::POST, "/cart/items", Some(line), 201).await?;
    let path = "/shipping/quotes?zip_code=94016&country=US";
    let quotes = shopper.request(Method::GET, path, None, 200).await?;
    let quotes = quotes["quotes"].as_array().context("no quotes")?.clone();
    let costs: Vec<_> = quotes.iter().map(|quote| quote["cost"]["amount_cents"].as_i64()).collect();
    assert_eq!(costs.len(), 5);
    assert!(costs.is_sorted(), "not sorted by price: {costs:?}");
    Ok(())
}

/// The product of orders. Another journey changes the stock of the backpack.
const ORDERED: &str = "cotton-t-shirt";

/// Adds one unit to the cart and orders it with an accepted card.
pub(crate) async fn order(shopper: &Shopper) -> Result<Value> {
    let product = product(shopper, ORDERED).await?;
    let line = json!({"product_id": product["id"], "quantity": 1});
    shopper.request(Method::POST, "/cart/items", Some(line), 201).await?;
    let order = json!({
        "payment_method_id": "pm_test_visa",
        "shipping_address": {"street": "1 Main Street", "city": "Springfield", "country": "US"},
    });
    shopper.request(Method::POST, "/orders", Some(order), 201).await
}

async fn stock(shopper: &Shopper) -> Result<i64> {
    let product = product(shopper, ORDERED).await?;
    product["stock_quantity"].as_i64().context("no stock")
}

#[tokio::test]
async fn order_is_confirmed_and_another_is_cancelled_and_refunded() -> Result<()> {
    let (_cluster, mut shopper) = shopper().await?;
    let email = shopper.register(PASSWORD).await?;
    let before = stock(&shopper).await?;
    let bought = order(&shopper).await?;
    assert_eq!(bought["status"], "confirmed");
    ensure!(!bought["tracking_number"].as_str().unwrap_or_default().is_empty(), "{bought}");
    let cart = shopper.request(Method::GET, "/cart", None, 200).await?;
    assert_eq!(cart["items"], json!([]), "ordered units leave the cart");
    assert_eq!(stock(&shopper).await?, before - 1);
    shopper.mail(&email, "rder").await?;

    let second = order(&shopper).await?;
    let path = format!("/orders/{}", second["id"].as_str().context("no id")?);
    let cancelled = shopper.request(Method::DELETE, &path, None, 200).await?;
    assert_eq!(cancelled["status"], "cancelled");
    let cancelled = until("refunded and restocked", READY_TIMEOUT, async || {
        let order = shopper.request(Method::GET, &path, None, 200).await?;
        let returned = order["refunded"] == order["total"] && stock(&shopper).await? == before - 1;
        Ok(if returned { Ok(order) } else { Err(order.to_string()) })
    })
    .await?;
    ensure!(cancelled["total"]["amount_cents"].as_i64() > Some(0), "{cancelled}");
    Ok(())
}

#[tokio::test]
async fn forgotten_password_is_reset_by_mail() -> Result<()> {
    let (_cluster, mut shopper) = shopper().await?;
    let email = shopper.register(PASSWORD).await?;
    let forgotten = json!({"email": email});
    shopper.request(Method::POST, "/auth/password/forgot", Some(forgotten), 202).await?;
    let mail = shopper.mail(&email, "assword").await?;
    let (_, rest) = mail.split_once("token=").context("no link in the mail")?;
    let token = rest.split_whitespace().next().context("no token in the link")?;
    let reset = json!({"token": token, "new_password": NEW_PASSWORD});
    shopper.request(Method::POST, "/auth/password/reset", Some(reset), 204).await?;
    assert!(shopper.sign_in(&email, PASSWORD).await.is_err(), "the old password still works");
    shopper.sign_in(&email, NEW_PASSWORD).await
}
