//! Administration of products and categories.

use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Catalog, Gateway, Response};

const PRODUCTS: &str = "/api/v1/admin/products";
const CATEGORIES: &str = "/api/v1/admin/categories";

fn lamp() -> Value {
    json!({
        "name": "Desk Lamp", "description": "Bright.", "image_urls": ["/lamp.svg"],
        "price": {"amount_cents": 2500, "currency": "USD"}, "stock_quantity": 5,
        "weight_grams": 1200, "colour": "an unknown key is ignored",
    })
}

async fn post(gateway: &Gateway, path: &str, body: &Value) -> Response {
    gateway.admin(Method::POST, path).json(body).send().await
}

async fn put(gateway: &Gateway, path: &str, body: &Value) -> Response {
    gateway.admin(Method::PUT, path).json(body).send().await
}

fn id(response: &Response) -> String {
    response.json()["id"].as_str().expect("an id").to_owned()
}

fn codes(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(field, code)| ((*field).to_owned(), (*code).to_owned())).collect()
}

#[tokio::test]
async fn product_is_created_updated_and_deleted() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::start(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    let made = post(&gateway, PRODUCTS, &lamp()).await;
    made.is(201, "");
    assert_eq!(made.header("cache-control"), "private, no-store");
    assert_eq!(made.json()["slug"], "desk-lamp");
    assert_eq!(made.json()["category_id"], Value::Null);
    assert_eq!(made.json()["stock_quantity"], 5);
    let taken = post(&gateway, PRODUCTS, &lamp()).await;
    assert_eq!(taken.is(409, "slug_taken").fields(), codes(&[("name", "slug_taken")]));
    let mut other = lamp();
    other["name"] = json!("Another Lamp");
    other["slug"] = json!("desk-lamp");
    let taken = post(&gateway, PRODUCTS, &other).await;
    assert_eq!(taken.is(409, "slug_taken").fields(), codes(&[("slug", "slug_taken")]));

    let path = format!("{PRODUCTS}/{}", id(&made));
    let changes = json!({"name": "Lamp", "image_urls": [], "stock_quantity": 7});
    let call = gateway.admin(Method::PUT, &path).header("if-match", made.header("etag"));
    let changed = call.json(&changes).send().await.is(200, "").json();
    assert_eq!((&changed["name"], &changed["slug"]), (&json!("Lamp"), &json!("desk-lamp")));
    assert_eq!((&changed["image_urls"], &changed["stock_quantity"]), (&json!([]), &json!(7)));
    assert_eq!(changed["description"], "Bright.");
    let same = put(&gateway, &path, &json!({})).await.is(200, "").json();
    assert_eq!(same["name"], "Lamp");

    for _ in 0..2 {
        gateway.admin(Method::DELETE, &path).send().await.is(204, "");
    }
    post(&gateway, PRODUCTS, &lamp()).await.is(409, "slug_taken");
}

