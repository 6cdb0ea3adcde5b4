//! Expiry of carts that are not changed.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{sleep, timeout};

use crate::fixture::{CartFixture, lines, new_id};

async fn wait_for_expiry(fixture: &CartFixture) {
    let inactive = async {
        while fixture.get().await.unwrap().version != 0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), inactive).await.expect("the cart expires");
}

#[tokio::test]
async fn version_is_never_reused_after_expiry() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture =
        CartFixture::start_with(database.pool(), |args| args.cart_ttl = Duration::from_millis(500))
            .await;
    let lamp = fixture.create_product("lamp", 100).await;
    let mut versions = BTreeSet::new();
    for _ in 0..3 {
        for _ in 0..3 {
            let version = fixture.add(&lamp, 1).await.unwrap().version;
            assert!(versions.last().is_none_or(|last| *last < version), "{versions:?}, {version}");
            versions.insert(version);
        }
        wait_for_expiry(&fixture).await;
    }
    fixture.stop().await;
}

#[tokio::test]
async fn order_is_remembered_after_cart_expires() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture =
        CartFixture::start_with(database.pool(), |args| args.cart_ttl = Duration::from_secs(4))
            .await;
    let (lamp, order) = (fixture.create_product("lamp", 100).await, new_id());
    fixture.add(&lamp, 1).await.unwrap();
    fixture.clear(&order, &[(&lamp, 1)]).await.unwrap();
    wait_for_expiry(&fixture).await;
    fixture.add(&lamp, 1).await.unwrap();
    fixture.clear(&order, &[(&lamp, 1)]).await.unwrap();
    fixture.clear(&order, &[]).await.unwrap();
    let cart = fixture.set(&lamp, 2).await.unwrap();
    assert_eq!(lines(&cart), [(&*lamp, 2)]);
    fixture.stop().await;
}

#[tokio::test]
async fn only_effective_changes_extend_expiry() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let fixture =
        CartFixture::start_with(database.pool(), |args| args.cart_ttl = Duration::from_secs(3600))
            .await;
    let lamp = fixture.create_product("lamp", 100).await;
    let mut last: Option<Timestamp> = None;
    for quantity in [2, 3, 4] {
        fixture.add(&lamp, 1).await.unwrap();
        let cart = fixture.set(&lamp, quantity).await.unwrap();
        let (updated, expires): (Timestamp, Timestamp) =
            (cart.updated_at.parse().unwrap(), cart.expires_at.parse().unwrap());
        let left = expires.duration_since(updated).as_millis();
        assert!((3_599_990..=3_600_010).contains(&left), "{left} ms");
        assert!(last.is_none_or(|last| last < updated));
        last = Some(updated);
        assert_eq!(fixture.get().await.unwrap().expires_at, cart.expires_at);
        assert_eq!(fixture.set(&lamp, quantity).await.unwrap().expires_at, cart.expires_at);
        assert_eq!(lines(&cart), [(&*lamp, quantity)]);
    }
    fixture.stop().await;
}
