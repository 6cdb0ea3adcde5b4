//! Creation, lookup, update and deletion of products.

use jiff::SignedDuration;
use proto::catalog::v1 as pb;
use tonic::Code;

use crate::fixture::{Shop, code, dollars, fields, new_product};

fn by_slug(slug: &str) -> pb::GetProductRequest {
    let identifier = Some(pb::get_product_request::Identifier::Slug(slug.into()));
    pb::GetProductRequest { identifier }
}

fn update(id: &str) -> pb::UpdateProductRequest {
    pb::UpdateProductRequest { id: id.into(), ..Default::default() }
}

fn mask(paths: &[&str]) -> Option<prost_types::FieldMask> {
    Some(prost_types::FieldMask { paths: paths.iter().map(|path| (*path).into()).collect() })
}

#[tokio::test]
async fn created_product_is_returned_by_get() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let category = shop.category("Books", "").await;
    let made = shop
        .create(pb::CreateProductRequest {
            description: "First line.\nSecond line.".into(),
            category_id: category.id.clone(),
            image_urls: vec!["/1.svg".into(), "https://img.example/2.png".into()],
            stock_quantity: 3,
            weight_grams: 260,
            ..new_product(" 1984 ", 1699)
        })
        .await;
    let expected = pb::Product {
        id: made.id.clone(),
        name: "1984".into(),
        slug: "1984".into(),
        description: "First line.\nSecond line.".into(),
        price: Some(dollars(1699)),
        category_id: category.id,
        image_urls: vec!["/1.svg".into(), "https://img.example/2.png".into()],
        stock_quantity: 3,
        is_active: true,
        created_at: "2026-03-01T12:00:00Z".into(),
        updated_at: "2026-03-01T12:00:00Z".into(),
        weight_grams: 260,
        revision: 2, // the product, and its first stock
    };
    assert_eq!(made, expected);
    assert_eq!(shop.get(&made.id).await.unwrap(), expected);
    let found = shop.client.clone().get_product(by_slug("1984")).await.unwrap();
    assert_eq!(found.into_inner(), expected);
    shop.close().await;
}

#[tokio::test]
async fn missing_fields_get_defaults() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let made = shop.create(new_product("Crème Brûlée", 0)).await;
    assert_eq!(made.slug, "creme-brulee");
    assert_eq!((made.weight_grams, made.stock_quantity), (500, 0));
    assert_eq!((made.category_id.as_str(), made.image_urls.len()), ("", 0));
    shop.close().await;
}

#[tokio::test]
async fn names_are_stored_composed_and_slugs_do_not_change() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    let decomposed = "Cre\u{300}me Bru\u{302}le\u{301}e";
    let made = shop.create(new_product(decomposed, 100)).await;
    assert_eq!((made.name.as_str(), made.slug.as_str()), ("Crème Brûlée", "creme-brulee"));
    let response = client.create_product(new_product("Crème Brûlée", 100)).await;
    let status = response.unwrap_err();
    assert_eq!(kit::grpc::status::metadata_of(&status, "field").as_deref(), Some("name"));

    let renamed = pb::UpdateProductRequest {
        name: Some("Cre\u{301}me".into()),
        description: Some("De\u{301}licieux\n".into()),
        image_urls: vec!["/cre\u{300}me.svg".into()],
        ..update(&made.id)
    };
    let renamed = client.update_product(renamed).await.unwrap().into_inner();
    assert_eq!((renamed.name.as_str(), renamed.slug.as_str()), ("Créme", "creme-brulee"));
    assert_eq!(renamed.description, "Délicieux\n");
    assert_eq!(renamed.image_urls, ["/cre\u{300}me.svg"], "URLs are not texts");
    let category = shop.category("I\u{307}stanbul", "").await;
    assert_eq!((category.name.as_str(), category.slug.as_str()), ("İstanbul", "istanbul"));

    // A row of the previous release: an edit of another field changes neither name nor slug.
    let old = "UPDATE products SET name = 'Cre\u{300}me', slug = 'cre-me'";
    sqlx::query(old).execute(database.pool()).await.unwrap();
    let request = pb::UpdateProductRequest { price: Some(dollars(1)), ..update(&made.id) };
    let kept = client.update_product(request).await.unwrap().into_inner();
    assert_eq!((kept.name.as_str(), kept.slug.as_str()), ("Cre\u{300}me", "cre-me"));
    let search = pb::SearchProductsRequest { query: "crème".into(), ..Default::default() };
    let found = client.search_products(search).await.unwrap().into_inner().products;
    assert_eq!(found.len(), 1, "search ignores the composition");
    shop.close().await;
}

#[tokio::test]
async fn slug_stays_reserved_after_deletion() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    let lamp = shop.product("Lamp", 100, 0).await;
    client
        .delete_product(pb::DeleteProductRequest { id: lamp.id.clone(), ..Default::default() })
        .await
        .unwrap();
    let response = client.create_product(new_product("LAMP!", 100)).await;
    let status = response.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists);
    assert_eq!(kit::grpc::status::reason_of(&status).as_deref(), Some("slug_taken"));

    let desk = shop.product("Desk", 100, 0).await;
    let renamed = pb::UpdateProductRequest { slug: Some("lamp".into()), ..update(&desk.id) };
    assert_eq!(code(client.update_product(renamed).await), Code::AlreadyExists);
    shop.close().await;
}

