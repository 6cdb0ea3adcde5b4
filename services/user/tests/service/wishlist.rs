//! Wishlists.

use futures::future::join_all;
use jiff::SignedDuration;
use proto::user::v1 as pb;
use tonic::{Code, Status};

use crate::fixture::{TestService, code, code_and_reason, unused_id};

async fn add(service: &TestService, user: &str, product: &str) -> Result<(), Status> {
    let request = pb::AddToWishlistRequest { user_id: user.into(), product_id: product.into() };
    service.client.clone().add_to_wishlist(request).await.map(|_| ())
}

async fn remove(service: &TestService, user: &str, product: &str) {
    let request =
        pb::RemoveFromWishlistRequest { user_id: user.into(), product_id: product.into() };
    service.client.clone().remove_from_wishlist(request).await.unwrap();
}

async fn products(service: &TestService, user: &str) -> Vec<String> {
    let request = pb::GetWishlistRequest { user_id: user.into() };
    let response = service.client.clone().get_wishlist(request).await.unwrap().into_inner();
    response.items.into_iter().map(|item| item.product_id).collect()
}

#[tokio::test]
async fn wishlist_is_newest_first_and_ignores_duplicates() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let ada = service.customer("ada@example.com").await;
    let bob = service.customer("bob@example.com").await;
    for n in [1, 2, 3, 1] {
        add(&service, &ada, &unused_id(n)).await.unwrap();
        service.env.advance(SignedDuration::from_secs(1));
    }
    add(&service, &bob, &unused_id(9)).await.unwrap();
    assert_eq!(products(&service, &ada).await, [3, 2, 1].map(unused_id));
    remove(&service, &bob, &unused_id(2)).await;
    for _ in 0..2 {
        remove(&service, &ada, &unused_id(2)).await;
    }
    assert_eq!(products(&service, &ada).await, [3, 1].map(unused_id));
    assert_eq!(products(&service, &bob).await, [9].map(unused_id));
    assert_eq!(code(add(&service, &unused_id(1), &unused_id(1)).await), Code::NotFound);
    service.stop().await;
}

#[tokio::test]
async fn concurrent_additions_store_a_product_once() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let ada = service.customer("ada@example.com").await;
    let product = unused_id(1);
    for result in join_all((0..12).map(|_| add(&service, &ada, &product))).await {
        result.unwrap();
    }
    assert_eq!(products(&service, &ada).await.len(), 1);
    service.stop().await;
}

#[tokio::test]
async fn wishlist_is_limited_to_five_hundred_products() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let ada = service.customer("ada@example.com").await;
    sqlx::query(
        "INSERT INTO wishlist_items (id, user_id, product_id, added_at)
         SELECT gen_random_uuid(), $1::uuid, gen_random_uuid(), now() FROM generate_series(1, 499)",
    )
    .bind(&ada)
    .execute(database.pool())
    .await
    .unwrap();
    add(&service, &ada, &unused_id(1)).await.unwrap();
    let full = (Code::FailedPrecondition, "wishlist_full".to_owned());
    assert_eq!(code_and_reason(add(&service, &ada, &unused_id(2)).await), full);
    add(&service, &ada, &unused_id(1)).await.unwrap();
    assert_eq!(products(&service, &ada).await.len(), 500);
    service.stop().await;
}
