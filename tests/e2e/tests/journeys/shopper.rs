//! A shopper's way through the shop, from outside the cluster.

use anyhow::{Context as _, Result, ensure};
use e2e::Cluster;
use e2e::outside::Visitor;
use e2e::shop::READY;
use e2e::wait::until;
use futures::future::try_join_all;
use reqwest::Method;
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";
const ANOTHER: &str = "staple battery horse";

async fn visitor() -> Result<Visitor> {
    Cluster::connect().await?.demo().ready(READY).await?;
    Visitor::new()
}

async fn product(visitor: &Visitor, slug: &str) -> Result<Value> {
    visitor.ask(Method::GET, &format!("/products/{slug}"), None, 200).await
}

#[tokio::test]
async fn a_shopper_registers_signs_in_fills_a_cart_and_reads_the_welcome_mail() -> Result<()> {
    let mut visitor = visitor().await?;
    let email = visitor.register(PASSWORD).await?;
    visitor.sign_in(&email, PASSWORD).await?;
    let me = visitor.ask(Method::GET, "/me", None, 200).await?;
    assert_eq!(me["email"], email.as_str());
    assert_eq!(me["role"], "customer");

    let backpack = product(&visitor, "laptop-backpack").await?;
    let one = || json!({"product_id": backpack["id"], "quantity": 1});
    let adds = (0..20).map(|_| visitor.ask(Method::POST, "/cart/items", Some(one()), 201));
    try_join_all(adds).await?;
    let cart = visitor.ask(Method::GET, "/cart", None, 200).await?;
    assert_eq!(cart["items"][0]["quantity"], 20, "every one of the concurrent adds counts");
    assert_eq!(cart["total"]["amount_cents"], 20 * 5900);

    let welcome = visitor.mail(&email, "Welcome").await?;
    ensure!(welcome.contains("Ada"), "{welcome}");
    Ok(())
}

#[tokio::test]
async fn a_card_is_kept_without_its_number_and_shipping_is_quoted() -> Result<()> {
    let mut visitor = visitor().await?;
    visitor.register(PASSWORD).await?;
    let card = json!({
        "card_number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvv": "123",
        "is_default": true,
    });
    visitor.ask(Method::POST, "/payment-methods", Some(card), 201).await?;
    let cards = visitor.ask(Method::GET, "/payment-methods", None, 200).await?.to_string();
    ensure!(cards.contains("4242") && !cards.contains("42424242"), "{cards}");

    let backpack = product(&visitor, "laptop-backpack").await?;
    let line = json!({"product_id": backpack["id"], "quantity": 1});
    visitor.ask(Method::POST, "/cart/items", Some(line), 201).await?;
    let path = "/shipping/quotes?zip_code=94016&country=US";
    let quotes = visitor.ask(Method::GET, path, None, 200).await?;
    let quotes = quotes["quotes"].as_array().context("no quotes")?.clone();
    let costs: Vec<_> = quotes.iter().map(|quote| quote["cost"]["amount_cents"].as_i64()).collect();
    assert_eq!(costs.len(), 5);
    assert!(costs.is_sorted(), "the cheapest comes first: {costs:?}");
    Ok(())
}

/// Puts one backpack into the cart and orders it with a card that is good.
async fn order(visitor: &Visitor) -> Result<Value> {
    let backpack = product(visitor, "laptop-backpack").await?;
    let line = json!({"product_id": backpack["id"], "quantity": 1});
    visitor.ask(Method::POST, "/cart/items", Some(line), 201).await?;
    let order = json!({
        "payment_method_id": "pm_test_visa",
        "shipping_address": {"street": "1 Main Street", "city": "Springfield", "country": "US"},
    });
    visitor.ask(Method::POST, "/orders", Some(order), 201).await
}

async fn stock(visitor: &Visitor) -> Result<i64> {
    let backpack = product(visitor, "laptop-backpack").await?;
    backpack["stock_quantity"].as_i64().context("no stock")
}

#[tokio::test]
async fn an_order_is_paid_sent_and_mailed_and_another_one_is_cancelled() -> Result<()> {
    let mut visitor = visitor().await?;
    let email = visitor.register(PASSWORD).await?;
    let before = stock(&visitor).await?;
    let bought = order(&visitor).await?;
    assert_eq!(bought["status"], "confirmed");
    ensure!(!bought["tracking_number"].as_str().unwrap_or_default().is_empty(), "{bought}");
    let cart = visitor.ask(Method::GET, "/cart", None, 200).await?;
    assert_eq!(cart["items"], json!([]), "what was ordered leaves the cart");
    assert_eq!(stock(&visitor).await?, before - 1);
    visitor.mail(&email, "rder").await?;

    let unwanted = order(&visitor).await?;
    let path = format!("/orders/{}", unwanted["id"].as_str().context("no id")?);
    let cancelled = visitor.ask(Method::DELETE, &path, None, 200).await?;
    assert_eq!(cancelled["status"], "cancelled");
    let cancelled = until("money and stock are back", READY, async || {
        let order = visitor.ask(Method::GET, &path, None, 200).await?;
        let back = order["refunded"] == order["total"] && stock(&visitor).await? == before - 1;
        Ok(if back { Ok(order) } else { Err(order.to_string()) })
    })
    .await?;
    ensure!(cancelled["total"]["amount_cents"].as_i64() > Some(0), "{cancelled}");
    Ok(())
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_the_link_in_the_mail() -> Result<()> {
    let mut visitor = visitor().await?;
    let email = visitor.register(PASSWORD).await?;
    let forgotten = json!({"email": email});
    visitor.ask(Method::POST, "/auth/password/forgot", Some(forgotten), 202).await?;
    let mail = visitor.mail(&email, "assword").await?;
    let (_, rest) = mail.split_once("token=").context("no link in the mail")?;
    let token = rest.split_whitespace().next().context("no token in the link")?;
    let reset = json!({"token": token, "new_password": ANOTHER});
    visitor.ask(Method::POST, "/auth/password/reset", Some(reset), 204).await?;
    assert!(visitor.sign_in(&email, PASSWORD).await.is_err(), "the old password still works");
    visitor.sign_in(&email, ANOTHER).await
}
