//! Outages of Redis and the catalog: calls fail with UNAVAILABLE, the service recovers without a
//! restart, and no cart is lost.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::{sleep, timeout};

use crate::fixture::{CartFixture, assert_unavailable, lines, new_id};
use crate::redis_server::RedisServer;

/// Starts the services with this Redis.
async fn start_on(redis: &RedisServer, pool: &PgPool) -> CartFixture {
    CartFixture::start_with(pool, |args| args.redis.redis_url = Some(redis.url().into())).await
}

async fn wait_until_available(fixture: &CartFixture) {
    let recovery = async {
        while fixture.get().await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), recovery).await.expect("recovery without a restart");
}

#[tokio::test]
async fn redis_outage_returns_unavailable_and_loses_nothing() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let mut redis = RedisServer::start().await;
    let fixture = start_on(&redis, database.pool()).await;
    let (lamp, chair, order) = (
        fixture.create_product("lamp", 100).await,
        fixture.create_product("chair", 100).await,
        new_id(),
    );
    fixture.add(&lamp, 3).await.unwrap();
    fixture.clear(&order, &[(&lamp, 1)]).await.unwrap();
    let before = fixture.get().await.unwrap();

    redis.kill();
    for _ in 0..3 {
        assert_unavailable(fixture.get().await);
        assert_unavailable(fixture.add(&chair, 1).await);
        assert_unavailable(fixture.set(&lamp, 1).await);
        assert_unavailable(fixture.remove(&lamp).await);
        assert_unavailable(fixture.clear(&new_id(), &[(&lamp, 1)]).await);
    }

    redis.run().await;
    wait_until_available(&fixture).await;
    assert_eq!(fixture.get().await.unwrap(), before);
    fixture.clear(&order, &[(&lamp, 1)]).await.unwrap();
    assert_eq!(lines(&fixture.add(&chair, 1).await.unwrap()), [(&*lamp, 2), (&*chair, 1)]);
    fixture.stop().await;
}

#[tokio::test]
async fn full_redis_refuses_additions_and_serves_reads_and_removals() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let redis = RedisServer::start().await;
    let fixture = start_on(&redis, database.pool()).await;
    let (lamp, chair) =
        (fixture.create_product("lamp", 100).await, fixture.create_product("chair", 100).await);
    fixture.add(&lamp, 1).await.unwrap();
    let before = fixture.add(&chair, 1).await.unwrap();
    redis.configure("maxmemory", "1").await;
    assert_unavailable(fixture.add(&lamp, 1).await);
    assert_unavailable(fixture.set(&lamp, 2).await);
    assert_eq!(fixture.get().await.unwrap(), before);
    // The units of a paid order leave the cart, so that the customer can order again.
    let order = new_id();
    fixture.clear_version(&order, before.version, &[(&lamp, 1)]).await.unwrap();
    assert_eq!(lines(&fixture.get().await.unwrap()), [(&*chair, 1)]);
    assert!(fixture.remove(&chair).await.unwrap().items.is_empty());

    redis.configure("maxmemory", "0").await;
    fixture.add(&lamp, 1).await.unwrap();
    fixture.clear_version(&order, before.version, &[(&lamp, 1)]).await.unwrap();
    assert_eq!(lines(&fixture.get().await.unwrap()), [(&*lamp, 1)]);
    fixture.stop().await;
}

#[tokio::test]
async fn paid_units_leave_full_redis_when_customer_added_more() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let redis = RedisServer::start().await;
    let fixture = start_on(&redis, database.pool()).await;
    let lamp = fixture.create_product("lamp", 100).await;
    let ordered = fixture.add(&lamp, 1).await.unwrap();
    fixture.add(&lamp, 2).await.unwrap();
    redis.configure("maxmemory", "1").await;
    let order = new_id();
    fixture.clear_version(&order, ordered.version, &[(&lamp, 1)]).await.unwrap();
    assert_eq!(lines(&fixture.get().await.unwrap()), [(&*lamp, 2)]);
    // An order of an empty cart is remembered, and so is one of the previous release.
    let emptied = fixture.remove(&lamp).await.unwrap();
    let (other, earlier) = (new_id(), new_id());
    fixture.clear_version(&other, emptied.version, &[(&lamp, 1)]).await.unwrap();
    fixture.clear(&earlier, &[(&lamp, 1)]).await.unwrap();

    redis.configure("maxmemory", "0").await;
    fixture.add(&lamp, 1).await.unwrap();
    for (order, version) in [(order, ordered.version), (other, emptied.version)] {
        fixture.clear_version(&order, version, &[(&lamp, 1)]).await.unwrap();
    }
    fixture.clear(&earlier, &[(&lamp, 1)]).await.unwrap();
    assert_eq!(lines(&fixture.get().await.unwrap()), [(&*lamp, 1)]);
    fixture.stop().await;
}

#[tokio::test]
async fn redis_that_cannot_persist_refuses_changes_and_serves_reads() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let redis = RedisServer::start().await;
    let fixture = start_on(&redis, database.pool()).await;
    let lamp = fixture.create_product("lamp", 100).await;
    let before = fixture.add(&lamp, 1).await.unwrap();
    redis.fail_snapshots().await;
    assert_unavailable(fixture.add(&lamp, 1).await);
    assert_unavailable(fixture.remove(&lamp).await);
    assert_unavailable(fixture.clear_version(&new_id(), before.version, &[(&lamp, 1)]).await);
    assert_eq!(fixture.get().await.unwrap(), before);
    redis.configure("stop-writes-on-bgsave-error", "no").await;
    fixture.add(&lamp, 1).await.unwrap();
    fixture.stop().await;
}

#[tokio::test]
async fn service_starts_without_redis() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let mut redis = RedisServer::start().await;
    redis.kill();
    let fixture = start_on(&redis, database.pool()).await;
    assert_unavailable(fixture.get().await);
    redis.run().await;
    wait_until_available(&fixture).await;
    fixture.stop().await;
}

#[tokio::test]
async fn catalog_outage_returns_unavailable_and_changes_nothing() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let mut fixture = CartFixture::start(database.pool()).await;
    let lamp = fixture.create_product("lamp", 100).await;
    let before = fixture.add(&lamp, 1).await.unwrap();

    fixture.stop_catalog().await;
    assert_unavailable(fixture.get().await);
    assert_unavailable(fixture.add(&lamp, 1).await);
    assert_unavailable(fixture.set(&lamp, 5).await);
    assert_unavailable(fixture.remove(&lamp).await);

    fixture.start_catalog().await;
    wait_until_available(&fixture).await;
    assert_eq!(fixture.get().await.unwrap(), before);

    // Removing the units of an order does not require the catalog.
    fixture.stop_catalog().await;
    fixture.clear(&new_id(), &[(&lamp, 1)]).await.unwrap();
    assert!(fixture.get().await.unwrap().items.is_empty(), "an empty cart needs no offers");
    fixture.stop().await;
}
