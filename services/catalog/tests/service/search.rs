//! Search: words, spellings, characters, categories, ranking.

use proto::catalog::v1::{self as pb, ProductSort};
use sqlx::PgPool;

use crate::fixture::{Shop, new_product, page};

fn query(text: &str) -> pb::SearchProductsRequest {
    pb::SearchProductsRequest { query: text.into(), ..Default::default() }
}

async fn found(shop: &Shop, request: pb::SearchProductsRequest) -> Vec<String> {
    let response = shop.client.clone().search_products(request).await.unwrap().into_inner();
    let count = i64::try_from(response.products.len()).unwrap();
    assert_eq!(response.pagination.unwrap().total_count, count, "one page contains all");
    response.products.into_iter().map(|product| product.name).collect()
}

/// A shop with the demo data.
async fn demo(pool: &PgPool) -> Shop {
    let shop = Shop::open(pool).await;
    let url = sqlx::ConnectOptions::to_url_lossy(pool.connect_options().as_ref());
    catalog::seed(&crate::fixture::args(url.as_str()), &kit::Runtime::for_tests()).await.unwrap();
    shop
}

#[tokio::test]
async fn search_tolerates_typing_errors() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = demo(database.pool()).await;
    for (text, first) in [
        ("laptop", "Laptop Backpack"),
        ("LAPTOP", "Laptop Backpack"),
        ("labtop", "Laptop Backpack"), // a wrong letter
        ("gatzby", "The Great Gatsby"),
        ("hedphones", "Wireless Headphones"), // a missing one
        ("wireles headphons", "Wireless Headphones"),
        ("headphone", "Wireless Headphones"), // another form
        ("phones", "Wireless Headphones"),    // a part
        ("jean", "Denim Jeans"),
        ("t-shirt", "Cotton T-Shirt"),
        ("mockingbird", "To Kill a Mockingbird"),
        ("mocking bird", "To Kill a Mockingbird"),
        ("gatsby", "The Great Gatsby"),
        ("1984", "1984"),
        ("moby dick", "Moby-Dick"),
        ("noise cancelling", "Wireless Headphones"), // of the description
        ("windproof", "Winter Jacket"),
    ] {
        let names = found(&shop, query(text)).await;
        assert_eq!(names.first().map(String::as_str), Some(first), "{text}: {names:?}");
    }
    shop.close().await;
}

#[tokio::test]
async fn unrelated_text_finds_nothing() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = demo(database.pool()).await;
    for text in ["zyxwvut", "refrigerator", "%", "_", "\\", "%%%", "' OR 1=1 --", "!!!", "-zebra"] {
        assert!(found(&shop, query(text)).await.is_empty(), "{text}");
    }
    shop.close().await;
}

#[tokio::test]
async fn wildcards_are_literal_characters() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    for name in ["100% Wool", "Snake_Case", r"Back\Slash", "Plain"] {
        shop.product(name, 100, 1).await;
    }
    for (text, expected) in [("%", "100% Wool"), ("_", "Snake_Case"), (r"\", r"Back\Slash")] {
        assert_eq!(found(&shop, query(text)).await, [expected], "{text}");
    }
    shop.close().await;
}

#[tokio::test]
async fn search_follows_renamed_categories() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    let home = shop.category("Household", "").await;
    let kitchen = shop.category("Kitchen", &home.id).await;
    shop.create(pb::CreateProductRequest {
        category_id: kitchen.id.clone(),
        ..new_product("Blue Kettle", 100)
    })
    .await;
    shop.product("Blue Lamp", 100, 1).await;
    for text in ["kitchen", "household", "kitchn", "blue kitchen"] {
        assert_eq!(found(&shop, query(text)).await, ["Blue Kettle"], "{text}");
    }
    let renamed = pb::UpdateCategoryRequest {
        id: home.id,
        name: Some("Garden".into()),
        ..Default::default()
    };
    client.update_category(renamed).await.unwrap();
    assert_eq!(found(&shop, query("garden")).await, ["Blue Kettle"]);
    assert!(found(&shop, query("household")).await.is_empty());
    shop.close().await;
}

