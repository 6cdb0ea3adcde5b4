//! Redis and the catalog go away and come back; the service stays, and no cart is lost.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::{sleep, timeout};

use crate::{
    server::RedisServer,
    shop::{Shop, assert_unavailable, id, lines},
};

async fn answers(shop: &Shop) {
    let back = async {
        while shop.get().await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), back).await.expect("recovery without a restart");
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn calls_are_unavailable_while_redis_is_away_and_nothing_is_lost(pool: PgPool) {
    let mut redis = RedisServer::start().await;
    let shop = Shop::open_with(&pool, |args| args.redis.redis_url = Some(redis.url().into())).await;
    let (lamp, chair, order) =
        (shop.product("lamp", 100).await, shop.product("chair", 100).await, id());
    shop.add(&lamp, 3).await.unwrap();
    shop.clear(&order, &[(&lamp, 1)]).await.unwrap();
    let before = shop.get().await.unwrap();

    redis.kill();
    for _ in 0..3 {
        assert_unavailable(shop.get().await);
        assert_unavailable(shop.add(&chair, 1).await);
        assert_unavailable(shop.set(&lamp, 1).await);
        assert_unavailable(shop.remove(&lamp).await);
        assert_unavailable(shop.clear(&id(), &[(&lamp, 1)]).await);
    }

    redis.run().await;
    answers(&shop).await;
    assert_eq!(shop.get().await.unwrap(), before);
    shop.clear(&order, &[(&lamp, 1)]).await.unwrap();
    assert_eq!(lines(&shop.add(&chair, 1).await.unwrap()), [(&*lamp, 2), (&*chair, 1)]);
    shop.close().await;
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn the_service_starts_before_redis(pool: PgPool) {
    let mut redis = RedisServer::start().await;
    redis.kill();
    let shop = Shop::open_with(&pool, |args| args.redis.redis_url = Some(redis.url().into())).await;
    assert_unavailable(shop.get().await);
    redis.run().await;
    answers(&shop).await;
    shop.close().await;
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn nothing_changes_while_the_catalog_is_away(pool: PgPool) {
    let mut shop = Shop::open(&pool).await;
    let lamp = shop.product("lamp", 100).await;
    let before = shop.add(&lamp, 1).await.unwrap();

    shop.stop_catalog().await;
    assert_unavailable(shop.get().await);
    assert_unavailable(shop.add(&lamp, 1).await);
    assert_unavailable(shop.set(&lamp, 5).await);
    assert_unavailable(shop.remove(&lamp).await);

    shop.start_catalog().await;
    answers(&shop).await;
    assert_eq!(shop.get().await.unwrap(), before);

    // Taking an order's units out needs no catalog.
    shop.stop_catalog().await;
    shop.clear(&id(), &[(&lamp, 1)]).await.unwrap();
    assert!(shop.get().await.unwrap().items.is_empty(), "nothing to be asked about");
    shop.close().await;
}
