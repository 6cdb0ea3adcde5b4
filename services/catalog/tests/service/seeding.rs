//! Demo data.

use catalog::{Args, Seeded};
use kit::Runtime;
use proto::catalog::v1 as pb;
use proto::common::v1::Empty;
use sqlx::{ConnectOptions, PgPool};

use crate::fixture::{Shop, args, order};

async fn seed(pool: &PgPool) -> Seeded {
    seed_in("USD", pool).await
}

async fn seed_in(currency: &str, pool: &PgPool) -> Seeded {
    let url = pool.connect_options().to_url_lossy();
    let args = Args { currency: currency.parse().unwrap(), ..args(url.as_str()) };
    catalog::seed(&args, &Runtime::for_tests()).await.unwrap()
}

/// 299 dollars are not 299 rupiah.
#[tokio::test]
async fn prices_have_the_level_of_the_currency() {
    for (currency, price) in [("EUR", 29_900), ("JPY", 44_850), ("IDR", 478_400_000)] {
        let database = testing::database(&catalog::MIGRATOR).await;
        seed_in(currency, database.pool()).await;
        let stored = sqlx::query_as::<_, (i64, String)>(
            "SELECT price_cents, currency FROM products WHERE slug = 'wireless-headphones'",
        );
        let stored = stored.fetch_one(database.pool()).await.unwrap();
        assert_eq!(stored, (price, currency.to_owned()));
    }
}

#[tokio::test]
async fn empty_shop_gets_the_documented_demo_data() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let seeded = seed(database.pool()).await;
    assert_eq!(seeded.categories, 3);
    assert!(seeded.products > 20, "enough for several pages");
    let categories = shop.client.clone().list_categories(Empty {}).await.unwrap().into_inner();
    let names: Vec<_> = categories.categories.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["Books", "Clothing", "Electronics"]);
    for (slug, cents, units, category) in [
        ("wireless-headphones", 29_900, 50, "Electronics"),
        ("smart-watch", 39_900, 30, "Electronics"),
        ("laptop-backpack", 5_900, 100, "Electronics"),
        ("cotton-t-shirt", 1_999, 200, "Clothing"),
        ("denim-jeans", 4_999, 75, "Clothing"),
        ("winter-jacket", 12_900, 40, "Clothing"),
        ("the-great-gatsby", 1_499, 150, "Books"),
        ("to-kill-a-mockingbird", 1_599, 120, "Books"),
        ("1984", 1_699, 200, "Books"),
    ] {
        let identifier = Some(pb::get_product_request::Identifier::Slug(slug.into()));
        let request = pb::GetProductRequest { identifier };
        let product = shop.client.clone().get_product(request).await.unwrap().into_inner();
        let price = product.price.unwrap();
        assert_eq!((price.amount_cents, product.stock_quantity), (cents, units), "{slug}");
        let of = categories.categories.iter().find(|c| c.id == product.category_id).unwrap();
        assert_eq!(of.name, category, "{slug}");
        assert_eq!(product.image_urls, [format!("/images/products/{slug}.svg")]);
    }
    shop.assert_ledger_balances().await;
    shop.close().await;
}

#[tokio::test]
async fn second_seed_changes_nothing() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    seed(database.pool()).await;
    let identifier = Some(pb::get_product_request::Identifier::Slug("smart-watch".into()));
    let request = pb::GetProductRequest { identifier };
    let watch = client.get_product(request).await.unwrap().into_inner();
    shop.reserve(&order(1), &watch.id, 3).await.unwrap();
    shop.commit(&order(1)).await.unwrap();
    let renamed = pb::UpdateProductRequest {
        id: watch.id.clone(),
        name: Some("Clever Watch".into()),
        slug: Some("clever-watch".into()),
        ..Default::default()
    };
    let renamed = client.update_product(renamed).await.unwrap().into_inner();

    let (first, second) = tokio::join!(seed(database.pool()), seed(database.pool()));
    let nothing = Seeded { categories: 0, products: 0 };
    assert_eq!((first, second), (nothing, nothing));
    assert_eq!(shop.get(&watch.id).await.unwrap(), renamed);
    assert_eq!(renamed.stock_quantity, 27);
    shop.close().await;
}
