//! Revisions of products: entity tags for administrators, and conditional edits.

use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Catalog, Gateway, Response, text};

const PRODUCTS: &str = "/api/v1/admin/products";

/// Creates a product with five units. Its description is long enough to be compressed.
async fn lamp(gateway: &Gateway) -> (Response, String) {
    let body = json!({
        "name": "Desk Lamp", "description": "Bright. ".repeat(500), "stock_quantity": 5,
        "price": {"amount_cents": 2500, "currency": "USD"},
    });
    let made = gateway.admin(Method::POST, PRODUCTS).json(&body).send().await;
    let id = text(&made.is(201, "").json()["id"]);
    (made, id)
}

async fn put(gateway: &Gateway, id: &str, if_match: &str, body: &Value) -> Response {
    let call = gateway.admin(Method::PUT, &format!("{PRODUCTS}/{id}"));
    call.header("if-match", if_match).json(body).send().await
}

/// Removes a unit, as a sale does.
async fn remove_one(gateway: &Gateway, id: &str) -> Response {
    let path = format!("{PRODUCTS}/{id}/stock");
    let body = json!({"delta": -1, "reason": "sold in the shop"});
    gateway.admin(Method::POST, &path).json(&body).send().await
}

#[tokio::test]
async fn form_opened_before_a_sale_is_refused() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::start(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    let (_, id) = lamp(&gateway).await;
    let path = format!("/api/v1/products/{id}");
    let opened = gateway.admin(Method::GET, &path).send().await;
    let tag = opened.header("etag").to_owned();
    let form = json!({"name": "Lamp", "stock_quantity": opened.json()["stock_quantity"]});

    let sold = remove_one(&gateway, &id).await;
    assert_ne!(sold.is(200, "").header("etag"), tag);
    put(&gateway, &id, &tag, &form).await.is(412, "precondition_failed");
    let current = gateway.admin(Method::GET, &path).send().await;
    assert_eq!(
        (&current.json()["stock_quantity"], &current.json()["name"]),
        (&json!(4), &json!("Desk Lamp"))
    );
    assert_eq!(current.header("etag"), sold.header("etag"));

    let saved = put(&gateway, &id, current.header("etag"), &form).await;
    assert_eq!(saved.is(200, "").json()["stock_quantity"], 5);
    let again = put(&gateway, &id, saved.header("etag"), &json!({"name": "Lamp"})).await;
    assert_eq!(again.is(200, "").header("etag"), saved.header("etag"), "nothing changed");
}

#[tokio::test]
async fn stock_requires_a_precondition_and_other_fields_do_not() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::start(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    let (made, id) = lamp(&gateway).await;
    let stock = json!({"stock_quantity": 9});
    let path = format!("{PRODUCTS}/{id}");
    let unconditional =
        async |body: &Value| gateway.admin(Method::PUT, &path).json(body).send().await;

    let refused = unconditional(&stock).await;
    let problem = refused.is(428, "precondition_required").json();
    assert!(text(&problem["detail"]).contains("/api/v1/admin/products/{id}/stock"), "{problem}");
    unconditional(&json!({"stock_quantity": -9})).await.is(400, "invalid_request");
    unconditional(&json!({"name": "Lamp", "weight_grams": 900})).await.is(200, "");

    put(&gateway, &id, made.header("etag"), &json!({"name": "L"}))
        .await
        .is(412, "precondition_failed");
    put(&gateway, &id, "\"another form\"", &stock).await.is(412, "precondition_failed");
    for weak in ["W/\"r1\"", "r1"] {
        let fields = put(&gateway, &id, weak, &stock).await.is(400, "invalid_request").fields();
        assert_eq!(fields, [("If-Match".to_owned(), "invalid".to_owned())], "{weak}");
    }
    let any = put(&gateway, &id, "*", &stock).await;
    assert_eq!(any.is(200, "").json()["stock_quantity"], 9);
    let unknown = "00000000-0000-7000-8000-000000000000";
    put(&gateway, unknown, "\"r1\"", &stock).await.is(404, "product_not_found");
}

