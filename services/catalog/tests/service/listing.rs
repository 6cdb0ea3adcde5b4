//! Lists: pages, filters, orders.

use proto::catalog::v1::{self as pb, ProductSort};

use crate::fixture::{Shop, new_product, page};

async fn names(shop: &Shop, request: pb::ListProductsRequest) -> Vec<String> {
    let response = shop.client.clone().list_products(request).await.unwrap().into_inner();
    response.products.into_iter().map(|product| product.name).collect()
}

fn sorted(sort: ProductSort) -> pb::ListProductsRequest {
    pb::ListProductsRequest { sort: sort.into(), ..Default::default() }
}

#[tokio::test]
async fn pages_contain_every_product_once() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    for n in 0..23 {
        shop.product(&format!("Item {n:02}"), i64::from(n % 3), n % 2).await;
    }
    for sort in [
        ProductSort::Unspecified,
        ProductSort::Newest,
        ProductSort::PriceAsc,
        ProductSort::PriceDesc,
        ProductSort::Name,
    ] {
        let mut seen = Vec::new();
        for number in 1..=5 {
            let request = pb::ListProductsRequest { pagination: page(number, 7), ..sorted(sort) };
            let response = shop.client.clone().list_products(request).await.unwrap().into_inner();
            let pagination = response.pagination.unwrap();
            assert_eq!((pagination.page, pagination.page_size), (number, 7));
            assert_eq!((pagination.total_pages, pagination.total_count), (4, 23));
            let expected = [7, 7, 7, 2, 0][usize::try_from(number - 1).unwrap()];
            assert_eq!(response.products.len(), expected, "page {number} by {sort:?}");
            seen.extend(response.products.into_iter().map(|product| product.id));
        }
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!((count, seen.len()), (23, 23), "{sort:?}");
    }
    shop.close().await;
}

#[tokio::test]
async fn list_is_sorted_as_requested() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    for (name, price) in [("banana", 300), ("Cherry", 100), ("Apple", 200)] {
        shop.product(name, price, 1).await;
        shop.env.advance(jiff::SignedDuration::from_secs(1));
    }
    for (sort, expected) in [
        (ProductSort::Unspecified, ["Apple", "Cherry", "banana"]),
        (ProductSort::Newest, ["Apple", "Cherry", "banana"]),
        (ProductSort::Relevance, ["Apple", "Cherry", "banana"]), // a list has no relevance
        (ProductSort::PriceAsc, ["Cherry", "Apple", "banana"]),
        (ProductSort::PriceDesc, ["banana", "Apple", "Cherry"]),
        (ProductSort::Name, ["Apple", "banana", "Cherry"]),
    ] {
        assert_eq!(names(&shop, sorted(sort)).await, expected, "{sort:?}");
    }
    shop.close().await;
}

#[tokio::test]
async fn filters_combine() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let books = shop.category("Books", "").await;
    let novels = shop.category("Novels", &books.id).await;
    let other = shop.category("Other", "").await;
    for (name, category, price, units) in [
        ("Atlas", &books.id, 100, 1),
        ("Dracula", &novels.id, 200, 0),
        ("Emma", &novels.id, 300, 2),
        ("Lamp", &other.id, 300, 3),
    ] {
        shop.create(pb::CreateProductRequest {
            category_id: category.clone(),
            stock_quantity: units,
            ..new_product(name, price)
        })
        .await;
    }
    let emma = shop.product("Inactive Emma", 300, 1).await;
    let delete = pb::DeleteProductRequest { id: emma.id, ..Default::default() };
    shop.client.clone().delete_product(delete).await.unwrap();

    let by_name = || sorted(ProductSort::Name);
    let list_books = || pb::ListProductsRequest { category_id: books.id.clone(), ..by_name() };
    let active = pb::ListProductsRequest { active_only: true, ..by_name() };
    assert_eq!(names(&shop, by_name()).await.len(), 5);
    assert_eq!(names(&shop, active).await, ["Atlas", "Dracula", "Emma", "Lamp"]);
    assert_eq!(names(&shop, list_books()).await, ["Atlas", "Dracula", "Emma"]);
    let buyable = pb::ListProductsRequest { in_stock: true, ..list_books() };
    assert_eq!(names(&shop, buyable).await, ["Atlas", "Emma"]);
    let priced = pb::ListProductsRequest {
        min_price_cents: Some(200),
        max_price_cents: Some(300),
        ..list_books()
    };
    assert_eq!(names(&shop, priced).await, ["Dracula", "Emma"]);
    let extremes = pb::ListProductsRequest {
        min_price_cents: Some(0),
        max_price_cents: Some(i64::MAX),
        pagination: page(i32::MAX, 100),
        ..by_name()
    };
    assert!(names(&shop, extremes).await.is_empty());
    let unknown_category =
        pb::ListProductsRequest { category_id: crate::fixture::order(1), ..by_name() };
    assert!(names(&shop, unknown_category).await.is_empty());
    shop.close().await;
}

