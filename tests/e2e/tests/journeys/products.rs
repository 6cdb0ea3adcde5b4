//! Shoppers get products out of the database.

use anyhow::Result;
use e2e::Cluster;
use e2e::shop::READY;

/// Where `make up` puts the example's gateway.
const DEMO: &str = "http://localhost:8080";

#[tokio::test]
async fn products_come_from_the_database_through_the_gateway() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let demo = cluster.demo();
    demo.ready(READY).await?;
    let answer = demo.ask("/api/v1/products/search?q=laptop").await?;
    let backpack = &answer["products"][0];
    assert_eq!(backpack["name"], "Laptop Backpack");
    assert_eq!(backpack["price"]["amount_cents"], 5900);

    let stock = async |units: &str| {
        let set = format!(
            "UPDATE stock SET on_hand = on_hand + {units} \
             WHERE product_id = (SELECT id FROM products WHERE slug = 'laptop-backpack') \
             RETURNING on_hand - reserved"
        );
        demo.sql("catalog_db", &set).await
    };
    let more = stock("7").await?;
    let seen = demo.ask("/api/v1/products/laptop-backpack").await;
    stock("-7").await?;
    assert_eq!(seen?["stock_quantity"].to_string(), more);
    Ok(())
}

#[tokio::test]
async fn the_gateway_is_reached_from_outside_the_cluster() -> Result<()> {
    let cluster = Cluster::connect().await?;
    cluster.demo().ready(READY).await?;
    let url = std::env::var("E2E_DEMO_URL").unwrap_or_else(|_| DEMO.to_owned());
    let health = reqwest::get(format!("{url}/health")).await?;
    assert_eq!(health.status(), 200);
    let nowhere = reqwest::get(format!("{url}/api/v1/nowhere")).await?;
    assert_eq!(nowhere.status(), 404);
    assert_eq!(nowhere.headers()["content-type"], "application/problem+json");
    Ok(())
}