#[tokio::test]
async fn better_match_comes_first_by_default() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let described = |name, price| pb::CreateProductRequest {
        description: "Goes well with any desk lamp.".into(),
        ..new_product(name, price)
    };
    shop.create(described("Bulb", 100)).await;
    shop.product("Desk Lamp with Clamp", 300, 1).await;
    shop.product("Desk Lamp", 200, 1).await;
    let sorted =
        |sort: ProductSort| pb::SearchProductsRequest { sort: sort.into(), ..query("desk lamp") };
    let by_match = ["Desk Lamp", "Desk Lamp with Clamp", "Bulb"];
    assert_eq!(found(&shop, sorted(ProductSort::Unspecified)).await, by_match);
    assert_eq!(found(&shop, sorted(ProductSort::Relevance)).await, by_match);
    let by_price = ["Bulb", "Desk Lamp", "Desk Lamp with Clamp"];
    assert_eq!(found(&shop, sorted(ProductSort::PriceAsc)).await, by_price);
    let mut highest_price_first = by_price;
    highest_price_first.reverse();
    assert_eq!(found(&shop, sorted(ProductSort::PriceDesc)).await, highest_price_first);
    assert_eq!(found(&shop, sorted(ProductSort::Name)).await, by_price);
    shop.close().await;
}

#[tokio::test]
async fn search_supports_filters_and_pages() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    for n in 1..=5 {
        shop.product(&format!("Lamp {n}"), n * 100, i32::from(n != 2)).await;
    }
    let inactive = shop.product("Lamp gone", 100, 1).await;
    client
        .delete_product(pb::DeleteProductRequest { id: inactive.id, ..Default::default() })
        .await
        .unwrap();
    let narrow = pb::SearchProductsRequest {
        min_price_cents: Some(200),
        max_price_cents: Some(400),
        in_stock: true,
        sort: ProductSort::Name.into(),
        ..query("lamp")
    };
    assert_eq!(found(&shop, narrow).await, ["Lamp 3", "Lamp 4"]);
    let all = pb::SearchProductsRequest { include_inactive: true, ..query("lamp") };
    assert_eq!(found(&shop, all).await.len(), 6);
    let second = pb::SearchProductsRequest { pagination: page(2, 2), ..query("lamp") };
    let response = client.search_products(second).await.unwrap().into_inner();
    assert_eq!(response.products.len(), 2);
    let pagination = response.pagination.unwrap();
    assert_eq!((pagination.total_count, pagination.total_pages), (5, 3));
    shop.close().await;
}

/// Waits until `n` sessions wait for a lock; fails after a timeout.
async fn wait_for_lock_waiters(pool: &PgPool, n: i64) {
    for _ in 0..100 {
        let waiting: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        .fetch_one(pool)
        .await
        .unwrap();
        if waiting >= n {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn product_added_during_rename_is_found_by_the_new_name() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let home = shop.category("Household", "").await;
    let lamp = shop.product("Blue Lamp", 100, 1).await;
    let mut renaming = database.pool().begin().await.unwrap();
    // The statements of a rename by the service.
    for statement in [
        "LOCK TABLE categories IN SHARE ROW EXCLUSIVE MODE",
        "UPDATE categories SET name = 'Garden' WHERE name = 'Household'",
    ] {
        sqlx::query(statement).execute(&mut *renaming).await.unwrap();
    }

    let kettle = pb::CreateProductRequest {
        category_id: home.id.clone(),
        ..new_product("Blue Kettle", 100)
    };
    let lamp =
        pb::UpdateProductRequest { id: lamp.id, category_id: Some(home.id), ..Default::default() };
    let [mut making, mut moving] = [shop.client.clone(), shop.client.clone()];
    let renamed = async {
        wait_for_lock_waiters(database.pool(), 2).await;
        renaming.commit().await.unwrap();
    };
    let (made, moved, ()) =
        tokio::join!(making.create_product(kettle), moving.update_product(lamp), renamed);
    made.unwrap();
    moved.unwrap();
    let by_name = pb::SearchProductsRequest { sort: ProductSort::Name.into(), ..query("garden") };
    assert_eq!(found(&shop, by_name).await, ["Blue Kettle", "Blue Lamp"]);
    assert!(found(&shop, query("household")).await.is_empty());
    shop.close().await;
}
