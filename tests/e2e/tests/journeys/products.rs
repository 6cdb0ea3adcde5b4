//! Products and stock that shoppers see come from the database.

use anyhow::Result;
use e2e::Cluster;
use e2e::storefront::READY_TIMEOUT;

/// Where `make up` exposes the example's gateway.
const DEMO: &str = "http://localhost:8080";

#[tokio::test]
async fn product_and_stock_come_from_the_database() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let demo = cluster.demo();
    demo.ready(READY_TIMEOUT).await?;
    let page = demo.read("/api/v1/products/search?q=laptop").await?;
    let backpack = &page["products"][0];
    assert_eq!(backpack["name"], "Laptop Backpack");
    assert_eq!(backpack["price"]["amount_cents"], 5900);

    let add_stock = async |units: &str| {
        let update = format!(
            "UPDATE stock SET on_hand = on_hand + {units} \
             WHERE product_id = (SELECT id FROM products WHERE slug = 'laptop-backpack') \
             RETURNING on_hand - reserved"
        );
        demo.sql("catalog_db", &update).await
    };
    let increased = add_stock("7").await?;
    let product = demo.read("/api/v1/products/laptop-backpack").await;
    add_stock("-7").await?;
    assert_eq!(product?["stock_quantity"].to_string(), increased);
    Ok(())
}

#[tokio::test]
async fn gateway_is_reachable_from_outside_the_cluster() -> Result<()> {
    let cluster = Cluster::connect().await?;
    cluster.demo().ready(READY_TIMEOUT).await?;
    let url = std::env::var("E2E_DEMO_URL").unwrap_or_else(|_| DEMO.to_owned());
    let health = reqwest::get(format!("{url}/health")).await?;
    assert_eq!(health.status(), 200);
    let unknown = reqwest::get(format!("{url}/api/v1/unknown")).await?;
    assert_eq!(unknown.status(), 404);
    assert_eq!(unknown.headers()["content-type"], "application/problem+json");
    Ok(())
}