#[tokio::test]
async fn one_of_several_tags_matches() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::start(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    let (made, id) = lamp(&gateway).await;
    let stock = json!({"stock_quantity": 9});
    let tag = made.header("etag");
    let tags = format!("\"r1\", {tag}, \"another form\"");
    put(&gateway, &id, &tags, &stock).await.is(200, "");
    put(&gateway, &id, &tags, &stock).await.is(412, "precondition_failed");
}

#[tokio::test]
async fn stock_movement_of_outdated_revision_is_refused() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::start(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    let (made, id) = lamp(&gateway).await;
    let path = format!("{PRODUCTS}/{id}/stock");
    let body = json!({"delta": 1, "reason": "delivery"});
    let adjust = async |if_match: &str| {
        let call = gateway.admin(Method::POST, &path).header("if-match", if_match);
        call.json(&body).send().await
    };
    let adjusted = adjust(made.header("etag")).await;
    assert_eq!(adjusted.is(200, "").json()["stock_quantity"], 6);
    adjust(made.header("etag")).await.is(412, "precondition_failed");
    adjust("W/\"r1\"").await.is(400, "invalid_request");
    assert_eq!(adjust("*").await.is(200, "").json()["stock_quantity"], 7);
}

#[tokio::test]
async fn deletion_of_outdated_revision_is_refused() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::start(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    let (made, id) = lamp(&gateway).await;
    let path = format!("{PRODUCTS}/{id}");
    let delete = async |if_match: &str| {
        gateway.admin(Method::DELETE, &path).header("if-match", if_match).send().await
    };
    let sold = remove_one(&gateway, &id).await;
    let tag = sold.is(200, "").header("etag");
    delete(made.header("etag")).await.is(412, "precondition_failed");
    delete("W/\"r1\"").await.is(400, "invalid_request");
    let present = gateway.admin(Method::GET, &format!("/api/v1/products/{id}")).send().await;
    assert_eq!(present.is(200, "").json()["is_active"], true);
    delete(tag).await.is(204, "");
    // A repeat succeeds, although the deletion has changed the revision.
    delete(tag).await.is(204, "");
}

#[tokio::test]
async fn administrator_gets_strong_tag_and_shopper_weak_one() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::start(database.pool()).await;
    let gateway = Gateway::start_with_cache(catalog.address(), database.pool(), &[]).await;
    let (made, id) = lamp(&gateway).await;
    assert_eq!(made.header("etag"), "\"r2\"");
    let path = format!("/api/v1/products/{id}");
    let shopper = gateway.get(&path).await;
    assert!(shopper.header("etag").starts_with("W/"));
    let customer = gateway.signer().customer();
    let signed_in = gateway.request(Method::GET, &path).bearer(&customer).send().await;
    assert_eq!(signed_in.header("etag"), shopper.header("etag"));

    // Straight from the database: another statement's change is visible at once.
    for revision in ["\"r3\"", "\"r4\""] {
        sqlx::query("UPDATE stock SET on_hand = on_hand - 1")
            .execute(database.pool())
            .await
            .expect("a sale");
        let read = gateway.admin(Method::GET, &path).header("accept-encoding", "gzip");
        let read = read.send().await;
        assert_eq!(read.header("etag"), revision);
        assert_eq!(read.header("content-encoding"), "", "a strong tag is of one representation");
        assert_eq!(read.header("cache-control"), "private, no-store");
    }
    let call = gateway.request(Method::GET, &path).header("accept-encoding", "gzip");
    assert_eq!(call.send().await.header("content-encoding"), "gzip");
    let saved = gateway.admin(Method::PUT, &format!("{PRODUCTS}/{id}"));
    let saved = saved.header("accept-encoding", "gzip").json(&json!({})).send().await;
    assert_eq!((saved.header("etag"), saved.header("content-encoding")), ("\"r4\"", ""));
    let known = gateway.admin(Method::GET, &path).header("if-none-match", "\"r4\"");
    assert_eq!(known.send().await.status, 304);
}