#[tokio::test]
async fn update_changes_only_given_fields() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    let made = shop
        .create(pb::CreateProductRequest {
            description: "Old".into(),
            image_urls: vec!["/a.svg".into()],
            stock_quantity: 9,
            ..new_product("Jeans", 4999)
        })
        .await;
    shop.env.advance(SignedDuration::from_secs(60));

    let request = pb::UpdateProductRequest {
        name: Some("Blue Jeans".into()),
        price: Some(dollars(3999)),
        is_active: Some(false),
        ..update(&made.id)
    };
    let changed = client.update_product(request).await.unwrap().into_inner();
    let expected = pb::Product {
        name: "Blue Jeans".into(),
        price: Some(dollars(3999)),
        is_active: false,
        updated_at: "2026-03-01T12:01:00Z".into(),
        revision: made.revision + 1,
        ..made.clone()
    };
    assert_eq!(changed, expected);
    assert_eq!(shop.get(&made.id).await.unwrap(), expected);

    shop.env.advance(SignedDuration::from_secs(60));
    let unchanged = client.update_product(update(&made.id)).await.unwrap().into_inner();
    assert_eq!(unchanged, expected, "an empty update does not change updated_at");
    shop.close().await;
}

#[tokio::test]
async fn mask_sets_or_clears_its_fields() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    let category = shop.category("Clothing", "").await;
    let made = shop
        .create(pb::CreateProductRequest {
            slug: "old-slug".into(),
            description: "Old".into(),
            category_id: category.id.clone(),
            image_urls: vec!["/a.svg".into()],
            stock_quantity: 9,
            weight_grams: 700,
            ..new_product("Jeans", 4999)
        })
        .await;
    let request = pb::UpdateProductRequest {
        name: Some("Not named by the mask".into()),
        description: Some("New".into()),
        update_mask: mask(&[
            "slug",
            "description",
            "category_id",
            "image_urls",
            "stock_quantity",
            "weight_grams",
        ]),
        ..update(&made.id)
    };
    let changed = client.update_product(request).await.unwrap().into_inner();
    let expected = pb::Product {
        slug: "jeans".into(),
        description: "New".into(),
        category_id: String::new(),
        image_urls: vec![],
        stock_quantity: 0,
        weight_grams: 500,
        revision: made.revision + 2, // the edit, and the stock
        ..made.clone()
    };
    assert_eq!(changed, expected);

    let cleared = pb::UpdateProductRequest {
        update_mask: mask(&["name", "price", "colour"]),
        ..update(&made.id)
    };
    let wrong = fields(client.update_product(cleared).await);
    assert_eq!(wrong, ["update_mask", "name", "price"]);
    shop.assert_ledger_balances().await;
    shop.close().await;
}

#[tokio::test]
async fn deletion_deactivates_and_is_idempotent() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    let made = shop.product("Lamp", 100, 5).await;
    for _ in 0..2 {
        client
            .delete_product(pb::DeleteProductRequest { id: made.id.clone(), ..Default::default() })
            .await
            .unwrap();
        assert!(!shop.get(&made.id).await.unwrap().is_active);
    }
    let unknown = pb::DeleteProductRequest { id: crate::fixture::order(1), ..Default::default() };
    assert_eq!(code(client.delete_product(unknown).await), Code::NotFound);
    shop.close().await;
}

#[tokio::test]
async fn batch_keeps_request_order_and_skips_unknown_ids() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    let lamp = shop.product("Lamp", 100, 1).await;
    let desk = shop.product("Desk", 200, 2).await;
    let ids = vec![desk.id.clone(), crate::fixture::order(1), lamp.id.clone(), desk.id.clone()];
    let found = client.batch_get_products(pb::BatchGetProductsRequest { ids }).await.unwrap();
    assert_eq!(found.into_inner().products, [desk, lamp]);

    let ids = vec![crate::fixture::order(1); 201];
    let response = client.batch_get_products(pb::BatchGetProductsRequest { ids }).await;
    assert_eq!(fields(response), ["ids"]);
    shop.close().await;
}

#[tokio::test]
async fn unknown_product_is_not_found() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    let unknown = crate::fixture::order(1);
    assert_eq!(code(shop.get(&unknown).await), Code::NotFound);
    assert_eq!(code(client.get_product(by_slug("no-such-thing")).await), Code::NotFound);
    assert_eq!(code(client.get_product(by_slug("No\0Slug")).await), Code::NotFound);
    assert_eq!(code(client.update_product(update(&unknown)).await), Code::NotFound);
    let in_no_category =
        pb::CreateProductRequest { category_id: unknown, ..new_product("Lamp", 1) };
    assert_eq!(fields(client.create_product(in_no_category).await), ["category_id"]);
    shop.close().await;
}
