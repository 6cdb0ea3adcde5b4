//! Categories: a tree that contains products.

use proto::catalog::v1 as pb;
use proto::common::v1::Empty;
use tonic::Code;

use crate::fixture::{Shop, code, fields, new_product, order, reason};

async fn all(shop: &Shop) -> Vec<pb::Category> {
    shop.client.clone().list_categories(Empty {}).await.unwrap().into_inner().categories
}

fn move_request(id: &str, parent: &str) -> pb::UpdateCategoryRequest {
    pb::UpdateCategoryRequest {
        id: id.into(),
        parent_id: Some(parent.into()),
        ..Default::default()
    }
}

#[tokio::test]
async fn category_list_counts_products_of_descendants() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let home = shop.category("Home", "").await;
    let kitchen = shop.category("Kitchen", &home.id).await;
    shop.category("Empty", "").await;
    for (name, category) in [("Lamp", &home.id), ("Kettle", &kitchen.id), ("Pan", &kitchen.id)] {
        shop.create(pb::CreateProductRequest {
            category_id: category.clone(),
            ..new_product(name, 1)
        })
        .await;
    }
    let deleted = shop
        .create(pb::CreateProductRequest {
            category_id: kitchen.id.clone(),
            ..new_product("Gone", 1)
        })
        .await;
    shop.client
        .clone()
        .delete_product(pb::DeleteProductRequest { id: deleted.id, ..Default::default() })
        .await
        .unwrap();
    let listed = all(&shop).await;
    let names: Vec<_> = listed
        .iter()
        .map(|c| (c.name.as_str(), c.slug.as_str(), c.parent_id.as_str(), c.product_count))
        .collect();
    let expected =
        [("Empty", "empty", "", 0), ("Home", "home", "", 3), ("Kitchen", "kitchen", &home.id, 2)];
    assert_eq!(names, expected);
    assert_eq!(listed[0].created_at, "2026-03-01T12:00:00Z");
    shop.close().await;
}

#[tokio::test]
async fn categories_are_in_the_order_that_readers_expect() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    for name in ["Zelte", "Über Land", "Uhren", "äpfel", "Bücher"] {
        shop.category(name, "").await;
    }
    let names: Vec<_> = all(&shop).await.into_iter().map(|category| category.name).collect();
    assert_eq!(names, ["äpfel", "Bücher", "Über Land", "Uhren", "Zelte"]);
    shop.close().await;
}

#[tokio::test]
async fn category_update_honors_values_and_mask() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let mut client = shop.client.clone();
    let home = shop.category("Home", "").await;
    let kitchen = shop.category("Kitchen", &home.id).await;
    let request = pb::UpdateCategoryRequest {
        id: kitchen.id.clone(),
        description: Some("Pots".into()),
        ..Default::default()
    };
    let changed = client.update_category(request).await.unwrap().into_inner();
    assert_eq!(changed, pb::Category { description: "Pots".into(), ..kitchen.clone() });
    let request = pb::UpdateCategoryRequest {
        id: kitchen.id.clone(),
        name: Some("Cooking".into()),
        update_mask: Some(prost_types::FieldMask {
            paths: ["name", "slug", "parent_id"].map(String::from).into(),
        }),
        ..Default::default()
    };
    let changed = client.update_category(request).await.unwrap().into_inner();
    let names = (changed.name.as_str(), changed.slug.as_str(), changed.parent_id.as_str());
    assert_eq!(names, ("Cooking", "cooking", ""));
    assert_eq!(changed.description, "Pots");
    shop.close().await;
}

#[tokio::test]
async fn duplicate_category_slug_is_refused() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    shop.category("Home", "").await;
    let duplicate = pb::CreateCategoryRequest { name: "home".into(), ..Default::default() };
    assert_eq!(code(shop.client.clone().create_category(duplicate).await), Code::AlreadyExists);
    shop.close().await;
}

#[tokio::test]
async fn concurrent_moves_create_no_cycle() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let a = shop.category("A", "").await.id;
    let b = shop.category("B", "").await.id;
    let update = |id: &str, parent: &str| {
        let (mut client, request) = (shop.client.clone(), move_request(id, parent));
        async move { client.update_category(request).await }
    };
    assert_eq!(fields(update(&a, &a).await), ["parent_id"]);
    assert_eq!(fields(update(&a, &order(1)).await), ["parent_id"]);
    for _ in 0..10 {
        let (first, second) = tokio::join!(update(&a, &b), update(&b, &a));
        assert_eq!(u8::from(first.is_ok()) + u8::from(second.is_ok()), 1);
        update(&a, "").await.unwrap();
        update(&b, "").await.unwrap();
    }
    shop.close().await;
}

#[tokio::test]
async fn referenced_category_cannot_be_deleted() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::open(database.pool()).await;
    let delete = |id: &str| {
        let (mut client, id) = (shop.client.clone(), id.to_owned());
        async move { client.delete_category(pb::DeleteCategoryRequest { id }).await }
    };
    let home = shop.category("Home", "").await;
    let kitchen = shop.category("Kitchen", &home.id).await;
    let kettle = shop
        .create(pb::CreateProductRequest {
            category_id: kitchen.id.clone(),
            ..new_product("Kettle", 1)
        })
        .await;
    assert_eq!(reason(delete(&home.id).await), "category_has_children");
    assert_eq!(reason(delete(&kitchen.id).await), "category_in_use");
    let out = pb::UpdateProductRequest {
        id: kettle.id,
        category_id: Some(String::new()),
        ..Default::default()
    };
    shop.client.clone().update_product(out).await.unwrap();
    delete(&kitchen.id).await.unwrap();
    delete(&home.id).await.unwrap();
    assert_eq!(code(delete(&home.id).await), Code::NotFound);
    assert!(all(&shop).await.is_empty());
    shop.close().await;
}