#[tokio::test]
async fn category_is_assigned_moved_and_deleted() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::start(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    let top = post(&gateway, CATEGORIES, &json!({"name": "Light"})).await;
    top.is(201, "");
    let child = json!({"name": "Lamps", "parent_id": id(&top)});
    let child = post(&gateway, CATEGORIES, &child).await;
    assert_eq!(child.is(201, "").json()["parent_id"], json!(id(&top)));
    let mut lamp = lamp();
    lamp["category_id"] = json!(id(&child));
    let made = post(&gateway, PRODUCTS, &lamp).await;
    assert_eq!(made.is(201, "").json()["category_id"], json!(id(&child)));

    let (top_path, child_path) =
        (format!("{CATEGORIES}/{}", id(&top)), format!("{CATEGORIES}/{}", id(&child)));
    gateway.admin(Method::DELETE, &child_path).send().await.is(409, "category_in_use");
    gateway.admin(Method::DELETE, &top_path).send().await.is(409, "category_has_children");
    let below_itself = put(&gateway, &top_path, &json!({"parent_id": id(&child)})).await;
    assert_eq!(
        below_itself.is(400, "invalid_request").fields(),
        codes(&[("parent_id", "invalid")])
    );
    let taken = post(&gateway, CATEGORIES, &json!({"name": "Light"})).await;
    assert_eq!(taken.is(409, "slug_taken").fields(), codes(&[("name", "slug_taken")]));
    let taken = put(&gateway, &child_path, &json!({"slug": "light"})).await;
    assert_eq!(taken.is(409, "slug_taken").fields(), codes(&[("slug", "slug_taken")]));

    let path = format!("{PRODUCTS}/{}", id(&made));
    let changed = put(&gateway, &path, &json!({"category_id": null})).await;
    assert_eq!(changed.is(200, "").json()["category_id"], Value::Null);
    let moved = put(&gateway, &child_path, &json!({"parent_id": null, "name": "Lights"})).await;
    assert_eq!(moved.is(200, "").json()["parent_id"], Value::Null);
    gateway.admin(Method::DELETE, &child_path).send().await.is(204, "");
    gateway.admin(Method::DELETE, &top_path).send().await.is(204, "");
    gateway.admin(Method::DELETE, &top_path).send().await.is(404, "category_not_found");
}

#[tokio::test]
async fn stock_adjustment_needs_reason_and_cannot_go_negative() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::start(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    let made = post(&gateway, PRODUCTS, &lamp()).await;
    let path = format!("{PRODUCTS}/{}/stock", id(&made));
    let moved = post(&gateway, &path, &json!({"delta": 12, "reason": "delivery"})).await;
    assert_eq!(moved.is(200, "").json()["stock_quantity"], 17);
    let too_few = post(&gateway, &path, &json!({"delta": -18, "reason": "lost"})).await;
    let field = codes(&[("delta", "stock_below_reserved")]);
    assert_eq!(too_few.is(409, "stock_below_reserved").fields(), field);
    let wrong = post(&gateway, &path, &json!({"delta": 1.5})).await;
    let expected = codes(&[("delta", "wrong_type"), ("reason", "required")]);
    assert_eq!(wrong.is(400, "invalid_request").fields(), expected);
    let unknown = format!("{PRODUCTS}/00000000-0000-7000-8000-000000000000/stock");
    let response = post(&gateway, &unknown, &json!({"delta": 1, "reason": "x"})).await;
    response.is(404, "product_not_found");
}

#[tokio::test]
async fn all_invalid_fields_are_reported() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::start(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    let body = json!({
        "name": " ", "slug": 5, "description": "x".repeat(10_001), "category_id": "lamps",
        "price": {"amount_cents": "12", "currency": "USDOLLAR"}, "image_urls": ["/a.svg", 7],
        "stock_quantity": 4_000_000_000_i64, "weight_grams": -1,
    });
    let response = post(&gateway, PRODUCTS, &body).await;
    let expected = codes(&[
        ("name", "too_short"),
        ("slug", "wrong_type"),
        ("description", "too_long"),
        ("price.amount_cents", "wrong_type"),
        ("price.currency", "unknown_value"),
        ("category_id", "invalid_uuid"),
        ("image_urls[1]", "wrong_type"),
        ("stock_quantity", "out_of_range"),
        ("weight_grams", "out_of_range"),
    ]);
    assert_eq!(response.is(400, "invalid_request").fields(), expected);

    let body = json!({
        "name": "a\u{7}b", "slug": "Desk Lamp", "description": "a\u{0}b",
        "price": {"amount_cents": 1, "currency": "XXX"}, "category_id": "lamps",
        "image_urls": ["/a.svg", "a.svg", "//a.example/a.svg"],
    });
    let expected = codes(&[
        ("name", "invalid"),
        ("slug", "invalid_slug"),
        ("description", "invalid"),
        ("price.currency", "unknown_value"),
        ("category_id", "invalid_uuid"),
        ("image_urls[1]", "invalid_url"),
        ("image_urls[2]", "invalid_url"),
    ]);
    let made = post(&gateway, PRODUCTS, &body).await;
    assert_eq!(made.is(400, "invalid_request").fields(), expected);
    let path = format!("{PRODUCTS}/00000000-0000-7000-8000-000000000000");
    let mut changed = put(&gateway, &path, &body).await.is(400, "invalid_request").fields();
    let mut expected = expected;
    changed.sort();
    expected.sort();
    assert_eq!(changed, expected);
    let category =
        json!({"name": "a\nb", "slug": "-", "description": "\u{1b}", "parent_id": "top"});
    let category = post(&gateway, CATEGORIES, &category).await;
    let expected = codes(&[
        ("name", "invalid"),
        ("slug", "invalid_slug"),
        ("description", "invalid"),
        ("parent_id", "invalid_uuid"),
    ]);
    assert_eq!(category.is(400, "invalid_request").fields(), expected);
    let stock =
        post(&gateway, &format!("{path}/stock"), &json!({"delta": 0, "reason": "\t"})).await;
    let expected = codes(&[("delta", "out_of_range"), ("reason", "too_short")]);
    assert_eq!(stock.is(400, "invalid_request").fields(), expected);
}

