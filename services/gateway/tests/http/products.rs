//! Public reads: products, search, categories.

use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Catalog, Gateway, Response};

fn names(response: &Response) -> Vec<String> {
    let products = response.is(200, "").json()["products"].as_array().expect("products").clone();
    products.iter().map(|product| product["name"].as_str().expect("a name").to_owned()).collect()
}

fn prices(response: &Response) -> Vec<i64> {
    let products = response.is(200, "").json()["products"].as_array().expect("products").clone();
    products
        .iter()
        .map(|product| product["price"]["amount_cents"].as_i64().expect("cents"))
        .collect()
}

#[tokio::test]
async fn pages_cover_the_list_without_duplicates() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::seeded(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    let mut listed = Vec::new();
    let first = gateway.get("/api/v1/products?page=1&page_size=5").await;
    let pagination = first.json()["pagination"].clone();
    assert_eq!((&pagination["page"], &pagination["page_size"]), (&json!(1), &json!(5)));
    let pages = pagination["total_pages"].as_i64().expect("pages");
    for page in 1..=pages {
        listed.extend(names(
            &gateway.get(&format!("/api/v1/products?page={page}&page_size=5")).await,
        ));
    }
    assert_eq!(json!(listed.len()), pagination["total_count"]);
    listed.sort();
    listed.dedup();
    assert_eq!(json!(listed.len()), pagination["total_count"]);
    assert!(listed.contains(&"Laptop Backpack".to_owned()));

    let past = gateway.get("/api/v1/products?page=2147483647&page_size=100").await;
    assert!(names(&past).is_empty());
}

#[tokio::test]
async fn filters_and_sort_orders_apply() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::seeded(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    let cheap = "/api/v1/products?max_price=1999&min_price=1499&sort=price_asc&page_size=100";
    let cheap = prices(&gateway.get(cheap).await);
    assert!(cheap.is_sorted() && cheap.contains(&1499) && cheap.contains(&1999));
    assert!(cheap.iter().all(|cents| (1499..=1999).contains(cents)));
    let by_price_desc =
        prices(&gateway.get("/api/v1/products?sort=price_desc&in_stock=true").await);
    assert!(by_price_desc.iter().rev().is_sorted());

    let categories = gateway.get("/api/v1/categories").await.is(200, "").json();
    let books = categories["categories"].as_array().expect("categories");
    let books = books.iter().find(|category| category["slug"] == "books").expect("books");
    assert!(books["product_count"].as_i64() >= Some(3));
    let id = books["id"].as_str().expect("an id");
    let found = gateway.get(&format!("/api/v1/products?category_id={id}&page_size=100")).await;
    assert!(names(&found).contains(&"1984".to_owned()));
    assert!(!names(&found).contains(&"Smart Watch".to_owned()));
}

#[tokio::test]
async fn search_tolerates_misspellings_and_has_no_wildcards() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::seeded(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    for query in ["laptop", "LAPTOP%20backpack", "lptop"] {
        let found = gateway.get(&format!("/api/v1/products/search?q={query}")).await;
        assert_eq!(names(&found).first().map(String::as_str), Some("Laptop Backpack"), "{query}");
    }
    for pasted in ["%09Laptop%0D%0Abackpack%0A", "laptop%20%20%09backpack", "laptop%C2%A0backpack"]
    {
        let found = gateway.get(&format!("/api/v1/products/search?q={pasted}")).await;
        assert_eq!(names(&found).first().map(String::as_str), Some("Laptop Backpack"), "{pasted}");
    }
    for query in ["%25", "_", "%27%3B%20DROP%20TABLE%20products%3B--"] {
        let found = gateway.get(&format!("/api/v1/products/search?q={query}")).await;
        assert!(names(&found).is_empty(), "{query}");
    }
    let sorted = gateway.get("/api/v1/products/search?q=books&sort=price_asc").await;
    assert!(prices(&sorted).is_sorted() && !prices(&sorted).is_empty());
}

#[tokio::test]
async fn product_is_found_by_id_and_slug() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::seeded(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    let by_slug = gateway.get("/api/v1/products/laptop-backpack").await.is(200, "").json();
    assert_eq!(by_slug["price"], json!({"amount_cents": 5900, "currency": "USD"}));
    assert_eq!(by_slug["stock_quantity"], 100);
    let id = by_slug["id"].as_str().expect("an id");
    assert_eq!(gateway.get(&format!("/api/v1/products/{id}")).await.json(), by_slug);
    for unknown in [
        "no-such-thing",
        "00000000-0000-7000-8000-000000000000",
        "Laptop-Backpack",
        "a%00b",
        "%ff",
        "..%2f..%2fetc",
        &"x".repeat(500),
    ] {
        let response = gateway.get(&format!("/api/v1/products/{unknown}")).await;
        assert_eq!(response.status, 404, "{unknown}");
    }
}