#[tokio::test]
async fn names_are_in_the_order_that_readers_expect() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    for name in ["Zebra", "zander", "Éclair", "ecru", "Eclair", "Übel", "Ångström", "Ulm", "apple"]
    {
        shop.create(pb::CreateProductRequest {
            description: "Findable.".into(),
            slug: name.to_lowercase().replace(|c: char| !c.is_ascii(), "x"),
            ..new_product(name, 1)
        })
        .await;
    }
    let expected =
        ["Ångström", "apple", "Eclair", "Éclair", "ecru", "Übel", "Ulm", "zander", "Zebra"];
    assert_eq!(names(&shop, sorted(ProductSort::Name)).await, expected);
    let search = pb::SearchProductsRequest {
        query: "findable".into(),
        sort: ProductSort::Name.into(),
        ..Default::default()
    };
    let found = shop.client.clone().search_products(search).await.unwrap().into_inner();
    assert!(found.products.iter().map(|product| product.name.as_str()).eq(expected));
    shop.close().await;
}

/// Statements with the structure of the service's queries, and the indexes that they must use.
/// Sorts and sequential scans are disabled, so that a missing index shows even with the small
/// tables of a test.
#[tokio::test]
async fn every_sort_order_and_search_use_an_index() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let mut tx = database.pool().begin().await.unwrap();
    sqlx::raw_sql("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        .execute(&mut *tx)
        .await
        .unwrap();
    for (explain, index) in [
        (
            "EXPLAIN SELECT * FROM products p ORDER BY p.created_at DESC, p.id DESC LIMIT 20",
            "products_newest_idx",
        ),
        (
            "EXPLAIN SELECT * FROM products p ORDER BY p.price_cents, p.id LIMIT 20",
            "products_price_idx",
        ),
        (
            "EXPLAIN SELECT * FROM products p ORDER BY p.price_cents DESC, p.id DESC LIMIT 20",
            "products_price_idx",
        ),
        (
            r#"EXPLAIN SELECT * FROM products p ORDER BY p.name COLLATE "und-x-icu", p.id LIMIT 9"#,
            "products_name_unicode_idx",
        ),
        (
            // Of the previous release, during a rollout.
            "EXPLAIN SELECT * FROM products p ORDER BY lower(p.name), p.id LIMIT 20",
            "products_name_idx",
        ),
        (
            "EXPLAIN SELECT * FROM stock s WHERE s.on_hand - s.reserved <= 1
             ORDER BY s.on_hand - s.reserved, s.product_id LIMIT 20",
            "stock_available_idx",
        ),
        (
            "EXPLAIN SELECT * FROM products p
             WHERE p.search_words @@ plainto_tsquery('english', 'zebra')",
            "products_search_words_idx",
        ),
        (
            "EXPLAIN SELECT * FROM products p WHERE p.search_words @@ 'zebra'::tsquery
                 OR p.search_text %> 'zebra' OR p.search_text LIKE '%zebra%'",
            "products_search_text_idx",
        ),
        (
            "EXPLAIN SELECT order_id FROM reservations WHERE state = 'held' AND expires_at <= now()
             ORDER BY expires_at, order_id LIMIT 1 FOR UPDATE SKIP LOCKED",
            "reservations_due_idx",
        ),
    ] {
        let plan: Vec<String> = sqlx::query_scalar(explain).fetch_all(&mut *tx).await.unwrap();
        let plan = plan.join("\n");
        let whole = plan.contains("Seq Scan") || plan.contains("Sort");
        assert!(plan.contains(index) && !whole, "{explain}\n{plan}");
    }
}