#[tokio::test]
async fn missing_and_inconsistent_product_fields_are_reported() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::start(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    let nothing = post(&gateway, PRODUCTS, &json!({})).await;
    let expected = codes(&[("name", "required"), ("price", "required")]);
    assert_eq!(nothing.is(400, "invalid_request").fields(), expected);
    let negative = json!({"name": "A", "price": {"amount_cents": -1, "currency": "USD"}});
    let negative = post(&gateway, PRODUCTS, &negative).await;
    assert_eq!(negative.is(400, "invalid_request").fields()[0].0, "price.amount_cents");
    let foreign = json!({"name": "A", "price": {"amount_cents": 1, "currency": "EUR"}});
    let foreign = post(&gateway, PRODUCTS, &foreign).await;
    assert_eq!(
        foreign.is(400, "invalid_request").fields(),
        codes(&[("price.currency", "invalid")])
    );
    let absent = json!({"name": "A", "category_id": "00000000-0000-7000-8000-000000000000",
        "price": {"amount_cents": 1, "currency": "USD"}});
    let absent = post(&gateway, PRODUCTS, &absent).await;
    assert_eq!(absent.is(400, "invalid_request").fields(), codes(&[("category_id", "invalid")]));
}

#[tokio::test]
async fn admin_routes_authorize_before_validation() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::start(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    let product = format!("{PRODUCTS}/no-uuid");
    let (stock, category) = (format!("{product}/stock"), format!("{CATEGORIES}/no-uuid"));
    for (method, path) in [
        (Method::POST, PRODUCTS),
        (Method::PUT, &product),
        (Method::DELETE, &product),
        (Method::POST, &stock),
        (Method::POST, CATEGORIES),
        (Method::PUT, &category),
        (Method::DELETE, &category),
    ] {
        let call = || gateway.request(method.clone(), path).body("nonsense");
        call().send().await.is(401, "unauthenticated");
        call().bearer(&gateway.signer().customer()).send().await.is(403, "forbidden");
        call().bearer(&gateway.signer().sign("admin", -60)).send().await.is(401, "token_expired");
        call().bearer("no.real.token").send().await.is(401, "invalid_token");
        let other = shop_fixture::Signer::new("test-1").admin();
        call().bearer(&other).send().await.is(401, "invalid_token");
        call().header("authorization", "Basic YTpi").send().await.is(401, "unauthenticated");
        if path.contains("no-uuid") {
            call().bearer(&gateway.signer().admin()).send().await.is(404, "not_found");
        }
    }
    let token = format!("bEaReR  {}", gateway.signer().admin());
    let call = gateway.request(Method::POST, CATEGORIES).header("authorization", &token);
    call.json(&json!({"name": "A"})).send().await.is(201, "");
}