#[tokio::test]
async fn all_invalid_parameters_are_reported() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::start(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    let query = "page=0&page_size=101&category_id=books&min_price=-1&max_price=cheap\
                 &in_stock=perhaps&sort=best&include_inactive=1";
    let response = gateway.get(&format!("/api/v1/products?{query}")).await;
    let fields = response.is(400, "invalid_request").fields();
    let expected = [
        ("category_id", "invalid_uuid"),
        ("min_price", "out_of_range"),
        ("max_price", "wrong_type"),
        ("in_stock", "wrong_type"),
        ("include_inactive", "wrong_type"),
        ("page", "out_of_range"),
        ("page_size", "out_of_range"),
        ("sort", "unknown_value"),
    ];
    let expected = expected.map(|(field, code)| (field.to_owned(), code.to_owned()));
    assert_eq!(fields, expected);

    for (query, field, code) in [
        ("", "q", "required"),
        ("q=", "q", "too_short"),
        ("q=%20%20", "q", "too_short"),
        (&format!("q={}", "x".repeat(201)), "q", "too_long"),
        ("q=a&page=99999999999999999999", "page", "out_of_range"),
        ("q=a&page=2147483648", "page", "out_of_range"),
        ("q=a&page=1&page=2", "page", "repeated"),
        ("q=a&min_price=2&max_price=1", "min_price", "out_of_range"),
        ("q=a%00b", "q", "invalid"),
    ] {
        let response = gateway.get(&format!("/api/v1/products/search?{query}")).await;
        let fields = response.is(400, "invalid_request").fields();
        assert_eq!(fields, [(field.to_owned(), code.to_owned())], "{query}");
    }
}

#[tokio::test]
async fn hidden_products_are_visible_to_administrators_only() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::start(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    let body = json!({"name": "Gone", "price": {"amount_cents": 1, "currency": "USD"}});
    let made = gateway.admin(Method::POST, "/api/v1/admin/products").json(&body).send().await;
    let made: Value = made.is(201, "").json();
    let id = made["id"].as_str().expect("an id");
    let path = format!("/api/v1/admin/products/{id}");
    gateway.admin(Method::DELETE, &path).send().await.is(204, "");

    let public = format!("/api/v1/products/{id}");
    gateway.get(&public).await.is(404, "product_not_found");
    let customer = gateway.signer().customer();
    let call = gateway.request(Method::GET, &public).bearer(&customer);
    call.send().await.is(404, "product_not_found");
    let listed = gateway.admin(Method::GET, &public).send().await;
    assert_eq!(listed.is(200, "").json()["is_active"], false);

    assert!(names(&gateway.get("/api/v1/products").await).is_empty());
    let all = "/api/v1/products?include_inactive=true";
    gateway.get(all).await.is(401, "unauthenticated");
    gateway.request(Method::GET, all).bearer(&customer).send().await.is(403, "forbidden");
    let response = gateway.admin(Method::GET, all).send().await;
    assert_eq!(names(&response), ["Gone"]);
}

#[tokio::test]
async fn reads_have_etags_and_public_caching_for_anonymous_clients() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::seeded(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    for path in [
        "/api/v1/products",
        "/api/v1/products/1984",
        "/api/v1/products/search?q=laptop",
        "/api/v1/categories",
    ] {
        let first = gateway.get(path).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with("W/\""), "{path}: {tag}");
        assert_eq!(first.header("cache-control"), "public, max-age=10");
        assert_eq!(gateway.get(path).await.header("etag"), tag);

        let call = gateway.request(Method::GET, path).header("if-none-match", &tag);
        let not_modified = call.send().await;
        assert_eq!((not_modified.status.as_u16(), not_modified.bytes.len()), (304, 0));
        assert_eq!(not_modified.header("etag"), tag);
        let call = gateway.request(Method::GET, path).header("if-none-match", "\"other\"");
        call.send().await.is(200, "");
        let head = gateway.request(Method::HEAD, path).send().await;
        assert_eq!((head.status.as_u16(), head.header("etag")), (200, tag.as_str()));

        let admin = gateway.admin(Method::GET, path).send().await;
        assert_eq!(admin.header("cache-control"), "private, no-store");
    }
}

#[tokio::test]
async fn invalid_token_is_rejected_on_public_routes() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::seeded(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    for path in [
        "/api/v1/products",
        "/api/v1/products/1984",
        "/api/v1/products/search?q=laptop",
        "/api/v1/categories",
    ] {
        let get = |token: &str| gateway.request(Method::GET, path).bearer(token).send();
        get("no.real.token").await.is(401, "invalid_token");
        get(&gateway.signer().sign("customer", -60)).await.is(401, "token_expired");
        get(&gateway.signer().customer()).await.is(200, "");
        let other = gateway.request(Method::GET, path).header("authorization", "Basic YTpi");
        other.send().await.is(401, "unauthenticated");
    }
}

/// The page has more than five megabytes, which exceeds the default limit of gRPC clients.
#[tokio::test]
async fn page_of_largest_products_is_complete() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let largest = "WITH made AS (
        INSERT INTO products (id, name, slug, description, price_cents, currency, image_urls,
            weight_grams, created_at, updated_at)
        SELECT gen_random_uuid(), repeat('n', 200), 'p-' || n, repeat('word ', 2000), 1, 'USD',
            array_fill('/' || repeat('u', 2047), ARRAY[20]), 1, now(), now()
        FROM generate_series(1, 100) AS n RETURNING id)
        INSERT INTO stock (product_id, on_hand) SELECT id, 0 FROM made";
    sqlx::query(largest).execute(database.pool()).await.expect("products");
    let catalog = Catalog::start(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    let page = gateway.get("/api/v1/products?page_size=100").await;
    assert_eq!(names(&page).len(), 100);
    assert!(page.bytes.len() > 5_000_000, "{}", page.bytes.len());
}
