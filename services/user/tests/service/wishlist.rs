//! Wishlists.

use futures::future::join_all;
use jiff::SignedDuration;
use proto::user::v1 as pb;
use sqlx::PgPool;
use tonic::{Code, Status};

use crate::shop::{Shop, code, refusal, some_id};

async fn add(shop: &Shop, user: &str, product: &str) -> Result<(), Status> {
    let request = pb::AddToWishlistRequest { user_id: user.into(), product_id: product.into() };
    shop.client.clone().add_to_wishlist(request).await.map(|_| ())
}

async fn remove(shop: &Shop, user: &str, product: &str) {
    let request =
        pb::RemoveFromWishlistRequest { user_id: user.into(), product_id: product.into() };
    shop.client.clone().remove_from_wishlist(request).await.unwrap();
}

async fn products(shop: &Shop, user: &str) -> Vec<String> {
    let request = pb::GetWishlistRequest { user_id: user.into() };
    let answer = shop.client.clone().get_wishlist(request).await.unwrap().into_inner();
    answer.items.into_iter().map(|item| item.product_id).collect()
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn wishes_are_listed_newest_first_and_repeats_change_nothing(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let ada = shop.customer("ada@example.com").await;
    let bob = shop.customer("bob@example.com").await;
    for n in [1, 2, 3, 1] {
        add(&shop, &ada, &some_id(n)).await.unwrap();
        shop.env.advance(SignedDuration::from_secs(1));
    }
    add(&shop, &bob, &some_id(9)).await.unwrap();
    assert_eq!(products(&shop, &ada).await, [3, 2, 1].map(some_id));
    remove(&shop, &bob, &some_id(2)).await;
    for _ in 0..2 {
        remove(&shop, &ada, &some_id(2)).await;
    }
    assert_eq!(products(&shop, &ada).await, [3, 1].map(some_id));
    assert_eq!(products(&shop, &bob).await, [9].map(some_id));
    assert_eq!(code(add(&shop, &some_id(1), &some_id(1)).await), Code::NotFound);
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn one_product_added_many_times_at_once_is_there_once(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let ada = shop.customer("ada@example.com").await;
    let product = some_id(1);
    for done in join_all((0..12).map(|_| add(&shop, &ada, &product))).await {
        done.unwrap();
    }
    assert_eq!(products(&shop, &ada).await.len(), 1);
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_wishlist_holds_five_hundred_products(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let ada = shop.customer("ada@example.com").await;
    sqlx::query(
        "INSERT INTO wishlist_items (id, user_id, product_id, added_at)
         SELECT gen_random_uuid(), $1::uuid, gen_random_uuid(), now() FROM generate_series(1, 499)",
    )
    .bind(&ada)
    .execute(&pool)
    .await
    .unwrap();
    add(&shop, &ada, &some_id(1)).await.unwrap();
    let full = (Code::FailedPrecondition, "wishlist_full".to_owned());
    assert_eq!(refusal(add(&shop, &ada, &some_id(2)).await), full);
    add(&shop, &ada, &some_id(1)).await.unwrap();
    assert_eq!(products(&shop, &ada).await.len(), 500);
    shop.close().await;
}
