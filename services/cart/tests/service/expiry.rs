//! A cart that nobody changes runs out of time.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use sqlx::PgPool;
use tokio::time::{sleep, timeout};

use crate::shop::{Shop, id, lines};

async fn expired(shop: &Shop) {
    let gone = async {
        while shop.get().await.unwrap().version != 0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), gone).await.expect("the cart to run out of time");
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn a_version_never_comes_back_also_after_expiry(pool: PgPool) {
    let shop = Shop::open_with(&pool, |args| args.cart_ttl = Duration::from_millis(500)).await;
    let lamp = shop.product("lamp", 100).await;
    let mut versions = BTreeSet::new();
    for _ in 0..3 {
        for _ in 0..3 {
            let version = shop.add(&lamp, 1).await.unwrap().version;
            assert!(versions.last().is_none_or(|last| *last < version), "{versions:?}, {version}");
            versions.insert(version);
        }
        expired(&shop).await;
    }
    shop.close().await;
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn an_order_is_remembered_when_its_cart_has_run_out_of_time(pool: PgPool) {
    let shop = Shop::open_with(&pool, |args| args.cart_ttl = Duration::from_secs(4)).await;
    let (lamp, order) = (shop.product("lamp", 100).await, id());
    shop.add(&lamp, 1).await.unwrap();
    shop.clear(&order, &[(&lamp, 1)]).await.unwrap();
    expired(&shop).await;
    shop.add(&lamp, 1).await.unwrap();
    shop.clear(&order, &[(&lamp, 1)]).await.unwrap();
    shop.clear(&order, &[]).await.unwrap();
    let cart = shop.set(&lamp, 2).await.unwrap();
    assert_eq!(lines(&cart), [(&*lamp, 2)]);
    shop.close().await;
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn each_change_and_nothing_else_gives_a_cart_its_time_again(pool: PgPool) {
    let shop = Shop::open_with(&pool, |args| args.cart_ttl = Duration::from_secs(3600)).await;
    let lamp = shop.product("lamp", 100).await;
    let mut last: Option<Timestamp> = None;
    for quantity in [2, 3, 4] {
        shop.add(&lamp, 1).await.unwrap();
        let cart = shop.set(&lamp, quantity).await.unwrap();
        let (updated, expires): (Timestamp, Timestamp) =
            (cart.updated_at.parse().unwrap(), cart.expires_at.parse().unwrap());
        let left = expires.duration_since(updated).as_millis();
        assert!((3_599_990..=3_600_010).contains(&left), "{left} ms");
        assert!(last.is_none_or(|last| last < updated));
        last = Some(updated);
        assert_eq!(shop.get().await.unwrap().expires_at, cart.expires_at);
        assert_eq!(shop.set(&lamp, quantity).await.unwrap().expires_at, cart.expires_at);
        assert_eq!(lines(&cart), [(&*lamp, quantity)]);
    }
    shop.close().await;
}
